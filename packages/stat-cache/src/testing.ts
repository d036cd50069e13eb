export type { CacheSystem } from './lib/refresh-racy.js';
export { openWithSystem } from './lib/stat-cache.js';
