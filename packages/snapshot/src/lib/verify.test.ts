import { lstatSync, readdirSync, readFileSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { toNativePath } from '@muse/paths';
import { createSnapshot, verify, type Progress } from '@muse/snapshot';
import { blobId, StatCache, type ObjectId } from '@muse/stat-cache';
import { createMemoryStorage } from '@muse/stat-cache/memory';
import { parseMuseIgnore } from '@muse/walker/ignore';
import {
  fifo,
  hostileNames,
  makeTree,
  recordingLogger,
  removeTree,
  symlink,
  type TreeSpec,
} from '@muse/testkit';
import { describe, expect, it, onTestFinished } from 'vitest';

const id = (content: string): ObjectId => blobId(Buffer.from(content));
const nothing = { unknown: 0, edited: [], touched: [], mismatch: [], problems: [], complete: true };

async function make(spec: TreeSpec): Promise<string> {
  const root = await makeTree(spec);
  onTestFinished(() => removeTree(root));
  return root;
}

/** A cache that vouches for all files of a tree as they are now, however recent they are. */
async function cacheOf(root: string): Promise<StatCache> {
  const cache = await StatCache.open({ root, storage: createMemoryStorage() });
  const { manifest } = await createSnapshot(root, { cache: false });
  for (const [path, objectId] of manifest) vouch(cache, root, path, objectId);
  return cache;
}

/** Makes the entry of a file say that these were its bytes under the stat that it has now. */
function vouch(cache: StatCache, root: string, path: string, objectId: ObjectId): void {
  const stat = lstatSync(toNativePath(root, path), { bigint: true });
  cache.record(path, stat, objectId, stat.ctimeNs + 3_600_000_000_000n);
}

/** Changes bytes under an unchanged size and mtime, and lets the entry have the ctime that only this left behind. */
function rot(cache: StatCache, root: string, path: string, content: string): void {
  const file = join(root, path);
  const before = readFileSync(file, 'utf8');
  const { atime, mtime, size } = lstatSync(file);
  writeFileSync(file, content);
  utimesSync(file, atime, mtime);
  expect(lstatSync(file)).toMatchObject({ size, mtime });
  vouch(cache, root, path, id(before));
}

/** Lets something happen after all files were read and before the suspects among them are read again. */
function beforeSecondReading(cache: StatCache, happens: () => void): void {
  const entries = cache.entries.bind(cache);
  cache.entries = function* () {
    yield* [...entries()];
    happens();
  };
}

describe('verify()', () => {
  it('finds nothing where nothing changed', async () => {
    const root = await make({ 'a.txt': 'aaa', src: { 'b.c': 'bb', empty: '' }, link: symlink('a.txt') });
    expect(await verify(root, { cache: await cacheOf(root) })).toMatchObject({
      files: 3,
      bytes: 5,
      skipped: 0,
      ...nothing,
    });
  });

  it('tells edited, touched and new files apart, each with the field that shows it', async () => {
    const root = await make({ size: 'old', mtime: 'old', ctime: 'old', touched: 'same', same: 'same' });
    utimesSync(join(root, 'ctime'), 1, 1);
    const cache = await cacheOf(root);
    writeFileSync(join(root, 'size'), 'longer');
    writeFileSync(join(root, 'mtime'), 'new');
    utimesSync(join(root, 'mtime'), 2, 2);
    writeFileSync(join(root, 'ctime'), 'new');
    utimesSync(join(root, 'ctime'), 1, 1);
    utimesSync(join(root, 'touched'), 2, 2);
    writeFileSync(join(root, 'unknown'), 'x');
    expect(await verify(root, { cache })).toMatchObject({
      files: 6,
      unknown: 1,
      edited: [
        { path: 'ctime', field: 'ctime', before: id('old'), after: id('new') },
        { path: 'mtime', field: 'mtime', before: id('old'), after: id('new') },
        { path: 'size', field: 'size', before: id('old'), after: id('longer') },
      ],
      touched: [{ path: 'touched', field: 'mtime', objectId: id('same') }],
      mismatch: [],
      complete: true,
    });
  });

  it('finds bytes that changed under an unchanged stat, which a snapshot does not', async () => {
    const root = await make({ 'dir/rotten': 'good', 'dir/sound': 'good', top: 'good' });
    const cache = await cacheOf(root);
    rot(cache, root, 'dir/rotten', 'evil');
    rot(cache, root, 'top', 'rust');
    expect((await createSnapshot(root, { cache })).manifest.get('top')).toBe(id('good'));
    expect(await verify(root, { cache })).toMatchObject({
      ...nothing,
      files: 3,
      mismatch: [
        { path: 'dir/rotten', before: id('good'), after: id('evil') },
        { path: 'top', before: id('good'), after: id('rust') },
      ],
    });
  });

  it('finds it on threads, among names of all kinds', async () => {
    const many = Array.from({ length: 600 }, (_, i) => [`many/${i}`, `file ${i}`] as const);
    const root = await make(
      new Map<string | Uint8Array, string>([...hostileNames.map((name) => [name, '# x'] as const), ...many]),
    );
    const cache = await cacheOf(root);
    rot(cache, root, 'many/77', 'FILE 77');
    const { mismatch, ...rest } = await verify(root, { cache, threads: 3 });
    expect(mismatch).toEqual([{ path: 'many/77', before: id('file 77'), after: id('FILE 77') }]);
    expect(rest).toMatchObject({
      files: hostileNames.length + 600,
      unknown: 0,
      edited: [],
      touched: [],
      complete: true,
    });
  });

  it('changes neither the cache nor the tree, whatever it finds', async () => {
    const root = await make({ '.muse/cache': {}, old: 'old', edited: 'x', touched: 'y' });
    await createSnapshot(root);
    writeFileSync(join(root, 'edited'), 'edited');
    utimesSync(join(root, 'touched'), 3, 3);
    writeFileSync(join(root, 'new'), 'new');
    const state = () =>
      (readdirSync(root, { recursive: true }) as string[])
        .sort()
        .map((path) => [path, lstatSync(join(root, path)).mtimeMs, lstatSync(join(root, path)).ctimeMs]);
    const before = state();
    const stored = readFileSync(join(root, '.muse/cache/stat.json'));
    const given = await StatCache.open({ root });
    for (const cache of [undefined, given]) {
      expect(await verify(root, { cache })).toMatchObject({
        files: 4,
        unknown: 1,
        edited: [{ path: 'edited' }],
        touched: [{ path: 'touched' }],
      });
    }
    expect(state()).toEqual(before);
    expect(readFileSync(join(root, '.muse/cache/stat.json'))).toEqual(stored);
    expect(given.dirty).toBe(false);
  });

  it('claims nothing of a file that is racy in the cache', async () => {
    const root = await make({ a: 'good' });
    const cache = await StatCache.open({ root, storage: createMemoryStorage() });
    cache.record('a', lstatSync(join(root, 'a'), { bigint: true }), id('else'));
    expect(await verify(root, { cache })).toMatchObject({ ...nothing, files: 1, unknown: 1 });
  });

  it('knows nothing without a cache', async () => {
    const root = await make({ a: 'a', b: 'b' });
    for (const cache of [undefined, false, StatCache.empty()] as const) {
      expect(await verify(root, { cache })).toMatchObject({ ...nothing, files: 2, unknown: 2 });
    }
  });

  it('leaves out what a snapshot leaves out', async () => {
    const root = await make({
      a: 'a',
      'a.o': 'o',
      '.museignore': '[global]\npatterns = ["*.o"]',
      '.git/x': '',
    });
    expect(await verify(root)).toMatchObject({ files: 2 });
    expect(await verify(root, { ignore: false })).toMatchObject({ files: 3 });
    const ignore = parseMuseIgnore('[global]\npatterns = ["*"]', { domain: 'code' });
    expect(await verify(root, { ignore })).toMatchObject({ files: 0, skipped: 0 });
  });

  it('tells how far it is, and says nothing of saving', async () => {
    const root = await make({ a: 'a' });
    const heard: Progress[] = [];
    await verify(root, { onProgress: (progress) => void heard.push(progress) });
    expect(new Set(heard.map(({ phase }) => phase))).toEqual(new Set(['scan', 'hash']));
  });
});

describe('verify(), when a suspect changes before it is read again,', () => {
  it.each<[string, (file: string) => void, object]>([
    [
      'finds it edited',
      (file) => {
        writeFileSync(file, 'other');
      },
      { files: 2, edited: [{ path: 'd/f', after: id('other') }] },
    ],
    [
      'finds it touched',
      (file) => {
        writeFileSync(file, 'good');
      },
      { files: 2, touched: [{ path: 'd/f' }] },
    ],
    [
      'drops it when it is gone',
      (file) => {
        rmSync(file);
      },
      { files: 1 },
    ],
    [
      'drops it when its directory is gone',
      (file) => {
        rmSync(join(file, '..'), { recursive: true });
      },
      { files: 1 },
    ],
  ])('%s', async (_, happens, found) => {
    const root = await make({ 'd/f': 'good', kept: 'kept' });
    const cache = await cacheOf(root);
    rot(cache, root, 'd/f', 'evil');
    beforeSecondReading(cache, () => {
      happens(join(root, 'd/f'));
    });
    expect(await verify(root, { cache })).toMatchObject({ ...nothing, ...found });
  });

  it('drops it when something else has its name', async () => {
    const other = await make({ pipe: fifo(), link: symlink('kept'), 'dir/x': 'x' });
    for (const name of ['pipe', 'link', 'dir']) {
      const root = await make({ f: 'good', kept: 'kept' });
      const cache = await cacheOf(root);
      rot(cache, root, 'f', 'evil');
      beforeSecondReading(cache, () => {
        rmSync(join(root, 'f'));
        renameSync(join(other, name), join(root, 'f'));
      });
      expect(await verify(root, { cache })).toMatchObject({ ...nothing, files: 1 });
    }
  });

  it('believes a second reading that is as the cache has it, and says so', async () => {
    const root = await make({ f: 'good' });
    const cache = await cacheOf(root);
    rot(cache, root, 'f', 'evil');
    beforeSecondReading(cache, () => {
      rot(cache, root, 'f', 'good');
      vouch(cache, root, 'f', id('good'));
    });
    const logger = recordingLogger();
    expect(await verify(root, { cache, logger })).toMatchObject({ ...nothing, files: 1 });
    expect(logger.messages.warn).toEqual(['Read other bytes of "f" the first time than the second']);
  });
});

describe('verify() of a sample', () => {
  it('reads each file with the probability that was asked for, the same ones for the same seed', async () => {
    const root = await make(
      Object.fromEntries(Array.from({ length: 400 }, (_, i) => [`d${i % 7}/${i}`, `${i}`])),
    );
    const cache = await cacheOf(root);
    for (let i = 0; i < 400; i++) utimesSync(join(root, `d${i % 7}/${i}`), 1, 1);
    const chosen = async (seed?: number) => {
      const { files, skipped, touched, ...found } = await verify(root, { cache, sample: 0.25, seed });
      expect(files + skipped).toBe(400);
      expect(touched).toHaveLength(files);
      expect(files).toBeGreaterThan(60);
      expect(files).toBeLessThan(140);
      return { paths: touched.map(({ path }) => path), seed: found.seed };
    };
    const first = await chosen(1);
    expect(await chosen(1)).toEqual(first);
    expect((await chosen(2)).paths).not.toEqual(first.paths);
    const random = await chosen();
    expect(await chosen(random.seed)).toEqual(random);
    expect((await chosen()).seed).not.toBe(random.seed);
  });

  it('reads nothing for 0, and everything for 1', async () => {
    const root = await make({ a: 'a', b: 'b' });
    expect(await verify(root, { sample: 0 })).toMatchObject({ ...nothing, files: 0, bytes: 0, skipped: 2 });
    expect(await verify(root, { sample: 1 })).toMatchObject({ files: 2, skipped: 0 });
  });

  it.each([-0.1, 1.1, Number.NaN, Infinity])('refuses the share %d', async (sample) => {
    await expect(verify(await make({}), { sample })).rejects.toThrow(RangeError);
  });
});

describe('verify() rejects', () => {
  it('with the reason of a signal', async () => {
    const root = await make({ a: 'a' });
    const reason = new Error('enough');
    await expect(verify(root, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    const controller = new AbortController();
    const cache = await cacheOf(root);
    rot(cache, root, 'a', 'b');
    beforeSecondReading(cache, () => {
      controller.abort(reason);
    });
    await expect(verify(root, { cache, signal: controller.signal })).rejects.toBe(reason);
  });

  it('a cache of another root, a root that is none, broken rules and bad options', async () => {
    const root = await make({ a: 'a' });
    const other = await make({ '.museignore': 'broken [' });
    await expect(verify(root, { cache: await cacheOf(await make({})) })).rejects.toThrow(/it belongs to/);
    await expect(verify(join(root, 'a'))).rejects.toMatchObject({ code: 'ENOTDIR' });
    await expect(verify(other)).rejects.toMatchObject({ code: 'EMUSEIGNORE' });
    await expect(verify(root, { threads: 0 })).rejects.toThrow(RangeError);
    await expect(verify(root, { seed: Number.NaN })).rejects.toThrow(RangeError);
  });
});

describe('verify({ subtree })', () => {
  it('compares one directory, and names paths from there', async () => {
    const root = await make({ p: { rotten: 'good', edited: 'a', same: 's' }, 'p.txt': 'x', rotten: 'good' });
    const cache = await cacheOf(root);
    rot(cache, root, 'p/rotten', 'evil');
    rot(cache, root, 'rotten', 'evil');
    writeFileSync(join(root, 'p/edited'), 'longer');
    expect(await verify(root, { cache, subtree: 'p' })).toMatchObject({
      files: 3,
      skipped: 0,
      unknown: 0,
      edited: [{ path: 'edited' }],
      touched: [],
      mismatch: [{ path: 'rotten' }],
      problems: [],
    });
    expect(await verify(root, { cache, subtree: 'p', sample: 0 })).toMatchObject({ files: 0, skipped: 3 });
  });
});
