export { loadNative, type LoadOptions, type LoadResult } from './lib/load-native.js';
export type { HashCall, Native, OnStep, ScanCall } from './lib/native.js';
export * from './lib/layout.js';
