import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { StatCache } from '@muse/stat-cache';
import { createFileStorage } from '@muse/stat-cache/file';
import { fifo, makeTree, recordingLogger, removeTree, symlink, type TreeNode } from '@muse/testkit';
import { describe, expect, it, onTestFinished } from 'vitest';
import { cacheEntry, fileStat, idOf, NOTHING } from './support/entries.js';
import { inCache, museRoot, statJson, storedText } from './support/muse-root.js';

/** What is in a tree, and whether anything in it was changed: each path with its inode and ctime. */
function picture(root: string): string[] {
  return readdirSync(root, { recursive: false, withFileTypes: true }).flatMap((dirent) => {
    const path = join(root, dirent.name);
    const { ino, ctimeNs } = lstatSync(path, { bigint: true });
    const below = dirent.isDirectory() ? picture(path) : [];
    return [`${path} ${String(ino)} ${String(ctimeNs)}`, ...below];
  });
}

type Tree = Readonly<Record<string, TreeNode>>;

async function tree(spec: Tree): Promise<string> {
  const root = await makeTree(spec);
  onTestFinished(() => removeTree(root));
  return root;
}

const saved = (): Tree => ({ 'stat.json': `{"version":3,"entries":{}}`, '.stat_cache_old.tmp': 'old' });

const places: [what: string, spec: () => Tree, message: string][] = [
  [
    '.muse is a link',
    () => ({ '.muse': symlink('real'), 'real/cache': saved() }),
    '.muse" is not a real directory',
  ],
  ['.muse is a dangling link', () => ({ '.muse': symlink('none') }), '.muse" is not a real directory'],
  ['.muse is a file', () => ({ '.muse': 'x' }), '.muse" is not a real directory'],
  ['.muse is a FIFO', () => ({ '.muse': fifo() }), '.muse" is not a real directory'],
  [
    'the cache directory is a link',
    () => ({ '.muse/cache': symlink('../real'), real: saved() }),
    'cache" is not a real directory',
  ],
  [
    'the cache directory is a dangling link',
    () => ({ '.muse/cache': symlink('../none') }),
    'cache" is not a real directory',
  ],
  ['the cache directory is a file', () => ({ '.muse/cache': 'x' }), 'cache" is not a real directory'],
  ['the cache directory is a FIFO', () => ({ '.muse/cache': fifo() }), 'cache" is not a real directory'],
  [
    'stat.json is a link',
    () => ({
      '.muse/cache': { ...saved(), 'stat.json': symlink('../../real') },
      real: '{"version":3,"entries":{}}',
    }),
    'it is a symbolic link',
  ],
  [
    'stat.json is a dangling link',
    () => ({ '.muse/cache/stat.json': symlink('../../none') }),
    'it is a symbolic link',
  ],
  [
    'stat.json is a FIFO',
    () => ({ '.muse/cache': { ...saved(), 'stat.json': fifo() } }),
    'stat.json": it is a FIFO, not a regular file',
  ],
  [
    'stat.json is a directory',
    () => ({ '.muse/cache': { ...saved(), 'stat.json': { x: 'x' } } }),
    'stat.json": it is a directory, not a regular file',
  ],
];

describe.each(places)('a root where %s', (_, spec, message) => {
  it('has an empty cache with a reason, the right answers, and nothing written, followed or swept', async () => {
    const root = await tree({ f: 'hello', ...spec() });
    for (const name of ['real/cache', 'real', '.muse/cache']) {
      const old = join(root, name, '.stat_cache_old.tmp');
      if (existsSync(old)) utimesSync(old, 1, 1);
    }
    const before = picture(root);
    const logger = recordingLogger();
    const cache = await StatCache.open({ root, logger });
    expect([cache.size, cache.discarded]).toEqual([0, 'unreadable']);
    expect(logger.messages.warn[0]).toContain(message);
    expect(await cache.getObjectHash(root, join(root, 'f'))).toBe(idOf('hello'));
    cache.record('g', fileStat(), idOf('hello'), 2n ** 62n);
    await expect(cache.save()).rejects.toMatchObject({
      name: 'CacheNotSavedError',
      code: 'ENOTREG',
      message: expect.stringContaining('nothing was written') as string,
    });
    expect(picture(root)).toEqual(before);
  });
});

describe('createFileStorage', () => {
  const change = { base: NOTHING, put: new Map([['a', cacheEntry()]]), remove: new Set<string>() };

  it('has nothing where nothing was stored, and makes nothing by loading', async () => {
    const root = await tree({});
    const storage = createFileStorage({ directory: join(root, 'cache') });
    expect(await storage.load({ maxBytes: 1 })).toBeUndefined();
    expect(readdirSync(root)).toEqual([]);
  });

  it('makes its directory, but none above', async () => {
    const root = await tree({});
    await createFileStorage({ directory: join(root, 'cache') }).save(change);
    expect(readdirSync(join(root, 'cache'))).toEqual(['stat.json']);
    const deeper = createFileStorage({ directory: join(root, 'a/b') });
    await expect(deeper.save(change)).rejects.toMatchObject({ code: 'ENOENT' });
    expect(await deeper.probe?.()).toBeUndefined();
    const within = createFileStorage({ directory: join(root, 'c/d'), within: join(root, 'c') });
    await expect(within.save(change)).rejects.toMatchObject({ code: 'ENOENT' });
    expect(readdirSync(root)).toEqual(['cache']);
  });

  it('keeps to the directory it was given when the process moves on', async () => {
    const root = await tree({ here: {}, there: {} });
    const before = process.cwd();
    onTestFinished(() => {
      process.chdir(before);
    });
    process.chdir(join(root, 'here'));
    const storage = createFileStorage({ directory: 'cache', fileName: 'mine.json' });
    process.chdir(join(root, 'there'));
    await storage.save(change);
    expect(readdirSync(join(root, 'here/cache'))).toEqual(['mine.json']);
  });

  it('reads the clock of its file system off a new file, and leaves none behind', async () => {
    const root = await tree({});
    const storage = createFileStorage({ directory: join(root, 'cache') });
    writeFileSync(join(root, 'before'), '');
    const stamp = await storage.probe?.();
    writeFileSync(join(root, 'after'), '');
    const [earlier, later] = ['before', 'after'].map((name) => lstatSync(join(root, name), { bigint: true }));
    expect(stamp?.dev).toBe(earlier?.dev);
    expect(stamp?.ctimeNs).toBeGreaterThanOrEqual(earlier?.ctimeNs ?? 0n);
    expect(stamp?.ctimeNs).toBeLessThanOrEqual(later?.ctimeNs ?? 0n);
    expect(readdirSync(join(root, 'cache'))).toEqual([]);
  });

  it('accepts a file of exactly the limit, on load and on save, and no byte more', async () => {
    const root = await tree({});
    const storage = createFileStorage({ directory: root });
    await storage.save(change);
    const { size } = lstatSync(join(root, 'stat.json'));
    expect(await storage.load({ maxBytes: size })).toMatchObject({ contents: { size: 1 } });
    expect(await storage.load({ maxBytes: size - 1 })).toEqual({
      discarded: 'too-large',
      detail: `it has more than the ${String(size - 1)} bytes allowed`,
    });
    await storage.save({ ...change, put: new Map([['b', cacheEntry()]]) }, { maxBytes: size });
    const refused = storage.save(change, { maxBytes: size - 1 });
    await expect(refused).rejects.toMatchObject({ code: 'EFBIG' });
    expect(await storage.load({ maxBytes: size })).toMatchObject({ contents: { size: 1 } });
    expect(readdirSync(root)).toEqual(['stat.json']);
  });

  it('discards a file without a byte', async () => {
    const root = await tree({ 'stat.json': '' });
    const result = await createFileStorage({ directory: root }).load({ maxBytes: 0 });
    expect(result).toMatchObject({ discarded: 'not-json' });
  });

  it('does not read a file above the limit', async () => {
    const root = await tree({ 'stat.json': 'x'.repeat(100) });
    const codec = { decode: () => expect.unreachable(), encode: () => [] };
    const storage = createFileStorage({ directory: root, codec });
    expect(await storage.load({ maxBytes: 99 })).toMatchObject({ discarded: 'too-large' });
  });

  it('keeps the old file, and no other, when the codec fails half-way', async () => {
    const root = await tree({ 'stat.json': 'old' });
    const codec = {
      decode: () => ({ discarded: 'shape', detail: '' }) as const,
      *encode() {
        yield Buffer.alloc(3_000_000, 'new');
        throw new Error('half-way');
      },
    };
    await expect(createFileStorage({ directory: root, codec }).save(change)).rejects.toMatchObject({
      code: 'EUNKNOWN',
      message: `Cannot save the stat cache "${root}/stat.json": half-way`,
    });
    expect(readdirSync(root)).toEqual(['stat.json']);
    expect(readFileSync(join(root, 'stat.json'), 'utf8')).toBe('old');
  });

  it('discards what its codec throws at', async () => {
    const root = await tree({ 'stat.json': 'old' });
    const codec = {
      decode: () => {
        throw new Error('no idea');
      },
      encode: () => [],
    };
    const result = await createFileStorage({ directory: root, codec }).load({ maxBytes: 9 });
    expect(result).toEqual({ discarded: 'unreadable', detail: 'no idea' });
  });

  it('writes a text of many pieces of any length as it is', async () => {
    const root = await tree({});
    const pieces = [0, 1, 1024 * 1024, 3, 2 * 1024 * 1024 + 1, 0, 5].map((length, at) =>
      Buffer.alloc(length, String(at)),
    );
    const codec = {
      decode: (bytes: Uint8Array) =>
        ({ discarded: 'shape', detail: String(Buffer.concat(pieces).equals(bytes)) }) as const,
      encode: () => pieces,
    };
    const storage = createFileStorage({ directory: root, codec });
    await storage.save(change);
    expect(await storage.load({ maxBytes: Infinity })).toEqual({ discarded: 'shape', detail: 'true' });
  });

  it('rejects a load with the reason of its signal', async () => {
    const root = await tree({ 'stat.json': 'x' });
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(createFileStorage({ directory: root }).load({ maxBytes: 9, signal })).rejects.toThrow(
      'enough',
    );
  });
});

describe('sweeping', () => {
  const hour = 3_600;

  it('removes files of killed processes once they are an hour old, and nothing else', async () => {
    const root = await museRoot({
      '.muse/cache': {
        ...{
          '.stat_cache_0123.tmp': '',
          '.stat_cache_fresh.tmp': '',
          '.stat_cache_ahead.tmp': '',
          '.stat_cache_.tmp': '',
        },
        ...{
          'stat_cache_a.tmp': '',
          '.stat_cache_a.tmp.bak': '',
          '.stat_cache_dir.tmp': {},
          'stat.json.tmp': '',
        },
        '.stat_cache_link.tmp': symlink('stat.json.tmp'),
      },
    });
    const now = Date.now() / 1000;
    for (const name of inCache(root)) {
      const age = name.includes('fresh') ? hour - 60 : name.includes('ahead') ? -hour : hour + 60;
      if (name !== '.stat_cache_link.tmp') utimesSync(join(root, '.muse/cache', name), now - age, now - age);
    }
    const cache = await StatCache.open({ root });
    await cache.getObjectHash(root, statJson(root)).catch(() => undefined);
    expect(inCache(root)).toHaveLength(9);
    cache.record('a', fileStat(), idOf('hello'), await cache.boundary());
    await cache.save();
    expect(inCache(root)).toEqual(
      [
        ...['.stat_cache_.tmp', '.stat_cache_a.tmp.bak', '.stat_cache_ahead.tmp', '.stat_cache_dir.tmp'],
        ...[
          '.stat_cache_fresh.tmp',
          '.stat_cache_link.tmp',
          'stat.json',
          'stat.json.tmp',
          'stat_cache_a.tmp',
        ],
      ].sort(),
    );
  });
});

describe('saves at the same time', () => {
  it('all succeed, leave one complete version of one of them, and no temporary file', async () => {
    const root = await museRoot();
    await Promise.all(
      Array.from({ length: 20 }, async (_, index) => {
        const cache = await StatCache.open({ root });
        const boundary = await cache.boundary();
        for (let n = 0; n < 100; n++)
          cache.record(`${String(index)}/${String(n)}`, fileStat(), idOf('hello'), boundary);
        await cache.save();
        const loaded = await StatCache.open({ root });
        expect(loaded.discarded).toBeUndefined();
        expect(loaded.size % 100).toBe(0);
      }),
    );
    expect(inCache(root)).toEqual(['stat.json']);
    expect((await StatCache.open({ root })).size).toBeGreaterThanOrEqual(100);
  });

  it('survive a directory that comes and goes', async () => {
    const root = await museRoot();
    const cache = await StatCache.open({ root });
    cache.record('a', fileStat(), idOf('hello'), await cache.boundary());
    await cache.save();
    const text = storedText(root);
    renameSync(join(root, '.muse'), join(root, 'away'));
    cache.prune(new Set());
    await expect(cache.save()).rejects.toMatchObject({ code: 'ENOENT' });
    expect(existsSync(join(root, '.muse'))).toBe(false);
    symlinkSync('away', join(root, '.muse'));
    await expect(cache.save()).rejects.toMatchObject({ code: 'ENOTREG' });
    rmSync(join(root, '.muse'));
    mkdirSync(join(root, '.muse'));
    expect(text).toContain('"a"');
    await cache.save();
    expect(storedText(root)).not.toContain('"a"');
  });
});
