import { isDeepStrictEqual } from 'node:util';
import { effort, seededRandom } from '@muse/testkit';
import { describe, expect, it } from 'vitest';
import {
  directory,
  FakeCalls,
  type FakeNode,
  file,
  special,
  systemError,
} from '../../../test/support/fake-tree.js';
import { childOf, filesIn, listed, problemsOf, sample } from '../../../test/support/tree-scans.js';
import { TypeScriptScanEngine } from './engine.js';
import { countLeftOut, directoriesOf, type DirectoryNode, type Tree } from './tree.js';

/** What a tree says, however often it was listed. */
function saying(tree: Tree<string>) {
  const directories = directoriesOf(tree.top);
  return {
    files: [...filesIn(tree)],
    problems: problemsOf(tree).sort((a, b) => (a.path < b.path ? -1 : 1)),
    leftOut: countLeftOut(directories),
    directories: directories.map(({ path, state }) => `${path} ${state}`).sort(),
  };
}

async function again(tree: Tree<string>, calls: FakeCalls, due: Iterable<DirectoryNode<string>>) {
  const engine = new TypeScriptScanEngine({ root: '/root', calls });
  tree.startRound(due, { engine, signal: undefined });
  await tree.list();
}

function nodeOf(tree: Tree<string>, path: string): DirectoryNode<string> {
  const found = directoriesOf(tree.top).find((node) => node.path === path);
  if (!found) throw new Error(`${path} is not in the tree`);
  return found;
}

describe('a further round of a tree', () => {
  it('lists the directories that are due, and new ones', async () => {
    const calls = new FakeCalls(sample());
    const tree = await listed(calls);
    childOf(calls.root, 'p', 'd').children.set('new', directory({ n: file() }));
    childOf(calls.root, 'q').children.set('unseen', file());
    calls.log.length = 0;
    await again(tree, calls, [nodeOf(tree, 'p/d')]);
    expect(calls.log.filter((call) => call.startsWith('names'))).toEqual(['names p/d', 'names p/d/new']);
    expect([...filesIn(tree).keys()]).toEqual(['a', 'p/d/e/g', 'p/d/f', 'p/d/new/n', 'p/x', 'q/h']);
    expect(tree.listed.map(({ path }) => path)).toEqual(['p/d', 'p/d/new']);
  });

  it('counts nothing that was left out of a directory that cannot be listed any more', async () => {
    const calls = new FakeCalls(sample());
    childOf(calls.root, 'p').children.set('pipe', special('fifo'));
    const tree = await listed(calls);
    expect(saying(tree).leftOut.fifo).toBe(1);
    calls.before = (call, path) => {
      if (call === 'names' && path === 'p') throw systemError('EACCES', 'scandir');
    };
    await again(tree, calls, [nodeOf(tree, 'p')]);
    expect(saying(tree)).toEqual(saying(await listed(calls)));
    expect(saying(tree).leftOut.fifo).toBe(0);
  });

  it('says what a first one says, after any changes to the directories that are due', async () => {
    const random = seededRandom(7);
    const pick = <T>(values: readonly T[]): T => values[Math.floor(random() * values.length)] as T;
    const calls = new FakeCalls(sample());
    const closed = new Set<string>();
    calls.before = (call, path) => {
      if (call === 'names' && closed.has(path)) throw systemError('EACCES', 'scandir');
    };
    const tree = await listed(calls);
    let differed = 0;
    for (let round = 0; round < effort(120, 3000); round++) {
      const due = new Set<DirectoryNode<string>>();
      for (let edits = Math.floor(random() * 4); edits > 0; edits--) {
        const node = pick(directoriesOf(tree.top));
        const segments = node.path === '' ? [] : node.path.split('/');
        const place = segments.reduce<FakeNode | undefined>((at, name) => at?.children.get(name), calls.root);
        // Taken away by an edit before.
        if (place?.kind !== 'directory') continue;
        const { children } = place;
        const name = pick(['a', 'b', 'c', 'd']);
        const making = [
          file,
          directory,
          () => directory({ a: file(), b: special('fifo') }),
          () => special('fifo'),
        ];
        if (random() < 0.2 && node.path !== '') {
          if (!closed.delete(node.path)) closed.add(node.path);
        } else if (random() < 0.4) children.delete(name);
        else if (segments.length < 4) children.set(name, pick(making)());
        due.add(node);
      }
      const before = saying(tree);
      await again(tree, calls, due);
      const now = saying(tree);
      expect(now, `round ${String(round)}`).toEqual(saying(await listed(calls)));
      if (!isDeepStrictEqual(now, before)) differed++;
    }
    expect(differed).toBeGreaterThan(40);
  });
});
