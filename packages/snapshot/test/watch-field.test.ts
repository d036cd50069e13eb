import { spawnSync } from 'node:child_process';
import { appendFileSync, existsSync, linkSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createSnapshot, type SnapshotterOptions } from '@muse/snapshot';
import { recordingLogger } from '@muse/testkit';
import { describe, expect, it } from 'vitest';
import type { EventSource } from '../src/lib/watch/events.js';
import { runNode } from './support/run-node.js';
import { bareTree, museTree } from './support/trees.js';
import { ask, hasEvents, watchSettled } from './support/watching.js';

const canMount = spawnSync('unshare', ['-Urm', 'mount', '-t', 'tmpfs', 'none', '/mnt']).status === 0;

/**
 * Watches a tree in a mount name space of its own, and runs steps, with `sh` for commands and `write`, after each of which
 * `await ask()` expects what a scan says. Returns how each answer was found out.
 *
 * @param root - JavaScript that spells the root, in a directory `top`.
 * @param before - what is done before it is watched.
 */
async function watchMounted(
  root: string,
  before: string,
  steps: string,
  options: SnapshotterOptions = {},
): Promise<unknown> {
  const top = await bareTree();
  return runNode(
    `
    const { execFileSync } = await import('node:child_process');
    const { setTimeout: sleep } = await import('node:timers/promises');
    const { dirname, join } = await import('node:path');
    const fs = await import('node:fs');
    const top = ${JSON.stringify(top)};
    const root = ${root};
    const sh = (command, ...args) => execFileSync('sh', ['-ec', command, 'sh', ...args]);
    const write = (path, text) => {
      fs.mkdirSync(dirname(path), { recursive: true });
      fs.writeFileSync(path, text);
    };
    fs.mkdirSync(join(root, '.muse'), { recursive: true });
    ${before}
    const options = ${JSON.stringify({ ...options, threads: 1 })};
    const snapshotter = await openSnapshotter(root, { ...options, watch: true });
    await snapshotter.snapshot();
    // Until all files are known well, so that no directory is listed that nothing told of.
    for (let hashed = 1; hashed > 0; ) {
      await sleep(30);
      hashed = (await snapshotter.snapshot()).stats.hashedFiles;
    }
    const said = [];
    const ask = async () => {
      const { id, by } = await snapshotter.snapshot();
      const truth = await createSnapshot(root, { ...options, cache: false });
      said.push(id === truth.id ? by : 'stale');
    };
    ${steps}
    await snapshotter.close();
    answer(said);`,
    { before: 'unshare -Urm' },
  );
}

describe.skipIf(!hasEvents || !canMount)('an answer by events tells', () => {
  it('of a directory that is in the tree twice, by either path', async () => {
    const before = `
      write(root + '/a/b/c', 'c');
      fs.mkdirSync(root + '/again');
      sh('mount --bind "$1" "$2"', root + '/a', root + '/again');`;
    const steps = `
      for (const path of ['a/b/c', 'again/b/c', 'a/b/d', 'again/b/e']) {
        write(join(root, path), path);
        await ask();
      }
      fs.rmSync(root + '/a/b', { recursive: true });
      await ask();
      write(root + '/a/b/c', 'new');
      await ask();
      write(root + '/again/b/c', 'newer');
      await ask();`;
    expect(await watchMounted('top', before, steps)).toEqual(Array.from({ length: 7 }, () => 'events'));
  });

  it('of rules in a directory that is in the tree twice, for what is mounted below it', async () => {
    const before = `
      write(root + '/a/b/under', '');
      fs.mkdirSync(root + '/again');
      write(top + '/over/d/f', '');
      for (const name of ['objects', 'refs']) fs.mkdirSync(join(root, '.git', name), { recursive: true });
      write(root + '/.git/HEAD', 'ref: refs/heads/main');
      sh('mount --bind "$1" "$2"', root + '/a', root + '/again');
      sh('mount --bind "$1" "$2"', top + '/over', root + '/a/b');`;
    const steps = `
      write(root + '/again/.gitignore', 'f');
      await ask();`;
    expect(await watchMounted(`top + '/root'`, before, steps, { gitignore: true })).toEqual(['scan']);
  });

  it('of a directory that a rule leaves out no longer where it is in the tree again', async () => {
    const before = `
      write(root + '/a/f', '');
      write(root + '/d/.gitignore', 'again');
      fs.mkdirSync(root + '/d/again');
      for (const name of ['objects', 'refs']) fs.mkdirSync(join(root, '.git', name), { recursive: true });
      write(root + '/.git/HEAD', 'ref: refs/heads/main');
      sh('mount --bind "$1" "$2"', root + '/a', root + '/d/again');`;
    const steps = `
      write(root + '/d/.gitignore', '');
      await ask();
      write(root + '/a/f', 'new');
      await ask();`;
    expect(await watchMounted('top', before, steps, { gitignore: true })).toEqual(['events', 'events']);
  });

  it('of a file that is mounted over another', async () => {
    const before = `
      write(root + '/d/f', 'under');
      write(top + '/source', 'over');
      sh('mount --bind "$1" "$2"', top + '/source', root + '/d/f');`;
    const steps = `
      fs.appendFileSync(root + '/d/f', '!');
      await ask();
      fs.appendFileSync(top + '/source', '!');
      await ask();`;
    expect(await watchMounted(`top + '/root'`, before, steps)).toEqual(['events', 'events']);
  });

  it.each(['C#', '\u0001', 'a b\n\t\\'])('of what is mounted in a root named %j', async (name) => {
    const steps = `
      sh('mount -t tmpfs none "$1" && echo f > "$1"/f', root + '/d');
      await ask();
      sh('umount "$1"', root + '/d');
      await ask();`;
    const root = `join(top, ${JSON.stringify(name)})`;
    expect(await watchMounted(root, `fs.mkdirSync(root + '/d');`, steps)).toEqual(['scan', 'scan']);
  });

  it('of a mount in the tree that one above the tree has hidden', async () => {
    const before = `
      write(root + '/d/f', 'under');
      sh('mount -t tmpfs none "$1" && echo over > "$1"/f && mount --bind "$2" "$2"', root + '/d', top);`;
    const steps = `
      sh('umount "$1"', top);
      await ask();
      sh('mount --bind "$1" "$1"', top);
      await ask();`;
    expect(await watchMounted(`top + '/root'`, before, steps)).toEqual(['scan', 'scan']);
  });
});

it.skipIf(!hasEvents)('a directory that was renamed is not listed at each question', async () => {
  const [root, outside] = [await museTree({ 'd/a': 'a' }), await bareTree()];
  const snapshotter = await watchSettled(root);
  renameSync(join(root, 'd'), join(root, 'e'));
  expect(await ask(snapshotter)).toBe('events');
  // Only listing it would tell of these.
  linkSync(join(root, 'e/a'), join(outside, 'link'));
  appendFileSync(join(outside, 'link'), '!');
  const { id } = await createSnapshot(root, { cache: false, threads: 1 });
  expect((await snapshotter.snapshot()).id).not.toBe(id);
});

it.skipIf(!hasEvents)(
  'an answer by events has the texts of the rules that count, and no others',
  async () => {
    const repository = {
      HEAD: 'ref: refs/heads/main',
      'objects/.keep': '',
      'refs/.keep': '',
      'info/exclude': 'x',
    };
    const inGit = (at: string) =>
      Object.entries(repository).map(([name, text]) => [`${at}.git/${name}`, text]);
    const root = await museTree(
      Object.fromEntries([
        ...inGit(''),
        ...inGit('sub/'),
        ['.gitignore', 'a'],
        ['d/.gitignore', 'b'],
        ['d/e/.gitignore', 'c'],
        ['moved/.gitignore', 'd'],
        ['sub/f', ''],
      ]) as Record<string, string>,
    );
    const options = { gitignore: true };
    const snapshotter = await watchSettled(root, options);
    const files = async () => {
      expect(await ask(snapshotter, options)).toBe('events');
      return (await snapshotter.snapshot()).rules?.map(({ file }) => file);
    };
    const own = ['.git/info/exclude', '.gitignore'];
    const below = ['d/.gitignore', 'd/e/.gitignore', 'moved/.gitignore', 'sub/.git/info/exclude'];
    expect(await files()).toEqual([...own, ...below]);
    rmSync(join(root, 'd/.gitignore'));
    expect(await files()).toEqual([...own, ...below.slice(1)]);
    rmSync(join(root, 'sub/.git/info/exclude'));
    expect(await files()).toEqual([...own, ...below.slice(1, 3)]);
    renameSync(join(root, 'moved'), join(root, 'd/there'));
    expect(await files()).toEqual([...own, 'd/e/.gitignore', 'd/there/.gitignore']);
    rmSync(join(root, 'd'), { recursive: true });
    expect(await files()).toEqual(own);
    rmSync(join(root, '.gitignore'));
    expect(await files()).toEqual(own.slice(0, 1));
  },
);

/** Edits a tree once all events were heard, before what they told of is listed. */
class Late {
  edit: (() => void) | undefined;

  readonly over = (source: EventSource): EventSource => ({
    descriptor: source.descriptor,
    read: (buffer) => {
      const bytes = source.read(buffer);
      const { edit } = this;
      if (bytes > 0 || !edit) return bytes;
      this.edit = undefined;
      edit();
      return 0;
    },
    remove: source.remove.bind(source),
    close: source.close.bind(source),
  });
}

describe.skipIf(!hasEvents)('a directory that goes while a question is under way', () => {
  it.each(['is removed', 'is moved out'])(
    'and %s leaves a file up to date that was written by a name in it',
    async (how) => {
      const [root, outside, late] = [
        await museTree({ 'd/x': 'x', 'e/a': 'a', f: 'f' }),
        await bareTree(),
        new Late(),
      ];
      const snapshotter = await watchSettled(root, { events: late.over });
      writeFileSync(join(root, 'f'), 'new');
      late.edit = () => {
        linkSync(join(root, 'e/a'), join(root, 'd/link'));
        appendFileSync(join(root, 'd/link'), '!');
        rmSync(join(root, 'd/link'));
        if (how === 'is removed') rmSync(join(root, 'd'), { recursive: true });
        else renameSync(join(root, 'd'), join(outside, 'd'));
      };
      await snapshotter.snapshot();
      await ask(snapshotter);
    },
  );

  it('and is made again costs no scan, though it has the same number', async () => {
    const [root, late] = [await museTree({ 'd/x': 'x' }), new Late()];
    const snapshotter = await watchSettled(root, { events: late.over });
    writeFileSync(join(root, 'd/x'), 'new');
    late.edit = () => {
      rmSync(join(root, 'd'), { recursive: true });
      mkdirSync(join(root, 'd'));
    };
    await snapshotter.snapshot();
    expect([await ask(snapshotter), await ask(snapshotter)]).toEqual(['events', 'events']);
  });
});

describe.skipIf(!hasEvents)('a snapshotter that is closed', () => {
  it.each(['gone', 'replaced'])('saves nothing where its root is %s, and warns of nothing', async (how) => {
    const [above, logger] = [await bareTree({ 'root/.muse': {}, 'root/f': 'f' }), recordingLogger()];
    const root = join(above, 'root');
    const snapshotter = await watchSettled(root, { logger });
    writeFileSync(join(root, 'f'), 'new');
    await ask(snapshotter);
    renameSync(root, join(above, 'old'));
    if (how === 'replaced') mkdirSync(join(root, '.muse'), { recursive: true });
    await snapshotter.close();
    expect(existsSync(join(root, '.muse/cache'))).toBe(false);
    expect(logger.messages.warn).toEqual([]);
  });

  it('says in one line why nothing was saved', async () => {
    const [root, logger] = [await museTree({ f: 'f' }), recordingLogger()];
    const snapshotter = await watchSettled(root, { logger });
    writeFileSync(join(root, 'f'), 'new');
    await ask(snapshotter);
    rmSync(join(root, '.muse'), { recursive: true });
    writeFileSync(join(root, '.muse'), '');
    await snapshotter.close();
    expect(logger.messages.warn).toEqual([
      expect.stringMatching(
        /^The cache was not saved: Cannot save the stat cache "[^"]*": "[^"]*" is not a real directory/,
      ),
    ]);
  });
});
