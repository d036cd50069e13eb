export { createMemoryStorage } from './lib/memory-storage.js';
