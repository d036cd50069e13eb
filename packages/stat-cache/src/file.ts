export { createFileStorage, type FileStorageOptions } from './lib/file-storage.js';
