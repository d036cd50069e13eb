import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { toNativePath } from '@muse/paths';
import { createSnapshot, subtree, verify, verifyManifest, type Progress } from '@muse/snapshot';
import { blobId, StatCache, type ObjectId } from '@muse/stat-cache';
import { createMemoryStorage } from '@muse/stat-cache/memory';
import { parseMuseIgnore } from '@muse/walker/ignore';
import {
  becomeOrdinaryUser,
  built,
  fifo,
  giveToOrdinaryUser,
  hostileNames,
  makeTree,
  ordinaryUser,
  recordingLogger,
  removeTree,
  symlink,
  type TreeSpec,
} from '@muse/testkit';
import { describe, expect, it, onTestFinished } from 'vitest';

const id = (content: string): ObjectId => blobId(Buffer.from(content));
const nothing = {
  uncached: 0,
  edited: [],
  touched: [],
  mismatch: [],
  missing: [],
  problems: [],
  complete: true,
};

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
      uncached: 1,
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
      uncached: 0,
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
        uncached: 1,
        edited: [{ path: 'edited' }],
        touched: [{ path: 'touched' }],
      });
    }
    expect(state()).toEqual(before);
    expect(readFileSync(join(root, '.muse/cache/stat.json'))).toEqual(stored);
    expect(given.dirty).toBe(false);
  });

  it('claims nothing of a file that is racy in the cache', async () => {
    const root = await make({ a: 'good', b: 'b' });
    const cache = await cacheOf(root);
    cache.record('a', lstatSync(join(root, 'a'), { bigint: true }), id('else'));
    expect(await verify(root, { cache })).toMatchObject({ ...nothing, files: 2, uncached: 1 });
  });

  it('rejects where there is nothing to compare with', async () => {
    const root = await make({ a: 'a', b: 'b', 'd/x': 'x', '.museignore': '' });
    const [racy, other, elsewhere] = [await cacheOf(root), StatCache.empty(), StatCache.empty()];
    for (const path of ['.museignore', 'a', 'b', 'd/x']) {
      racy.record(path, lstatSync(join(root, path), { bigint: true }), id('else'));
    }
    vouch(other, root, 'b', id('b'));
    for (const cache of [undefined, false, StatCache.empty(), racy] as const) {
      await expect(verify(root, { cache })).rejects.toMatchObject({ code: 'ENOTHING' });
    }
    await expect(verify(root, { cache: other, subtree: 'd' })).rejects.toMatchObject({ code: 'ENOTHING' });
    const ignore = parseMuseIgnore('[global]\npatterns = ["b"]', { domain: 'code' });
    await expect(verify(root, { cache: other, ignore })).rejects.toMatchObject({ code: 'ENOTHING' });
    await expect(verify(await make({}), { cache: elsewhere })).rejects.toMatchObject({ code: 'ENOTHING' });
  });

  it('names what is missing, and nothing that is left out or hidden', async () => {
    const root = await make({
      kept: 'k',
      gone: 'g',
      linked: 'l',
      directory: 'd',
      'old.log': 'log',
      out: { of: { sight: 's' } },
      whole: { a: 'a', b: { c: 'c' } },
      replaced: { a: 'a' },
      swapped: { a: 'a' },
    });
    const cache = await cacheOf(root);
    for (const path of ['gone', 'linked', 'directory', 'whole', 'replaced', 'swapped', 'out/of']) {
      rmSync(join(root, path), { recursive: true });
    }
    symlinkSync('kept', join(root, 'linked'));
    symlinkSync('.', join(root, 'swapped'));
    mkdirSync(join(root, 'directory'));
    writeFileSync(join(root, 'replaced'), 'by a file');
    const ignore = parseMuseIgnore('[global]\npatterns = ["*.log", "/out/"]', { domain: 'code' });
    const { missing, ...rest } = await verify(root, { cache, ignore });
    expect(missing).toEqual([
      { path: 'directory', objectId: id('d') },
      { path: 'gone', objectId: id('g') },
      { path: 'linked', objectId: id('l') },
      { path: 'replaced/a', objectId: id('a') },
      { path: 'swapped/a', objectId: id('a') },
      { path: 'whole/a', objectId: id('a') },
      { path: 'whole/b/c', objectId: id('c') },
    ]);
    expect({ missing: [], ...rest }).toMatchObject({ ...nothing, files: 2, uncached: 1 });
    const sampled = await verify(root, { cache, ignore, sample: 0.01, seed: 1 });
    expect(sampled.missing).toEqual(missing);
    const part = await verify(root, { cache, subtree: 'out' });
    expect(part.missing).toEqual([{ path: 'of/sight', objectId: id('s') }]);
  });

  it.runIf(ordinaryUser() !== undefined)('calls nothing missing that it may not see', async () => {
    const root = await make({ '.muse/cache': {}, kept: 'k', closed: { a: 'a' } });
    await createSnapshot(root);
    await giveToOrdinaryUser(root);
    chmodSync(join(root, 'closed'), 0);
    onTestFinished(() => {
      chmodSync(join(root, 'closed'), 0o755);
    });
    const script = `
      import { verify } from '${built('@muse/snapshot')}';
      ${becomeOrdinaryUser()}
      const { missing, problems } = await verify(${JSON.stringify(root)});
      console.log(JSON.stringify({ missing, problems: problems.map(({ path }) => path) }));`;
    const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', script]);
    expect(JSON.parse(stdout.toString())).toEqual({ missing: [], problems: ['closed'] });
  });

  it('calls nothing missing that is back, or that no snapshot would hold', async () => {
    const root = await make({ kept: 'k', late: 'l', '.git/config': 'c' });
    const cache = await cacheOf(root);
    vouch(cache, root, '.git/config', id('c'));
    rmSync(join(root, 'late'));
    beforeSecondReading(cache, () => {
      writeFileSync(join(root, 'late'), 'l');
    });
    expect(await verify(root, { cache })).toMatchObject({ ...nothing, files: 1 });
  });

  it('leaves out what a snapshot leaves out', async () => {
    const root = await make({
      a: 'a',
      'a.o': 'o',
      '.museignore': '[global]\npatterns = ["*.o"]',
      '.git/x': '',
    });
    const cache = await cacheOf(root);
    expect(await verify(root, { cache })).toMatchObject({ files: 2 });
    expect(await verify(root, { cache, ignore: false })).toMatchObject({ files: 3, uncached: 1 });
    const ignore = parseMuseIgnore('[global]\npatterns = ["a*"]', { domain: 'code' });
    expect(await verify(root, { cache, ignore })).toMatchObject({ ...nothing, files: 1, skipped: 0 });
  });

  it('tells how far it is, and says nothing of saving', async () => {
    const root = await make({ a: 'a' });
    const heard: Progress[] = [];
    await verify(root, { cache: await cacheOf(root), onProgress: (progress) => void heard.push(progress) });
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
      'finds it missing when it is gone',
      (file) => {
        rmSync(file);
      },
      { files: 1, missing: [{ path: 'd/f', objectId: id('good') }] },
    ],
    [
      'finds it missing when its directory is gone',
      (file) => {
        rmSync(join(file, '..'), { recursive: true });
      },
      { files: 1, missing: [{ path: 'd/f', objectId: id('good') }] },
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

  it('finds it missing when something else has its name', async () => {
    const other = await make({ pipe: fifo(), link: symlink('kept'), 'dir/x': 'x' });
    for (const name of ['pipe', 'link', 'dir']) {
      const root = await make({ f: 'good', kept: 'kept' });
      const cache = await cacheOf(root);
      rot(cache, root, 'f', 'evil');
      beforeSecondReading(cache, () => {
        rmSync(join(root, 'f'));
        renameSync(join(other, name), join(root, 'f'));
      });
      expect(await verify(root, { cache })).toMatchObject({ ...nothing, files: 1, missing: [{ path: 'f' }] });
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

  it('reads at least one file that the cache knows, the same one for the same seed', async () => {
    const names = Array.from({ length: 50 }, (_, i) => `f${i}`);
    const root = await make(Object.fromEntries(names.map((name) => [name, name])));
    const cache = await cacheOf(root);
    cache.prune(new Set(names.slice(40)));
    for (const name of names) utimesSync(join(root, name), 1, 1);
    const chosen = async (seed: number) => {
      const { files, skipped, touched } = await verify(root, { cache, sample: 0, seed });
      expect({ files, skipped }).toEqual({ files: 1, skipped: 49 });
      return touched[0]?.path;
    };
    const paths = await Promise.all([1, 2, 3, 4, 5, 6].map(chosen));
    for (const path of paths) expect(names.slice(40)).toContain(path);
    expect(new Set(paths).size).toBeGreaterThan(1);
    expect(await Promise.all([1, 2, 3, 4, 5, 6].map(chosen))).toEqual(paths);
  });

  it('reads everything for 1', async () => {
    const root = await make({ a: 'a', b: 'b' });
    const cache = await cacheOf(root);
    expect(await verify(root, { cache, sample: 1 })).toMatchObject({ ...nothing, files: 2, skipped: 0 });
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
      uncached: 0,
      edited: [{ path: 'edited' }],
      touched: [],
      mismatch: [{ path: 'rotten' }],
      missing: [],
      problems: [],
    });
    expect(await verify(root, { cache, subtree: 'p', sample: 0 })).toMatchObject({ files: 1, skipped: 2 });
  });
});

describe('verifyManifest()', () => {
  it('tells what differs from before by reading, whatever a cache says', async () => {
    const root = await make({
      '.muse/cache': {},
      same: 's',
      changed: 'good',
      gone: 'g',
      moved: 'm',
      d: { x: 'x' },
    });
    const before = await createSnapshot(root);
    rmSync(join(root, 'gone'));
    renameSync(join(root, 'moved'), join(root, 'd/here'));
    writeFileSync(join(root, 'new'), 'n');
    const cache = await StatCache.open({ root });
    writeFileSync(join(root, 'changed'), 'evil');
    vouch(cache, root, 'changed', id('good'));
    await cache.save();
    expect((await createSnapshot(root)).manifest.get('changed')).toBe(id('good'));
    expect(await verifyManifest(root, before)).toEqual({
      files: 5,
      bytes: 8,
      skipped: 0,
      seed: expect.any(Number) as number,
      changed: [{ path: 'changed', before: id('good'), after: id('evil') }],
      missing: [{ path: 'gone', objectId: id('g') }],
      moved: [{ from: 'moved', to: 'd/here', objectId: id('m') }],
      added: [{ path: 'new', objectId: id('n') }],
      unknown: [],
      unread: [],
      problems: [],
      complete: true,
    });
    const part = { manifest: subtree(before.manifest, 'd'), problems: [] };
    expect(await verifyManifest(root, part, { subtree: 'd' })).toMatchObject({
      files: 2,
      changed: [],
      missing: [],
      added: [{ path: 'here' }],
    });
  });

  it('calls no file missing that is below what could not be seen', async () => {
    const root = await make({ closed: { a: 'a' }, b: 'b' });
    const names = ['b', 'closed', 'closed/a', 'closed/d/e', 'closedd', 'closed-', 'c'];
    const manifest = new Map(names.map((name) => [name, id(name)]));
    const problem = {
      path: 'closed',
      kind: 'unreadable',
      operation: 'readdir',
      code: 'EACCES',
      message: 'no',
    } as const;
    const options = { problems: [problem], exclude: ['/closed/'] };
    const found = await verifyManifest(root, { manifest, problems: [] }, options);
    expect(found.unknown).toEqual(['closed', 'closed/a', 'closed/d/e']);
    expect(found.missing.map(({ path }) => path)).toEqual(['c', 'closed-', 'closedd']);
    expect(found.unread).toEqual([]);
  });

  it('calls no file missing or moved that a rule leaves out, and is not complete then', async () => {
    const root = await make({ 'out/a': 'a', 'out/b': 'b', '.git/HEAD': 'h', copy: 'a', kept: 'k' });
    const files = ['.git/HEAD', '.git/gone', 'gone', 'kept', 'out/a', 'out/b', 'out/gone'];
    const manifest = new Map(files.map((path) => [path, id(path.slice(-1))]));
    manifest.set('kept', id('k'));
    const found = await verifyManifest(root, { manifest, problems: [] }, { exclude: ['/out/*'] });
    expect(found).toMatchObject({
      files: 2,
      changed: [],
      missing: [{ path: 'gone' }, { path: 'out/gone' }],
      moved: [],
      added: [{ path: 'copy' }],
      unread: ['.git/HEAD', '.git/gone', 'out/a', 'out/b'],
      problems: [],
      complete: false,
    });
    const all = await verifyManifest(root, { manifest, problems: [] });
    expect(all).toMatchObject({ moved: [], unread: ['.git/HEAD', '.git/gone'], complete: false });
    expect(all.missing.map(({ path }) => path)).toEqual(['gone', 'out/gone']);
  });

  it('says that there is nothing to compare with, before and after rules are applied', async () => {
    const root = await make({ a: 'a' });
    const nothing = {
      code: 'ENOTHING',
      message: expect.stringContaining('the manifest has no file') as string,
    };
    const empty = { manifest: new Map<string, ObjectId>(), problems: [] };
    await expect(verifyManifest(root, empty)).rejects.toMatchObject(nothing);
    const before = await createSnapshot(root);
    const judged = () => Promise.resolve(empty);
    await expect(verifyManifest(root, before, { judged })).rejects.toMatchObject(nothing);
    const problem = {
      path: '',
      kind: 'unreadable',
      operation: 'readdir',
      code: 'EACCES',
      message: 'no',
    } as const;
    const unseen = await verifyManifest(root, { ...empty, problems: [problem] });
    expect(unseen).toMatchObject({ unknown: ['a'], added: [] });
  });

  it('takes no longer than it must over a path of a million directories', async () => {
    const root = await make({ d: { d: { x: 'x' } }, a: 'a' });
    const deep = `${'d/'.repeat(1_000_000)}x`;
    const manifest = new Map([
      ['d/d/x', id('x')],
      [deep, id('x')],
    ]);
    const problem = {
      path: 'e/e',
      kind: 'unreadable',
      operation: 'open',
      code: 'EIO',
      message: 'no',
    } as const;
    const started = process.cpuUsage();
    const found = await verifyManifest(root, { manifest, problems: [] }, { problems: [problem] });
    expect(found.missing.map(({ path }) => path.length)).toEqual([deep.length]);
    expect(found).toMatchObject({ added: [{ path: 'a' }], unknown: [], unread: [] });
    expect(process.cpuUsage(started).user).toBeLessThan(20_000_000);
  });

  it('tells files and directories apart that begin alike', async () => {
    const root = await make({ 'a-b': '1', a: { x: '2', y: '3' }, ab: '4', b: { c: '5' } });
    const names = ['a', 'a-b', 'a/x', 'ab', 'ab/c', 'b', 'b/c', 'b/c/d', 'b/cc', 'c'];
    const manifest = new Map(names.map((name) => [name, id(name)]));
    const found = await verifyManifest(root, { manifest, problems: [] });
    expect(found.missing.map(({ path }) => path)).toEqual(['a', 'ab/c', 'b', 'b/c/d', 'b/cc', 'c']);
    expect(found.changed.map(({ path }) => path)).toEqual(['a-b', 'a/x', 'ab', 'b/c']);
    expect(found.unread).toEqual([]);
  });

  it('misses a file in whose place there is a link, a directory or a FIFO', async () => {
    const root = await make({ real: 'x', link: symlink('real'), directory: { in: 'y' }, pipe: fifo() });
    const names = ['directory', 'link', 'pipe', 'real'];
    const manifest = new Map(names.map((name) => [name, id('x')]));
    const found = await verifyManifest(root, { manifest, problems: [] });
    expect(found).toMatchObject({ unread: [], complete: true, added: [{ path: 'directory/in' }] });
    expect(found.missing.map(({ path }) => path)).toEqual(['directory', 'link', 'pipe']);
  });

  it('reads a sample, at least one file of those that were there, and misses what is gone all the same', async () => {
    const names = Array.from({ length: 30 }, (_, i) => `f${i}`);
    const root = await make(Object.fromEntries(names.map((name) => [name, name])));
    const before = await createSnapshot(root);
    rmSync(join(root, 'f7'));
    for (let i = 0; i < 30; i++) writeFileSync(join(root, `new${i}`), 'n');
    for (const name of names.slice(10)) writeFileSync(join(root, name), 'other');
    const found = await verifyManifest(root, before, { sample: 0, seed: 3 });
    expect(found).toMatchObject({ files: 1, skipped: 58, missing: [{ path: 'f7' }], moved: [], added: [] });
    const some = await verifyManifest(root, before, { sample: 0.5, seed: 3 });
    expect(some.files + some.skipped).toBe(59);
    expect(some.changed.length).toBeGreaterThan(2);
    expect(some.changed.length).toBeLessThan(18);
  });
});
