/** The results of a run of the benchmarks, as in `results.json`. */
export interface Results {
  readonly format: 1;
  /** ISO date. */
  readonly date: string;
  /** True for small trees and few rounds: such figures try out the benchmarks, not the programs. */
  readonly quick: boolean;
  /** Measured rounds; one more before them is thrown away. */
  readonly rounds: number;
  readonly machine: Machine;
  /** The engine that Muse takes on this machine by itself. */
  readonly engine: Engine;
  readonly programs: readonly Program[];
  readonly skipped: readonly Skipped[];
  readonly trees: readonly TreeFacts[];
  readonly measurements: readonly Measurement[];
  /** What watching takes, by tree. */
  readonly watching?: Readonly<Record<string, WatchingFigures>> | undefined;
}

/** What it takes to watch one tree. */
export interface WatchingFigures extends LivingFigures {
  /** The first answer of a fresh process without watching, and of one that watches each directory. */
  readonly scanMs: Spread;
  readonly armedScanMs: Spread;
  /** How much longer the second takes, run after run in turn. */
  readonly armingMs: Spread;
}

/** What it takes to go on watching one tree, in a process that has its first answer. */
export interface LivingFigures {
  readonly directories: number;
  /** The watches that the process holds. */
  readonly watches: number;
  /** Memory of the process after all questions. */
  readonly residentBytes: number;
  /** The time of a question after so many edits. */
  readonly questions: Readonly<Record<'none' | 'one' | 'ten' | 'thousand', Spread>>;
  /** The part of one processor that the process takes while nothing happens. */
  readonly idleCpu: number;
  /** A build that another process runs, in an empty directory of the tree. */
  readonly build: {
    readonly files: number;
    readonly writtenMs: number;
    /** Until a change has told of the last file. */
    readonly toldMs: number;
    readonly cpuSeconds: number;
    readonly changes: number;
  };
}

export type Engine = 'native' | 'typescript';

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryBytes: number;
  readonly kernel: string;
  /** The type of the file system that the trees are on, such as `ext4`. */
  readonly fileSystem: string;
  readonly node: string;
}

export interface Program {
  readonly name: string;
  readonly version: string;
}

/** A contestant that was not measured. */
export interface Skipped {
  readonly name: string;
  readonly reason: string;
}

/** The tree that the targets are about, one more of another shape, or one of a series that differs in size alone. */
export type TreeRole = 'main' | 'more' | 'series';

export interface TreeFacts {
  readonly name: string;
  readonly role: TreeRole;
  /** One sentence on how it came about. */
  readonly description: string;
  readonly files: number;
  /** The root included. */
  readonly directories: number;
  readonly bytes: number;
}

export const CASE_NAMES = [
  'cold',
  'disk',
  'warm',
  'busy',
  'ten',
  'percent',
  'touched',
  'file',
  'start',
] as const;

/** The name of a case; {@link caseTitles} has its title. */
export type CaseName = (typeof CASE_NAMES)[number];

/** Ours, or another program, or what ours is held against where there is no other program. */
export type Role = 'ours' | 'peer' | 'baseline';

/** The cost of one contestant in one case on one tree. */
export interface Measurement {
  readonly tree: string;
  readonly case: CaseName;
  readonly name: string;
  readonly role: Role;
  readonly milliseconds: Spread;
  /** The mean CPU time of all threads and processes: the system counts in hundredths, which a median would keep. */
  readonly cpuSeconds?: CpuSeconds | undefined;
  /** The most memory resident at once, in the largest of its processes. */
  readonly peakBytes?: number | undefined;
  readonly eventLoopDelay?: EventLoopDelay | undefined;
  /** The system calls per file, by name; only those made at least once in 200 files. */
  readonly systemCallsPerFile?: Readonly<Record<string, number>> | undefined;
  readonly phases?: Phases | undefined;
  /** Remarks on what was not as it should be. */
  readonly notes: readonly string[];
}

export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  /** In the order in which they were taken. */
  readonly samples: readonly number[];
}

export interface CpuSeconds {
  readonly user: number;
  readonly system: number;
}

/** Milliseconds from one tick of a timer to the next, of a timer set to 1 ms; nothing is subtracted. */
export interface EventLoopDelay {
  readonly p99: number;
  readonly max: number;
}

/** Milliseconds in each phase of a snapshot, medians. */
export interface Phases {
  readonly load: number;
  readonly scan: number;
  readonly hash: number;
  readonly save: number;
}

export const PHASE_NAMES = ['load', 'scan', 'hash', 'save'] as const satisfies readonly (keyof Phases)[];

export const caseTitles: Readonly<Record<CaseName, string>> = {
  cold: 'Cold: no cache, every file is read',
  disk: 'Cold, from the disk: nothing is in the page cache',
  warm: 'Warm: nothing changed',
  busy: 'Warm, while another process keeps one processor busy',
  ten: '10 files changed',
  percent: '1 % of the files changed',
  touched: 'Everything touched: new times, same bytes',
  file: 'One large file',
  start: 'Start of the process',
};

export const NODE = 'node -e 0';

/** The other program that the times of a case are divided by in its table. */
export const references: Readonly<Record<CaseName, string>> = {
  cold: 'sha256sum',
  disk: 'sha256sum',
  warm: 'git status',
  busy: 'git status',
  ten: 'git status',
  percent: 'git status',
  touched: 'git status',
  file: 'sha256sum',
  start: NODE,
};

export const LIBRARY = 'muse, library';
export const COMMAND = 'muse, command';
export const COMMAND_IN_TYPESCRIPT = 'muse, command, engine in TypeScript';
export const LIVING = 'muse, library, again in a living process';
/** A program in C that does what has to be done and nothing else. */
export const FLOOR = 'C floor';
/** The same where there is no OpenSSL to compile it with: no floor of anything that hashes. */
export const FLOOR_OF_CALLS = 'C floor, without hashing';
