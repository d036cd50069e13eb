/** Takes a snapshot of a directory with its stat cache in a database: `node dist/main.js [directory] [database]`. */
import { resolve } from 'node:path';
import { createSnapshot } from '@muse/snapshot';
import { StatCache } from '@muse/stat-cache';
import { createSqliteStorage } from './lib/sqlite-storage.js';

const [root = '.', file = 'stat-cache.sqlite'] = process.argv.slice(2);
const storage = await createSqliteStorage(file);
const cache = await StatCache.open({ root, storage });
const { id, stats, problems, saveError } = await createSnapshot(root, { cache });

console.log(id);
console.log(`${stats.files} files, ${stats.hits} from the cache, ${stats.hashedFiles} read`);
console.log(`${cache.size} entries in ${resolve(file)}`);
for (const { path, message } of problems) console.error(`Cannot read ${JSON.stringify(path)}: ${message}`);
if (saveError) console.error(saveError.message);
process.exitCode = saveError ? 4 : problems.length > 0 ? 3 : 0;
