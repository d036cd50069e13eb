export { createSqliteStorage } from './lib/sqlite-storage.js';
