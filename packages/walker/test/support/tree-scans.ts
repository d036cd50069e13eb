import { TypeScriptScanEngine } from '../../src/lib/scan/engine.js';
import { isFile } from '../../src/lib/scan/reply.js';
import { directoriesOf, entriesInPathOrder, Tree, type TreeOptions } from '../../src/lib/scan/tree.js';
import type { Problem } from '../../src/lib/types.js';
import { directory, file, type FakeCalls, type FakeNode } from './fake-tree.js';

/** More calls than any scan of these small trees may make: reaching it means that it does not come to an end. */
export const TOO_MANY_CALLS = 2000;

/** Returns a tree with files and directories at several depths. */
export const sample = () =>
  directory({
    a: file(),
    p: directory({ d: directory({ f: file(), e: directory({ g: file() }) }), x: file() }),
    q: directory({ h: file() }),
  });

/** Returns a tree that this thread lists. */
export function treeOf(calls: FakeCalls, options: Partial<TreeOptions<string>> = {}): Tree<string> {
  const { dev, ino } = calls.root;
  const engine = new TypeScriptScanEngine({ root: '/root', calls });
  return new Tree({ root: '/root', identity: { dev, ino }, engine, calls, ...options });
}

/** Returns a tree that is listed. */
export async function listed(
  calls: FakeCalls,
  options: Partial<TreeOptions<string>> = {},
): Promise<Tree<string>> {
  const tree = treeOf(calls, options);
  await tree.list();
  return tree;
}

/** Returns the inode number of each file in a tree, by its path, in path order. */
export function filesIn(tree: Tree<string>): Map<string, bigint> {
  const files = new Map<string, bigint>();
  for (const { directory, cursor, to } of entriesInPathOrder(tree.top)) {
    for (; cursor.entry < to; cursor.next()) {
      if (isFile(cursor.match)) files.set(directory.prefix + cursor.name, cursor.stat.ino);
    }
  }
  return files;
}

/** Returns the paths of the files in the result, in path order. */
export function pathsIn(tree: Tree<string>): string[] {
  return [...filesIn(tree).keys()];
}

/** Returns the problems of all directories in the result. */
export function problemsOf(tree: Tree<string>): Problem[] {
  return [...directoriesOf(tree.top)].flatMap(({ problems }) => problems);
}

/** Runs `edit` before the call with this number, counted from 0. */
export function atCall(calls: FakeCalls, number: number, edit: () => void): void {
  let made = 0;
  calls.before = () => {
    if (made === TOO_MANY_CALLS) throw new Error('The listing does not come to an end');
    if (made++ === number) edit();
  };
}

/** Returns what is below `node` by these names, one below the other. */
export function childOf(node: FakeNode, ...names: string[]): FakeNode {
  return names.reduce((at, name) => at.children.get(name) ?? at, node);
}
