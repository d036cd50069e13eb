import { lstatSync, truncateSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { toNativePath } from '@muse/paths';
import { createSnapshot, explain, openExplainer, type Explanation } from '@muse/snapshot';
import { blobId, StatCache, type FileStat, type ObjectId } from '@muse/stat-cache';
import { createMemoryStorage } from '@muse/stat-cache/memory';
import {
  fifo,
  hostileNames,
  makeDeepChain,
  makeTree,
  removeTree,
  socket,
  symlink,
  type TreeSpec,
} from '@muse/testkit';
import { describe, expect, it, onTestFinished } from 'vitest';

const id = (content: string): ObjectId => blobId(Buffer.from(content));

async function make(spec: TreeSpec): Promise<string> {
  const root = await makeTree(spec);
  onTestFinished(() => removeTree(root));
  return root;
}

const statOf = (root: string, path: string): FileStat =>
  lstatSync(toNativePath(root, path), { bigint: true });

/** A cache that vouches for a file of this content under this stat. */
async function cacheWith(root: string, path: string, stat: FileStat, content: string): Promise<StatCache> {
  const cache = await StatCache.open({ root, storage: createMemoryStorage() });
  cache.record(path, stat, id(content), stat.ctimeNs + 3_600_000_000_000n);
  return cache;
}

describe('explain() of a regular file', () => {
  it('is a hit where the cache vouches for it', async () => {
    const root = await make({ 'd/f': 'x' });
    const cache = await cacheWith(root, 'd/f', statOf(root, 'd/f'), 'x');
    expect(await explain(root, 'd/f', { cache })).toEqual({ outcome: 'hit', objectId: id('x') });
  });

  it.each<[string, Partial<FileStat>]>([
    ['size', { size: 7n }],
    ['mtime', { mtimeNs: 1_000_000_001n }],
    ['ctime', { ctimeNs: 1_000_000_001n }],
    ['inode', { ino: 1n }],
  ])('is a miss that shows the %s before and after', async (reason, change) => {
    const root = await make({ f: 'x' });
    const now = statOf(root, 'f');
    const { dev, ino, size, mtimeNs, ctimeNs } = now;
    const cache = await cacheWith(root, 'f', { dev, ino, size, mtimeNs, ctimeNs, ...change }, 'x');
    const [field, before] = Object.entries(change)[0] ?? [];
    const after = now[field as keyof FileStat];
    expect(await explain(root, 'f', { cache })).toEqual({ outcome: 'miss', reason, before, after });
  });

  it('is a miss where the cache lacks it, or vouches for nothing', async () => {
    const root = await make({ f: 'x', g: 'y', '.muse/cache/stat.json': 'broken' });
    const isNew = { outcome: 'miss', reason: 'new', probablyRacy: false };
    const cache = await cacheWith(root, 'g', statOf(root, 'g'), 'y');
    expect(await explain(root, 'f', { cache })).toEqual(isNew);
    expect(await explain(root, 'f', { cache: false })).toEqual(isNew);
    cache.record('f', statOf(root, 'f'), id('x'));
    expect(await explain(root, 'f', { cache })).toEqual({ outcome: 'miss', reason: 'racy' });
    const reset = { outcome: 'miss', reason: 'cache-reset', discarded: 'not-json' };
    expect(await explain(root, 'f')).toEqual(reset);
  });

  it('guesses that it was racy where it changed shortly before the cache was saved', async () => {
    const root = await make({ f: '', '.muse/cache/stat.json': '{"version":3,"entries":{}}' });
    // The more bytes, the longer a write may have been under way: some six seconds for these, and nobody reads them.
    truncateSync(join(root, 'f'), 100_000_000);
    const stored = join(root, '.muse/cache/stat.json');
    const changed = Number(statOf(root, 'f').ctimeNs) / 1e9;
    for (const [after, probablyRacy] of [
      [-1, false],
      [1, true],
      [60, false],
    ] as const) {
      utimesSync(stored, changed + after, changed + after);
      expect(await explain(root, 'f')).toEqual({ outcome: 'miss', reason: 'new', probablyRacy });
    }
  });
});

describe('explain() of what is left out', () => {
  it('names the rule, its place, and the directory that it leaves out', async () => {
    const root = await make({
      '.museignore':
        "[global]\npatterns = ['*.o', '!keep.o']\n[domain.code]\npatterns = [\n  '/build/',\n]\n",
      build: { out: { 'a.c': '' }, 'keep.o': '' },
      'src/build/a.c': '',
      'src/a.o': '',
      'src/keep.o': '',
    });
    const file = join(root, '.museignore');
    const build = { pattern: '/build/', table: 'domain.code', line: 5, file };
    const explainer = await openExplainer(root);
    const outcomes: [string, object][] = [
      ['build', { outcome: 'ignored', at: 'build', rule: build }],
      ['build/out/a.c', { outcome: 'ignored', at: 'build', rule: build }],
      ['build/keep.o', { outcome: 'ignored', at: 'build', rule: build }],
      [
        'src/a.o',
        { outcome: 'ignored', at: 'src/a.o', rule: { pattern: '*.o', table: 'global', line: 2, file } },
      ],
      ['src/keep.o', { outcome: 'miss' }],
      ['src/build/a.c', { outcome: 'miss' }],
      ['build/absent', { outcome: 'ignored', at: 'build' }],
    ];
    for (const [path, outcome] of outcomes)
      expect(await explainer.explain(path), path).toMatchObject(outcome);
    expect(await explain(root, 'build/keep.o', { ignore: false })).toMatchObject({ outcome: 'miss' });
    const ignore = { ignores: (path: string, directory: boolean) => directory && path === 'src' };
    expect(await explain(root, 'src/a.o', { ignore })).toEqual({
      outcome: 'ignored',
      at: 'src',
      rule: undefined,
    });
  });

  it('names what is reserved, special, absent, or a directory', async () => {
    const root = await make({
      '.git/HEAD': '',
      'sub/.muse/x': '',
      file: '',
      links: { file: symlink('../file'), dir: symlink('../sub'), nowhere: symlink('x') },
      pipe: fifo(),
      sock: socket(),
      empty: {},
      '.museignore': "[global]\npatterns = ['pipe', '.git']",
    });
    const outcomes: [string, Explanation][] = [
      ['.git', { outcome: 'reserved', at: '.git' }],
      ['.git/HEAD', { outcome: 'reserved', at: '.git' }],
      ['sub/.muse/x', { outcome: 'reserved', at: 'sub/.muse' }],
      ['sub/.git', { outcome: 'absent', at: 'sub/.git' }],
      ['links/file', { outcome: 'special', at: 'links/file', kind: 'symlink' }],
      ['links/dir/.muse/x', { outcome: 'special', at: 'links/dir', kind: 'symlink' }],
      ['links/nowhere', { outcome: 'special', at: 'links/nowhere', kind: 'symlink' }],
      // Its kind is what a scan sees first.
      ['pipe', { outcome: 'special', at: 'pipe', kind: 'fifo' }],
      ['sock', { outcome: 'special', at: 'sock', kind: 'socket' }],
      ['gone', { outcome: 'absent', at: 'gone' }],
      ['gone/further', { outcome: 'absent', at: 'gone' }],
      ['file/below', { outcome: 'absent', at: 'file/below' }],
      ['empty', { outcome: 'directory' }],
      ['', { outcome: 'directory' }],
    ];
    const explainer = await openExplainer(root);
    for (const [path, outcome] of outcomes) expect(await explainer.explain(path), path).toEqual(outcome);
  });

  it.runIf(process.platform === 'linux')('names where another file system is mounted', async () => {
    const options = { cache: false, ignore: false } as const;
    const outside = { outcome: 'outside', at: 'proc' };
    expect(await explain('/', 'proc', { ...options, oneFileSystem: true })).toEqual(outside);
    expect(await explain('/', 'proc/self/stat', { ...options, oneFileSystem: true })).toEqual(outside);
    expect(await explain('/', 'proc', options)).toEqual({ outcome: 'directory' });
    expect(await explain('/', 'proc/version', options)).toMatchObject({ outcome: 'miss' });
  });
});

describe('explain()', () => {
  it('agrees with a snapshot about every path', async () => {
    const names = new Map(hostileNames.map((name) => [name, '# x'] as const));
    const root = await make({
      '.muse/cache': {},
      names,
      old: { 'a.log': '', 'b.log': '', c: '' },
      link: symlink('old'),
      '.museignore': "[global]\npatterns = ['*.log', '!b.log', '/old/c/']",
    });
    const { manifest } = await createSnapshot(root);
    const explainer = await openExplainer(root);
    for (const [path, objectId] of manifest) {
      const explanation = await explainer.explain(path);
      // What is not stored yet was racy.
      if (explanation.outcome === 'hit') expect(explanation).toEqual({ outcome: 'hit', objectId });
      else expect(explanation, path).toMatchObject({ outcome: 'miss', reason: 'new' });
    }
    expect(manifest.size).toBe(hostileNames.length + 3);
    expect(await explainer.explain('old/a.log')).toMatchObject({ outcome: 'ignored' });
    expect(await explainer.explain('link/c')).toMatchObject({ outcome: 'special' });
  });

  it.runIf(process.platform === 'linux')('reaches beyond PATH_MAX', async () => {
    const root = await make({});
    const name = 'd'.repeat(200);
    makeDeepChain(root, { depth: 25, name, leaf: 'leaf' });
    const path = `${`${name}/`.repeat(25)}leaf`;
    expect(await explain(root, path)).toMatchObject({ outcome: 'miss', reason: 'new' });
  });

  it('writes nothing, and keeps the cache that it was given as it is', async () => {
    const root = await make({ '.muse/cache': {}, f: 'x' });
    const before = lstatSync(join(root, '.muse/cache')).ctimeMs;
    const cache = await StatCache.open({ root });
    await explain(root, 'f', { cache });
    await explain(root, 'f');
    expect(cache.dirty).toBe(false);
    expect(lstatSync(join(root, '.muse/cache')).ctimeMs).toBe(before);
  });

  it('rejects what is no tree path, no root, or a cache of another root', async () => {
    const root = await make({ f: 'x' });
    for (const path of ['/f', '../f', 'f/', './f', 'a//b']) {
      await expect(explain(root, path)).rejects.toThrow(SyntaxError);
    }
    await expect(explain(join(root, 'f'), 'x')).rejects.toMatchObject({ code: 'ENOTDIR' });
    const cache = await StatCache.open({ root: await make({}) });
    await expect(explain(root, 'f', { cache })).rejects.toThrow(RangeError);
  });
});

describe('explain() of what cannot be statted', () => {
  it('asks the rules first, as a file and as a directory', async () => {
    const root = await make({ f: 'x' });
    const path = 'x'.repeat(300);
    expect(await explain(root, path)).toMatchObject({ outcome: 'unreadable', problem: { path } });
    expect(await explain(root, path, { exclude: ['x*'] })).toMatchObject({ outcome: 'ignored', at: path });
    expect(await explain(root, path, { exclude: ['x*/'] })).toMatchObject({ outcome: 'unreadable' });
  });
});
