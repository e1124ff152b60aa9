export * from './clip.ts';
export { outgoingName } from './file-name.ts';
export * from './model.ts';
export { POINTS, type PointName, point } from './point.ts';
export { isFromPerson, NO_ROUTING, replyAddress, sameAddress } from './reply.ts';
export * from './time.ts';
