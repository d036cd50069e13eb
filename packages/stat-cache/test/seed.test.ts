import { existsSync, mkdirSync, readdirSync, renameSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, extname, join } from 'node:path';
import { museDir, statCachePath } from '@muse/paths';
import { CACHE_VERSION, MAX_CACHE_BYTES, StatCache } from '@muse/stat-cache';
import { recordingLogger } from '@muse/testkit';
import { expect, it } from 'vitest';
import { museRoot, statOf, storedText } from './support/muse-root.js';

// The cases this package began with, one to thirteen, under their numbers and names.

async function hashAndSave(root: string, name: string): Promise<string> {
  const cache = await StatCache.load(museDir(root));
  const id = await cache.getObjectHash(root, join(root, name));
  await cache.save();
  return id;
}

/** Writes the file of a cache as an intruder would. */
function plant(root: string, content: string | Uint8Array): void {
  mkdirSync(dirname(statCachePath(root)), { recursive: true });
  writeFileSync(statCachePath(root), content);
}

it('seed 1: cache_file_is_json', async () => {
  const root = await museRoot({ 'a.py': 'hello' });
  await hashAndSave(root, 'a.py');
  expect(statSync(statCachePath(root)).isFile()).toBe(true);
  expect(extname(statCachePath(root))).toBe('.json');
  expect(JSON.parse(storedText(root))).toMatchObject({ version: CACHE_VERSION });
  expect(CACHE_VERSION).toBe(3);
});

it('seed 2: cache_entry_has_ino_field', async () => {
  const root = await museRoot({ 'b.py': 'world' });
  await hashAndSave(root, 'b.py');
  const { entries } = JSON.parse(storedText(root)) as { entries: Record<string, { ino: unknown }> };
  const ino = entries['b.py']?.ino;
  expect(Number.isInteger(ino)).toBe(true);
  expect(ino).toBeGreaterThan(0);
});

it('seed 3: version_mismatch_returns_empty', async () => {
  const root = await museRoot();
  plant(root, '{"version": 99, "entries": {}}');
  const cache = await StatCache.load(museDir(root));
  expect(cache.size).toBe(0);
  expect(cache.discarded).toBe('version');
});

it('seed 4: corrupt_cache_returns_empty', async () => {
  const root = await museRoot();
  plant(root, Buffer.from('\xff\x00garbage\xde\xad', 'latin1'));
  const cache = await StatCache.load(museDir(root));
  expect(cache.size).toBe(0);
  expect(cache.discarded).toBe('not-json');
});

it('seed 5: absent_cache_returns_empty', async () => {
  const root = await museRoot();
  const cache = await StatCache.load(museDir(root));
  expect(cache.size).toBe(0);
  expect(cache.discarded).toBeUndefined();
});

it('seed 6: atomic_replace_invalidates_cache', async () => {
  const root = await museRoot({ 'data.bin': 'A'.repeat(64), new: 'B'.repeat(64) });
  const file = join(root, 'data.bin');
  const before = statSync(file);
  const first = await hashAndSave(root, 'data.bin');
  renameSync(join(root, 'new'), file);
  utimesSync(file, before.atime, before.mtime);
  const second = await (await StatCache.load(museDir(root))).getObjectHash(root, file);
  expect(second).not.toBe(first);
});

it('seed 7: mtime_size_same_but_ino_changed_is_miss', async () => {
  const root = await museRoot({ 'tricky.py': 'old_content_pad' });
  const id = await hashAndSave(root, 'tricky.py');
  const cache = await StatCache.load(museDir(root));
  const stat = statOf(root, 'tricky.py');
  expect(cache.lookup('tricky.py', stat)).toBe(id);
  const other = { ...stat, ino: stat.ino + 999_999n };
  expect(cache.lookup('tricky.py', other)).toBeUndefined();
  expect(cache.missReason('tricky.py', other)).toBe('inode');

  // The same bytes again, under another inode.
  writeFileSync(join(root, 'copy'), 'old_content_pad');
  renameSync(join(root, 'copy'), join(root, 'tricky.py'));
  expect(await cache.getObjectHash(root, join(root, 'tricky.py'))).toBe(id);
  expect(cache.dirty).toBe(true);
});

it('seed 8: unchanged_file_is_cache_hit', async () => {
  // The file is written in the very millisecond of its first hash: racy until save has settled it. Ten times, because
  // clocks tick every few milliseconds and a wait that is too short would succeed now and then.
  for (let time = 0; time < 10; time++) {
    const root = await museRoot();
    writeFileSync(join(root, 'stable.py'), 'unchanged');
    const first = await hashAndSave(root, 'stable.py');
    const cache = await StatCache.load(museDir(root));
    expect(await cache.getObjectHash(root, join(root, 'stable.py'))).toBe(first);
    expect(cache.dirty).toBe(false);
  }
});

it('seed 9: concurrent_saves_no_collision', async () => {
  const names = Array.from({ length: 20 }, (_, index) => `thread_${String(index)}.py`);
  const root = await museRoot(Object.fromEntries(names.map((name) => [name, `content of ${name}`])));
  await Promise.all(names.map((name) => hashAndSave(root, name)));
  expect(readdirSync(dirname(statCachePath(root)))).toEqual(['stat.json']);
  const cache = await StatCache.load(museDir(root));
  expect(cache.discarded).toBeUndefined();
  expect(cache.size).toBeGreaterThan(0);
});

it('seed 10: no_fixed_tmp_suffix', async () => {
  const root = await museRoot({ 'x.py': 'hi' });
  await hashAndSave(root, 'x.py');
  expect(existsSync(`${statCachePath(root)}.tmp`)).toBe(false);
});

it('seed 11: max_cache_bytes_is_exported', () => {
  expect(Number.isInteger(MAX_CACHE_BYTES)).toBe(true);
  expect(MAX_CACHE_BYTES).toBeGreaterThanOrEqual(64 * 1024 * 1024);
});

it('seed 12: oversized_cache_returns_empty', async () => {
  const root = await museRoot({ 'z.py': 'z'.repeat(1000) });
  await hashAndSave(root, 'z.py');
  const logger = recordingLogger();
  const maxBytes = statSync(statCachePath(root)).size - 1;
  const cache = await StatCache.load(museDir(root), { maxBytes, logger });
  expect(cache.size).toBe(0);
  expect(cache.discarded).toBe('too-large');
  expect(logger.messages.error).toHaveLength(1);
});

it('seed 13: exactly_at_limit_is_accepted', async () => {
  const root = await museRoot({ 'y.py': 'y' });
  await hashAndSave(root, 'y.py');
  const logger = recordingLogger();
  const maxBytes = statSync(statCachePath(root)).size;
  const cache = await StatCache.load(museDir(root), { maxBytes, logger });
  expect(cache.size).toBe(1);
  expect(logger.messages).toEqual({ debug: [], warn: [], error: [] });
});
