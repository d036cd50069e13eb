import type { CaseName, CpuSeconds, EventLoopDelay, Measurement, Phases, Role } from '../results.js';

/** The cost of one run. */
export interface Sample {
  readonly milliseconds: number;
  readonly cpuSeconds?: CpuSeconds | undefined;
  readonly peakBytes?: number | undefined;
  readonly phases?: Phases | undefined;
  /** Remarks on what was not as it should be. */
  readonly note?: string | undefined;
}

/** The findings of further runs, which are not timed because measuring takes time. */
export type Account = Pick<Measurement, 'peakBytes' | 'systemCallsPerFile'> & {
  readonly eventLoopDelay?: EventLoopDelay | undefined;
};

/** Something that is measured in turn with others. */
export interface Contestant {
  readonly case: CaseName;
  readonly name: string;
  readonly role: Role;
  /** True for one that takes very long: it runs once, without a round to warm up. */
  readonly once?: boolean | undefined;
  /** Puts the tree into the state that a run needs, before each run; not timed. */
  prepare?(): void;
  run(): Sample | Promise<Sample>;
  /** Runs once more, or up to so many rounds, to find out what would disturb a timed run. */
  account?(rounds: number): Account | Promise<Account>;
  close?(): void | Promise<void>;
}
