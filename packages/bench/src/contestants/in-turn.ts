import { setImmediate } from 'node:timers/promises';
import type { CpuSeconds, Measurement, Phases, Skipped } from '../results.js';
import { PHASE_NAMES } from '../results.js';
import { hundredths, mean, median, spreadOf, thousandths } from '../statistics.js';
import type { Account, Contestant, Sample } from './contestant.js';

/** Options of running contestants in turn. */
export interface Turns {
  readonly tree: string;
  readonly rounds: number;
  readonly onSkip: (skipped: Skipped) => void;
  readonly onRound?: (round: number) => void;
}

/**
 * Runs contestants in turn, A B C A B C, so that a machine that grows slower does so for all of them. The first round
 * is thrown away. A peer that fails is left out from then on, with its reason; when ours fails, so does the run.
 */
export async function runInTurn(contestants: readonly Contestant[], turns: Turns): Promise<Measurement[]> {
  const samples = new Map<Contestant, Sample[]>(contestants.map((contestant) => [contestant, []]));
  const accounts = new Map<Contestant, Account>();
  const attempt = async (contestant: Contestant, work: () => Promise<void>) => {
    try {
      if (samples.has(contestant)) await work();
    } catch (error) {
      if (contestant.role !== 'peer') throw error;
      samples.delete(contestant);
      const name = `${contestant.name} (${turns.tree}, ${contestant.case})`;
      turns.onSkip({ name, reason: error instanceof Error ? error.message : String(error) });
    }
  };
  try {
    for (let round = 0; round <= turns.rounds; round++) {
      turns.onRound?.(round);
      for (const contestant of contestants) {
        if (contestant.once && round !== 1) continue;
        // The programs are waited for without a turn of the event loop; an interruption is heard of here.
        await setImmediate();
        await attempt(contestant, async () => {
          contestant.prepare?.();
          const sample = await contestant.run();
          if (round > 0) samples.get(contestant)?.push(sample);
        });
      }
    }
    for (const contestant of contestants) {
      if (contestant.once) continue;
      await attempt(contestant, async () => {
        contestant.prepare?.();
        accounts.set(contestant, (await contestant.account?.(turns.rounds)) ?? {});
      });
    }
  } finally {
    for (const contestant of contestants) await contestant.close?.();
  }
  return [...samples].map(([contestant, taken]) =>
    sumUp(turns.tree, contestant, taken, accounts.get(contestant)),
  );
}

function sumUp(
  tree: string,
  { case: caseName, name, role, once }: Contestant,
  samples: readonly Sample[],
  account: Account = {},
): Measurement {
  const peaks = samples.flatMap(({ peakBytes }) => peakBytes ?? []);
  const notes = samples.flatMap(({ note }) => note ?? []);
  return {
    tree,
    case: caseName,
    name,
    role,
    milliseconds: spreadOf(samples.map(({ milliseconds }) => milliseconds)),
    cpuSeconds: meanCpu(samples.flatMap(({ cpuSeconds }) => cpuSeconds ?? [])),
    peakBytes: account.peakBytes ?? (peaks.length > 0 ? Math.max(...peaks) : undefined),
    eventLoopDelay: account.eventLoopDelay,
    systemCallsPerFile: account.systemCallsPerFile,
    phases: medianPhases(samples.flatMap(({ phases }) => phases ?? [])),
    notes: [...new Set(once ? [...notes, 'one run, without a round to warm up'] : notes)],
  };
}

function meanCpu(all: readonly CpuSeconds[]): CpuSeconds | undefined {
  if (all.length === 0) return undefined;
  return {
    user: thousandths(mean(all.map(({ user }) => user))),
    system: thousandths(mean(all.map(({ system }) => system))),
  };
}

function medianPhases(all: readonly Phases[]): Phases | undefined {
  if (all.length === 0) return undefined;
  const [load, scan, hash, save] = PHASE_NAMES.map((phase) =>
    hundredths(median(all.map((each) => each[phase]))),
  );
  return { load: load ?? 0, scan: scan ?? 0, hash: hash ?? 0, save: save ?? 0 };
}
