import { run, type Command } from '../processes/run.js';
import { sampledPeak } from '../processes/sampled-peak.js';
import { systemCallsPerFile } from '../processes/system-calls.js';
import type { BenchTree } from '../trees/bench-tree.js';
import type { Contestant } from './contestant.js';

/** A program to measure, and what is counted besides. */
export interface ProgramCase extends Pick<Contestant, 'case' | 'name' | 'prepare'> {
  readonly role?: Contestant['role'];
  /** True if its system calls are counted, in the cases where they are: strace makes a run many times as long. */
  readonly traced?: boolean;
  /** The most runs of which the largest peak counts. */
  readonly peakRuns?: number;
}

/** A whole process, from its start to its end. */
export function program(
  tree: BenchTree,
  command: Command,
  { role = 'peer', traced = false, peakRuns = 1, ...contestant }: ProgramCase,
): Contestant {
  return {
    ...contestant,
    role,
    run: () => run(command),
    account: async (rounds) => {
      const peaks: number[] = [];
      for (let runs = 0; runs < Math.min(rounds, peakRuns); runs++) {
        if (runs > 0) contestant.prepare?.();
        peaks.push((await sampledPeak(command)) ?? NaN);
      }
      const peak = Math.max(...peaks);
      const peakBytes = Number.isNaN(peak) ? undefined : peak;
      if (!traced || !isTraced(tree, contestant.case)) return { peakBytes };
      contestant.prepare?.();
      return { peakBytes, systemCallsPerFile: systemCallsPerFile(command, tree.files) };
    },
  };
}

/** Returns true for the cases between which the others lie. */
function isTraced({ role, files }: BenchTree, caseName: Contestant['case']): boolean {
  return role !== 'series' && files > 1 && (caseName === 'cold' || caseName === 'warm');
}
