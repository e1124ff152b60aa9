export { outgoingName } from './file-name.ts';
export * from './model.ts';
export { POINTS, type PointName, point } from './point.ts';
export * from './time.ts';
