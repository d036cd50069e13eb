import { chmodSync, existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createSnapshot, SnapshotIncompleteError, type Snapshot } from '@muse/snapshot';
import { StatCache } from '@muse/stat-cache';
import { createMemoryStorage } from '@muse/stat-cache/memory';
import { giveToOrdinaryUser, ordinaryUser } from '@muse/testkit';
import { describe, expect, it } from 'vitest';
import { describeEachEngine } from './support/engines.js';
import { runNode } from './support/run-node.js';
import { cachedPaths, expectTruth, museTree } from './support/trees.js';

type PlainSnapshot = Omit<Snapshot, 'manifest' | 'saveError'> & {
  manifest: [string, string][];
  saveError?: string;
};

const tree = {
  a: 'a',
  'd/open': 'open',
  'd/secret': 'secret',
  'locked/x': 'x',
  'locked/y/z': 'z',
  'searchless/p': 'p',
  'searchless/q/r': 'r',
};

/** A tree that belongs to the ordinary user, with everything in its cache. */
async function ownedTree(): Promise<string> {
  const root = await museTree(tree);
  await createSnapshot(root);
  await giveToOrdinaryUser(root);
  return root;
}

function snapshotAsOrdinaryUser(root: string, options = {}): Promise<PlainSnapshot> {
  const given = JSON.stringify({ threads: 1, ...options });
  const script = `answer(plain(await createSnapshot(${JSON.stringify(root)}, ${given})));`;
  return runNode(script, { ordinary: true }) as Promise<PlainSnapshot>;
}

const paths = ({ manifest }: PlainSnapshot) => manifest.map(([path]) => path);

describe('SnapshotIncompleteError', () => {
  it('says what the first problem is, and how many there are', () => {
    const problem = {
      path: 'a"b',
      kind: 'torn',
      operation: 'read',
      code: 'ETORN',
      message: 'it moved',
    } as const;
    const one = new SnapshotIncompleteError('/r', [problem]);
    expect(one).toMatchObject({ name: 'SnapshotIncompleteError', code: 'EINCOMPLETE', problems: [problem] });
    expect(one.message).toBe('Cannot build a complete manifest of "/r": cannot read "a\\"b": it moved');
    expect(new SnapshotIncompleteError('/r', [problem, problem, problem]).message).toMatch(/, and 2 more$/);
  });
});

describeEachEngine(() => {
  describe.runIf(ordinaryUser() !== undefined)('a snapshot by somebody whom permissions bind', () => {
    it('is complete where he may read everything', async () => {
      const root = await ownedTree();
      const snapshot = await snapshotAsOrdinaryUser(root);
      expect(snapshot).toMatchObject({ complete: true, problems: [] });
      expect(paths(snapshot)).toEqual(Object.keys(tree));
    });

    it('names a file that he may not read, once its content must be read, and has all others', async () => {
      const root = await ownedTree();
      chmodSync(join(root, 'd/secret'), 0);
      const snapshot = await snapshotAsOrdinaryUser(root);
      expect(snapshot.complete).toBe(false);
      expect(snapshot.problems).toEqual([
        {
          path: 'd/secret',
          kind: 'unreadable',
          operation: 'open',
          code: 'EACCES',
          message: 'permission denied',
        },
      ]);
      expect(paths(snapshot)).toEqual(Object.keys(tree).filter((path) => path !== 'd/secret'));
      expect(snapshot.stats.files).toBe(snapshot.manifest.length);
    });

    it('names a directory that he may not list, and keeps the cache of what is below', async () => {
      const root = await ownedTree();
      chmodSync(join(root, 'locked'), 0o311);
      rmSync(join(root, 'a'));
      const snapshot = await snapshotAsOrdinaryUser(root);
      expect(snapshot.complete).toBe(false);
      expect(snapshot.problems).toMatchObject([
        { path: 'locked', kind: 'unreadable', operation: 'readdir', code: 'EACCES' },
      ]);
      expect(paths(snapshot)).toEqual(['d/open', 'd/secret', 'searchless/p', 'searchless/q/r']);
      expect(snapshot.stats).toMatchObject({ pruned: 1 });
      chmodSync(join(root, 'locked'), 0o755);
      expect(await cachedPaths(root)).toEqual(Object.keys(tree).filter((path) => path !== 'a'));
    });

    it('names each entry of a directory that he may list but not search, and keeps their cache', async () => {
      const root = await ownedTree();
      chmodSync(join(root, 'searchless'), 0o444);
      const snapshot = await snapshotAsOrdinaryUser(root);
      expect(snapshot.complete).toBe(false);
      expect(snapshot.problems).toMatchObject([
        { path: 'searchless/p', kind: 'unreadable', operation: 'lstat', code: 'EACCES' },
        { path: 'searchless/q', kind: 'unreadable', operation: 'lstat', code: 'EACCES' },
      ]);
      expect(paths(snapshot)).toEqual(['a', 'd/open', 'd/secret', 'locked/x', 'locked/y/z']);
      chmodSync(join(root, 'searchless'), 0o755);
      expect(await cachedPaths(root)).toEqual(Object.keys(tree));
    });

    it('is as incomplete without a cache, and on threads', async () => {
      const root = await ownedTree();
      chmodSync(join(root, 'd/secret'), 0);
      chmodSync(join(root, 'locked'), 0);
      const bare = await snapshotAsOrdinaryUser(root, { cache: false });
      expect(bare.problems.map(({ path }) => path)).toEqual(['d/secret', 'locked']);
    });

    it('is complete again once he may read', async () => {
      const root = await ownedTree();
      chmodSync(join(root, 'locked'), 0);
      await snapshotAsOrdinaryUser(root);
      chmodSync(join(root, 'locked'), 0o755);
      const snapshot = await snapshotAsOrdinaryUser(root);
      expect(snapshot).toMatchObject({ complete: true, stats: { files: 7, pruned: 0 } });
    });

    it('rejects as a manifest, with all problems', async () => {
      const root = await ownedTree();
      chmodSync(join(root, 'd/secret'), 0);
      chmodSync(join(root, 'locked'), 0);
      const script = `
      const error = await buildSnapshotManifest(${JSON.stringify(root)}).catch((error) => error);
      answer([error instanceof muse.SnapshotIncompleteError, error.code, error.message, error.problems]);`;
      const [isOurs, code, message, problems] = (await runNode(script, { ordinary: true })) as unknown[];
      expect([isOurs, code]).toEqual([true, 'EINCOMPLETE']);
      expect(message).toBe(
        `Cannot build a complete manifest of ${JSON.stringify(root)}: cannot open "d/secret": permission denied, and 1 more`,
      );
      expect(problems).toMatchObject([{ path: 'd/secret' }, { path: 'locked' }]);
    });

    it('rejects for a root that he may not enter', async () => {
      const root = await ownedTree();
      chmodSync(root, 0);
      await expect(snapshotAsOrdinaryUser(root)).rejects.toThrow(/EACCES/);
      chmodSync(root, 0o755);
    });
  });

  describe.runIf(ordinaryUser() !== undefined)('a cache that cannot be saved', () => {
    it.each([
      ['.muse/cache', 0o555],
      ['.muse', 0o555],
    ])('because %s is read-only costs nobody the snapshot', async (directory, mode) => {
      const root = await museTree({ a: 'a', 'd/b': 'b' });
      await createSnapshot(root);
      if (directory === '.muse') rmSync(join(root, '.muse/cache'), { recursive: true });
      writeFileSync(join(root, 'd/c'), 'c');
      await giveToOrdinaryUser(root);
      chmodSync(join(root, directory), mode);
      const snapshot = await snapshotAsOrdinaryUser(root);
      chmodSync(join(root, directory), 0o755);
      expect(snapshot).toMatchObject({ complete: true, problems: [] });
      expect(paths(snapshot)).toEqual(['a', 'd/b', 'd/c']);
      // Without a cache directory there is no clock but the local one, by which new files are racy for 3 s: then there
      // is nothing to be saved.
      const nothingToSave = directory === '.muse' && snapshot.stats.racy === 3;
      if (!nothingToSave) {
        expect(snapshot.saveError).toMatch(/^CacheNotSavedError: Cannot save the stat cache .*EACCES/);
      }
      await expectTruth(root, await createSnapshot(root));
    });

    it('is no error where nothing had to be saved', async () => {
      const root = await museTree({ a: 'a' });
      await createSnapshot(root);
      await giveToOrdinaryUser(root);
      const first = await snapshotAsOrdinaryUser(root);
      expect(first.saveError).toBeUndefined();
      chmodSync(join(root, '.muse/cache'), 0o555);
      const second = await snapshotAsOrdinaryUser(root);
      chmodSync(join(root, '.muse/cache'), 0o755);
      expect(second).toMatchObject({ complete: true, stats: { hits: 1 } });
      expect(second.saveError).toBeUndefined();
    });
  });

  describe.runIf(existsSync('/proc/sys/kernel/random'))('a file system whose sizes lie', () => {
    // Its files are empty by their stat, and have content.
    const root = '/proc/sys/kernel/random';

    it('has its files hashed and listed, and never cached', async () => {
      const cache = await StatCache.open({ root, storage: createMemoryStorage() });
      for (let run = 0; run < 2; run++) {
        const snapshot = await createSnapshot(root, { cache, threads: 1 });
        expect([...snapshot.manifest.keys()]).toEqual(expect.arrayContaining(['poolsize', 'uuid']));
        expect(snapshot.stats).toMatchObject({
          hits: 0,
          hashedFiles: snapshot.stats.files,
          pruned: 0,
          racy: 0,
        });
        expect(snapshot.stats.bytes).toBeGreaterThan(0);
        expect(snapshot.stats.bytes).toBe(snapshot.stats.hashedBytes);
        expect(cache.size).toBe(0);
      }
    });

    it('gives another content each time there is one', async () => {
      const [first, second] = [await createSnapshot(root), await createSnapshot(root)];
      expect(first.manifest.get('uuid')).not.toBe(second.manifest.get('uuid'));
      expect(first.manifest.get('poolsize')).toBe(second.manifest.get('poolsize'));
    });
  });
});
