import { bytesFromDisk, emptyPageCache } from '../processes/page-cache.js';
import { decimals } from '../report/figures.js';
import type { BenchTree } from '../trees/bench-tree.js';
import type { Contestant } from './contestant.js';
import { forgetCache } from './our-contestants.js';

const thisMachine = { empty: emptyPageCache, delivered: bytesFromDisk };

/** Empties the page cache before each run, and notes it where a run found part of the tree elsewhere than on the disk. */
export function fromDisk(
  tree: BenchTree,
  contestant: Contestant,
  { empty, delivered } = thisMachine,
): Contestant {
  const { case: caseName, name, role } = contestant;
  return {
    case: caseName,
    name,
    role,
    prepare: () => {
      forgetCache(tree);
      empty();
    },
    run: async () => {
      const before = delivered();
      const sample = await contestant.run();
      const read = delivered() - before;
      return read < tree.bytes ? { ...sample, note: shortage(read, tree.bytes) } : sample;
    },
  };
}

function shortage(read: number, bytes: number): string {
  return `only ${decimals(read / 1e6, 1)} MB of ${decimals(bytes / 1e6, 1)} MB came from the disk`;
}
