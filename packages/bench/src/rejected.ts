/**
 * Measures designs that were not taken beside those that were, on a directory with a warm cache:
 * `node dist/rejected.js <directory>`. The decisions name what each is about: all of it is the engine in TypeScript.
 */
import { join, resolve } from 'node:path';
import { statCachePath } from '@muse/paths';
import { createSnapshot } from '@muse/snapshot';
import { hashFileSync, loadCache } from '@muse/stat-cache';
import { walk } from '@muse/walker';
import { shortest } from './measure.js';
import { blockingWalk } from './rejected/blocking-walk.js';
import { lookUpEach } from './rejected/looked-up-files.js';
import { parseWholeCache } from './rejected/parsed-cache.js';
import { promisedWalk } from './rejected/promised-walk.js';
import { hashThroughStream } from './rejected/streamed-hash.js';

process.env['MUSE_ENGINE'] = 'typescript';
const [directory] = process.argv.slice(2);
if (directory === undefined) {
  console.error('Cannot measure: give a directory in which `muse init` was run');
  process.exit(2);
}
const root = resolve(directory);
await createSnapshot(root);
const { files } = await walk(root);
const some = files.slice(0, 2000).map(({ path }) => join(root, path));

console.log(`${files.length} files; the shortest of several runs\n`);
await compare('listing with stats', {
  'taken: threads and the main thread': () => walk(root),
  'promises alone': () => promisedWalk(root),
  'blocking calls on one thread': () => blockingWalk(root),
});
await compare('loading the cache', {
  'taken: lines of canonical text': () => loadCache(root, { defer: true }),
  'every line checked at once': () => loadCache(root),
  'JSON.parse and a map': () => parseWholeCache(statCachePath(root)),
});
await compare('a warm snapshot, beside looking all its files up', {
  'taken: list and match, whole snapshot': () => createSnapshot(root),
  'look up each file by its path, nothing else': async () => lookUpEach(await loadCache(root), files),
});
await compare(`hashing ${some.length} files`, {
  'taken: one buffer, two stats, blocking': () => {
    const buffer = Buffer.allocUnsafeSlow(256 * 1024);
    for (const file of some) hashFileSync(file, { buffer });
  },
  'a buffer of 64 KiB': () => {
    const buffer = Buffer.allocUnsafeSlow(64 * 1024);
    for (const file of some) hashFileSync(file, { buffer });
  },
  'a buffer of 1 MiB': () => {
    const buffer = Buffer.allocUnsafeSlow(1024 * 1024);
    for (const file of some) hashFileSync(file, { buffer });
  },
  'through a stream': async () => {
    for (const file of some) await hashThroughStream(file);
  },
});

async function compare(what: string, ways: Record<string, () => unknown>): Promise<void> {
  console.log(what);
  for (const [name, way] of Object.entries(ways)) {
    console.log(`${(await shortest(way, 3)).toFixed(0).padStart(8)} ms  ${name}`);
  }
  console.log();
}
