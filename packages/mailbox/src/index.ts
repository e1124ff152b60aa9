export * from './model.ts';
export * from './time.ts';
