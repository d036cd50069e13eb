import { chmodSync, chownSync, lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { cacheDir, museDir, statCachePath } from '@muse/paths';
import { describe, expect, it } from 'vitest';
import { makeCachedTree } from './support/cached-tree.js';
import { fingerprint } from './support/fingerprint.js';
import { noMounts, openMountNamespace } from './support/mount-namespace.js';
import { noOrdinaryUser } from './support/muse-process.js';
import { takeSnapshot } from './support/snapshot-answer.js';

const ROOT = 0;
const notRoot = process.getuid?.() === ROOT ? undefined : 'only root can give a file to somebody else';

function giveToRoot(path: string): void {
  for (const name of lstatSync(path).isDirectory() ? readdirSync(path) : []) giveToRoot(join(path, name));
  chownSync(path, ROOT, ROOT);
}

interface Case {
  readonly change: (root: string) => void;
  readonly warning: RegExp;
  /** Of four files, those whose object id still comes from the cache. */
  readonly hits: number;
  readonly impossible?: string | undefined;
}

const notSaved = /not saved: permission denied \(EACCES\)/;
const notRead = /every file is read again: .*EACCES/;

const cases: Record<string, Case> = {
  '.muse/cache may not be written to': {
    change: (root) => {
      chmodSync(cacheDir(root), 0o555);
    },
    warning: notSaved,
    hits: 3,
  },
  '.muse/cache may neither be listed nor written to': {
    change: (root) => {
      chmodSync(cacheDir(root), 0o111);
    },
    warning: notSaved,
    hits: 3,
  },
  '.muse/cache may not be entered': {
    change: (root) => {
      chmodSync(cacheDir(root), 0o666);
    },
    warning: notRead,
    hits: 0,
  },
  '.muse may not be entered': {
    change: (root) => {
      chmodSync(museDir(root), 0);
    },
    warning: notRead,
    hits: 0,
  },
  'neither the cache may be read nor another be put in its place': {
    change: (root) => {
      chmodSync(statCachePath(root), 0);
      chmodSync(cacheDir(root), 0o555);
    },
    warning: notRead,
    hits: 0,
  },
  '.muse belongs to somebody else, and everybody may read it': {
    change: (root) => {
      giveToRoot(museDir(root));
    },
    warning: notSaved,
    hits: 3,
    impossible: notRoot,
  },
  '.muse belongs to somebody else, who keeps it private': {
    change: (root) => {
      giveToRoot(museDir(root));
      chmodSync(museDir(root), 0o700);
    },
    warning: notRead,
    hits: 0,
    impossible: notRoot,
  },
};

describe('for an ordinary user', () => {
  it.concurrent.for(Object.entries(cases))(
    'a snapshot is right, and warns, where %s',
    async ([, test], { expect, skip }) => {
      const reason = noOrdinaryUser ?? test.impossible;
      skip(reason !== undefined, reason);
      await using tree = await makeCachedTree({ ordinary: true });
      test.change(tree.root);
      const before = fingerprint(museDir(tree.root));
      const { code, answer, document, warnings } = await takeSnapshot(tree.root, { ordinary: true });
      expect({ code, answer }).toEqual({ code: 0, answer: tree.answer });
      expect(document).toMatchObject({ problems: [], stats: { hits: test.hits } });
      expect(warnings).toContainEqual(expect.stringMatching(test.warning));
      expect(fingerprint(museDir(tree.root))).toEqual(before);
    },
  );

  it('a cache is saved over one that may not be written to, in a directory that may', async ({ skip }) => {
    skip(noOrdinaryUser !== undefined, noOrdinaryUser);
    await using tree = await makeCachedTree({ ordinary: true });
    chmodSync(statCachePath(tree.root), 0o444);
    const { code, warnings } = await takeSnapshot(tree.root, { ordinary: true });
    expect({ code, warnings }).toEqual({ code: 0, warnings: [] });
    const { document } = await takeSnapshot(tree.root, { ordinary: true });
    expect(document.stats).toMatchObject({ hits: 4, hashed_files: 0 });
  });
});

describe('on a device mounted read-only', () => {
  it.concurrent.for(['.', '.muse', '.muse/cache'])(
    'a snapshot is right, and warns, where that is %s',
    async (path, { expect, skip }) => {
      skip(noMounts !== undefined, noMounts);
      await using tree = await makeCachedTree();
      await using namespace = await openMountNamespace();
      const place = join(tree.root, path);
      await namespace.shell(`mount --bind '${place}' '${place}' && mount -o remount,ro,bind '${place}'`);
      const before = fingerprint(museDir(tree.root));
      const { code, answer, document, warnings } = await takeSnapshot(tree.root, { within: namespace.enter });
      expect({ code, answer }).toEqual({ code: 0, answer: tree.answer });
      expect(document).toMatchObject({ problems: [], stats: { hits: 3 } });
      expect(warnings).toContainEqual(expect.stringMatching(/not saved: read-only file system \(EROFS\)/));
      expect(fingerprint(museDir(tree.root))).toEqual(before);
    },
  );
});
