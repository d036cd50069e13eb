import {
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { openLongPath } from '@muse/paths';
import { blobId } from '@muse/stat-cache';
import { createSnapshot, type Snapshot, type SnapshotOptions } from '@muse/snapshot';
import { makeDeepChain, removeTree } from '@muse/testkit';
import { describe, expect, it, onTestFinished } from 'vitest';
import { describeEachEngine } from './support/engines.js';
import { bareTree, expectTruth, missesOf, museTree } from './support/trees.js';

const many = Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`m/f${i}`, `content ${i}`]));

/** Takes a snapshot, and edits the tree when it is listed and nothing is hashed yet. */
async function snapshotEditing(
  root: string,
  edit: () => void,
  options: SnapshotOptions = {},
): Promise<Snapshot> {
  let edited = false;
  return createSnapshot(root, {
    ...options,
    onProgress: ({ phase }) => {
      if (phase !== 'hash' || edited) return;
      edited = true;
      edit();
    },
  });
}

const MIB = 1024 * 1024;
const content = (text: string) => blobId(Buffer.from(text));

type Edit = [what: string, edit: (root: string) => void];

const edits: Edit[] = [
  [
    'deletes a file',
    (root) => {
      unlinkSync(join(root, 'd/f'));
    },
  ],
  [
    'replaces a file by a link out of the root',
    (root) => {
      unlinkSync(join(root, 'd/f'));
      symlinkSync('/etc/passwd', join(root, 'd/f'));
    },
  ],
  [
    'replaces a file by a link to another file of the tree',
    (root) => {
      unlinkSync(join(root, 'd/f'));
      symlinkSync('g', join(root, 'd/f'));
    },
  ],
  [
    'replaces a file by a FIFO',
    (root) => {
      unlinkSync(join(root, 'd/f'));
      execFileSync('mkfifo', [join(root, 'd/f')]);
    },
  ],
  [
    'replaces a file by a directory',
    (root) => {
      unlinkSync(join(root, 'd/f'));
      mkdirSync(join(root, 'd/f/e'), { recursive: true });
      writeFileSync(join(root, 'd/f/e/new'), 'new');
    },
  ],
  [
    'replaces a file by another file',
    (root) => {
      writeFileSync(join(root, 'x'), 'moved over');
      renameSync(join(root, 'x'), join(root, 'd/f'));
    },
  ],
  [
    'writes a file',
    (root) => {
      writeFileSync(join(root, 'd/f'), 'written again');
    },
  ],
  [
    'swaps two files',
    (root) => {
      renameSync(join(root, 'd/f'), join(root, 'x'));
      renameSync(join(root, 'd/g'), join(root, 'd/f'));
      renameSync(join(root, 'x'), join(root, 'd/g'));
    },
  ],
  [
    'deletes a directory',
    (root) => {
      rmSync(join(root, 'd'), { recursive: true });
    },
  ],
  [
    'replaces a directory by a link out of the root',
    (root) => {
      rmSync(join(root, 'd'), { recursive: true });
      symlinkSync('/etc', join(root, 'd'));
    },
  ],
  [
    'replaces a directory by a file',
    (root) => {
      rmSync(join(root, 'd'), { recursive: true });
      writeFileSync(join(root, 'd'), 'a file now');
    },
  ],
  [
    'replaces a directory by another',
    (root) => {
      rmSync(join(root, 'd'), { recursive: true });
      mkdirSync(join(root, 'd'));
      writeFileSync(join(root, 'd/g'), 'of the other');
    },
  ],
];

const tree = { 'd/f': 'file', 'd/g': 'other', 'd/h/i': 'deep', k: 'kept' };

describeEachEngine(() => {
  describe.each([
    ['with a cache', {}],
    ['without one', { cache: false }],
  ] as const)('a snapshot that somebody edits after the listing, %s,', (_, options) => {
    it.each(edits)('tells the truth when he %s', async (_what, edit) => {
      const root = await museTree(tree);
      const snapshot = await snapshotEditing(
        root,
        () => {
          edit(root);
        },
        options,
      );
      await expectTruth(root, snapshot);
      expect(snapshot.stats.files).toBe(snapshot.stats.hits + missesOf(snapshot));
      await expectTruth(root, await createSnapshot(root, options));
    });
  });

  describe('a snapshot on threads', () => {
    it('tells the truth when all of that is done to it after the listing', async () => {
      const root = await museTree({ ...many, ...Object.fromEntries(edits.map((_, i) => [`e${i}`, tree])) });
      const editAll = () => {
        for (const [index, [, edit]] of edits.entries()) edit(join(root, `e${index}`));
      };
      await expectTruth(root, await snapshotEditing(root, editAll, { threads: 2 }));
      await expectTruth(root, await createSnapshot(root));
    });
  });

  describe('a snapshot during which', () => {
    // More files than are hashed without threads.
    it.each([
      ['on one thread', 1, {}],
      ['on threads', 2, many],
    ])('a link out replaces a directory holds nothing of what is outside, %s', async (_, threads, others) => {
      const outside = await bareTree({ f: 'secret', g: 'secret too' });
      const root = await museTree({ ...others, 'd/f': 'file', 'd/g': 'other' });
      const edit = () => {
        renameSync(join(root, 'd'), join(root, 'e'));
        symlinkSync(outside, join(root, 'd'));
      };
      const snapshot = await snapshotEditing(root, edit, { threads });
      expect([...snapshot.manifest.values()]).not.toContain(content('secret'));
      await expectTruth(root, snapshot);
    });

    it('every file is deleted is empty and complete', async () => {
      const root = await museTree({ a: '1', 'd/b': '2', 'd/e/c': '3' });
      const snapshot = await snapshotEditing(root, () => {
        for (const name of readdirSync(root))
          if (name !== '.muse') rmSync(join(root, name), { recursive: true });
      });
      expect(snapshot).toMatchObject({ complete: true, problems: [], stats: { files: 0, hits: 0 } });
    });

    it.runIf(process.platform === 'linux')(
      'a file beyond PATH_MAX is deleted is complete without it',
      async () => {
        const root = await museTree({ a: '1' });
        makeDeepChain(root, { depth: 50, name: 'n'.repeat(100), leaf: 'leaf' });
        const deep = Array.from({ length: 50 }, () => 'n'.repeat(100)).join('/');
        const snapshot = await snapshotEditing(root, () => {
          const reached = openLongPath(`${root}/${deep}/leaf`);
          unlinkSync(reached.path);
          reached.close();
        });
        expect(snapshot).toMatchObject({ complete: true, problems: [] });
        expect([...snapshot.manifest.keys()]).toEqual(['a']);
      },
    );

    it.each([
      ['is replaced', true, true],
      ['is replaced, with nothing to read,', true, false],
      ['is renamed', false, true],
    ])('its root %s is torn', async (_, isReplaced, isCold) => {
      const root = await museTree({ 'd/f': 'file', '.gitignore': '' });
      onTestFinished(() => removeTree(`${root}.moved`));
      if (!isCold) await createSnapshot(root);
      const snapshot = await snapshotEditing(root, () => {
        renameSync(root, `${root}.moved`);
        if (!isReplaced) return;
        mkdirSync(join(root, 'd'), { recursive: true });
        writeFileSync(join(root, 'd/f'), 'another');
      });
      expect(snapshot.complete).toBe(false);
      expect(snapshot.problems[0]).toMatchObject({ path: '', kind: 'torn' });
      expect([...snapshot.manifest.values()]).not.toContain(content('another'));
    });

    it('a file grows beyond what is read in one go has all of it', async () => {
      const root = await museTree({ a: '1', b: '2' });
      const snapshot = await snapshotEditing(root, () => {
        truncateSync(join(root, 'a'), 40 * MIB);
      });
      await expectTruth(root, snapshot);
    });

    it.each([
      ['a file grows huge', 1, ['k'], 16 * 1024 * MIB],
      ['a file grows huge', 2, ['k'], 16 * 1024 * MIB],
      ['many files grow', 2, Object.keys(many), 31 * MIB],
    ])('%s ends soon once it is aborted, by %i threads', async (_, threads, paths, size) => {
      const root = await museTree({ ...many, k: 'kept' });
      const abort = new AbortController();
      let aborted: NodeJS.CpuUsage | undefined;
      const grow = () => {
        for (const path of paths) truncateSync(join(root, path), size);
        setTimeout(() => {
          aborted = process.cpuUsage();
          abort.abort();
        }, 50);
      };
      const snapshot = snapshotEditing(root, grow, { threads, signal: abort.signal });
      await expect(snapshot).rejects.toThrow('aborted');
      // What others do takes no processor of this process.
      const { user, system } = process.cpuUsage(aborted);
      expect(user + system).toBeLessThan(1_500_000);
    });
  });
});
