import { directoriesOf } from '../../src/lib/directory-node.js';
import { FILE } from '../../src/lib/kinds.js';
import { StatView } from '../../src/lib/packed-stats.js';
import { runsOf } from '../../src/lib/runs-of.js';
import { ScanExecutor } from '../../src/lib/scan-executor.js';
import { TreeScan, type TreeScanOptions } from '../../src/lib/tree-scan.js';
import type { WalkProblem } from '../../src/lib/types.js';
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

/** Returns a scan of a tree, on this thread. */
export function scanOf(calls: FakeCalls, options: Partial<TreeScanOptions<string>> = {}): TreeScan<string> {
  const { dev, ino } = calls.root;
  const executor = new ScanExecutor(undefined, calls);
  return new TreeScan({ root: '/root', identity: { dev, ino }, executor, calls, ...options });
}

/** Returns a scan that has come to its end. */
export async function scanned(
  calls: FakeCalls,
  options: Partial<TreeScanOptions<string>> = {},
): Promise<TreeScan<string>> {
  const scan = scanOf(calls, options);
  await scan.drain();
  return scan;
}

/** Returns the inode number of each file in the result, by its path, in path order. */
export function filesIn(scan: TreeScan<string>): Map<string, bigint> {
  const files = new Map<string, bigint>();
  for (const { directory, listing, from, to } of runsOf(scan.root)) {
    for (let i = from; i < to; i++) {
      if (listing.kinds[i] !== FILE) continue;
      files.set(`${directory.prefix}${listing.names[i] ?? ''}`, new StatView(listing.stats, i).ino);
    }
  }
  return files;
}

/** Returns the paths of the files in the result, in path order. */
export function pathsIn(scan: TreeScan<string>): string[] {
  return [...filesIn(scan).keys()];
}

/** Returns the problems of all directories in the result. */
export function problemsOf(scan: TreeScan<string>): WalkProblem[] {
  return [...directoriesOf(scan.root)].flatMap(({ problems }) => problems);
}

/** Runs `edit` before the call with this number, counted from 0. */
export function atCall(calls: FakeCalls, number: number, edit: () => void): void {
  let made = 0;
  calls.before = () => {
    if (made === TOO_MANY_CALLS) throw new Error('The scan does not come to an end');
    if (made++ === number) edit();
  };
}

/** Returns what is below `node` by these names, one below the other. */
export function childOf(node: FakeNode, ...names: string[]): FakeNode {
  return names.reduce((at, name) => at.children.get(name) ?? at, node);
}
