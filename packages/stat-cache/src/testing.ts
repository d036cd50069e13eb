export type { CacheSystem } from './lib/trust.js';
export { openWithSystem } from './lib/stat-cache.js';
