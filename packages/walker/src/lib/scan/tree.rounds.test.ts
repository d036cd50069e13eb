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
import { PatternRules } from '../ignore/pattern-rules.js';
import type { IgnoreRules, Problem } from '../types.js';
import { countLeftOut, directoriesOf, type DirectoryNode, type Tree, type TreeOptions } from './tree.js';

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

  describe('of a directory', () => {
    /** Lists a directory twice, and returns whether it has what it had, its value among it. */
    async function isAsBefore(
      change: (calls: FakeCalls, tree: Tree<string>) => void,
      options: Partial<TreeOptions<string>> = {},
    ): Promise<boolean> {
      const calls = new FakeCalls(sample());
      const told: string[] = [];
      const tree = await listed(calls, {
        ...options,
        onListed: (node, listing) => {
          expect(node.listing).toBe(listing);
          if (node.path === 'p') told.push(String(node.value));
          node.value = 'known';
        },
      });
      const node = nodeOf(tree, 'p');
      const { listing, children, leftOut } = node;
      change(calls, tree);
      await again(tree, calls, [node]);
      const isSame = node.listing === listing;
      expect(told).toEqual(['undefined', isSame ? 'known' : 'undefined']);
      expect([node.children === children, node.leftOut === leftOut]).toEqual([isSame, isSame]);
      expect(node.state).toBe('listed');
      return isSame;
    }

    it('that is as it was has the listing and the value that it had', async () => {
      expect(await isAsBefore(() => undefined)).toBe(true);
      const same = { ignores: () => false };
      expect(await isAsBefore(() => undefined, { ignore: same })).toBe(true);
      expect(await isAsBefore(() => undefined, { ignore: new PatternRules([]) })).toBe(true);
    });

    it('in which anything changed has new ones', async () => {
      const changes: ((children: Map<string, FakeNode>, node: FakeNode) => void)[] = [
        (children) => children.set('new', file()),
        (children) => children.delete('x'),
        (children) => children.set('x', file()),
        (children) => children.set('d', directory()),
        (children) => children.set('pipe', special('fifo')),
      ];
      for (const change of changes)
        expect(
          await isAsBefore(({ root }) => {
            const p = childOf(root, 'p');
            change(p.children, p);
          }),
        ).toBe(false);
    });

    it('whose rules are others, or have a problem, has new ones', async () => {
      const other = (): IgnoreRules => ({
        ignores: () => false,
        enter: () => ({ rules: other(), problems: [] }),
      });
      expect(await isAsBefore(() => undefined, { ignore: other() })).toBe(false);
      let problems: readonly Problem[] = [];
      const same: IgnoreRules = { ignores: () => false, enter: () => ({ rules: same, problems }) };
      const fail = () => {
        problems = [{ path: 'p/x', kind: 'unreadable', operation: 'open', code: 'EACCES', message: 'no' }];
      };
      expect(await isAsBefore(fail, { ignore: same })).toBe(false);
    });

    it('in which something is left out has new ones', async () => {
      const ignore = { ignores: (path: string) => path === 'p/x' };
      expect(await isAsBefore(() => undefined, { ignore })).toBe(false);
    });

    it('above one that could not be listed has new ones, and that is tried again', async () => {
      const calls = new FakeCalls(sample());
      let isClosed = true;
      calls.before = (call, path) => {
        if (isClosed && call === 'names' && path === 'p/d') throw systemError('EACCES', 'scandir');
      };
      const tree = await listed(calls);
      const { listing } = nodeOf(tree, 'p');
      isClosed = false;
      await again(tree, calls, [nodeOf(tree, 'p')]);
      expect(nodeOf(tree, 'p').listing).not.toBe(listing);
      expect(nodeOf(tree, 'p/d').state).toBe('listed');
    });

    it('with a problem has it again', async () => {
      const calls = new FakeCalls(sample());
      calls.before = (call, path) => {
        if (call === 'lstat' && path === 'p/x') throw systemError('EACCES', 'lstat');
      };
      const tree = await listed(calls);
      const before = saying(tree);
      expect(before.problems.map(({ path }) => path)).toEqual(['p/x']);
      await again(tree, calls, [nodeOf(tree, 'p')]);
      expect(saying(tree)).toEqual(before);
    });

    it('that could not be listed in between has all below it anew', async () => {
      for (const isOneRound of [false, true]) {
        const calls = new FakeCalls(sample());
        let isClosed = true;
        const tree = await listed(calls);
        const before = saying(tree);
        calls.before = (call, path) => {
          if (isClosed && call === 'names' && path === 'p') throw systemError('EACCES', 'scandir');
        };
        await again(tree, calls, [nodeOf(tree, 'p')]);
        expect(nodeOf(tree, 'p').state).toBe('failed');
        isClosed = false;
        if (isOneRound) {
          tree.relist(tree.top);
          await tree.list();
        } else {
          await again(tree, calls, [nodeOf(tree, 'p')]);
        }
        expect(saying(tree)).toEqual(before);
      }
    });

    it('keeps none of the memory of what was listed with it', async () => {
      const calls = new FakeCalls(sample());
      const tree = await listed(calls);
      childOf(calls.root, 'p').children.set('new', file());
      await again(tree, calls, directoriesOf(tree.top));
      const { listing } = nodeOf(tree, 'p');
      expect(listing?.bytes.buffer.byteLength).toBe(listing?.word(0));
    });
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
