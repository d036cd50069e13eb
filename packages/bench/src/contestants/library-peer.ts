import { callInProcess } from '../processes/library-process.js';
import type { CaseName } from '../results.js';
import type { BenchTree } from '../trees/bench-tree.js';
import type { Contestant } from './contestant.js';

/** A library from elsewhere, called in a fresh process that has loaded it; timed in there, around the call. */
export function libraryPeer(
  tree: BenchTree,
  library: string,
  caseName: CaseName,
  { name = library, once = false } = {},
): Contestant {
  return {
    case: caseName,
    name,
    role: 'peer',
    once,
    run: () => {
      const { milliseconds, cpuSeconds, peakBytes, called } = callInProcess(library, tree.root);
      const note = called.files === tree.files ? undefined : `saw ${called.files} files`;
      return { milliseconds, cpuSeconds, peakBytes, note };
    },
  };
}
