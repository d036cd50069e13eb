/** A working tree of its own, and a place beside it for what a tool keeps. */
export interface Place {
  /** The working tree. */
  readonly root: string;
  /** Repositories and caches that do not live in the tree. */
  readonly state: string;
  /** All that a command may see of this machine's settings. */
  readonly env: Readonly<Record<string, string>>;
  /** The user who runs the commands; `undefined` for the one who runs this. */
  readonly user: { readonly uid: number; readonly gid: number } | undefined;
}

/** One command line. */
export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  /** Default: the working tree. */
  readonly cwd?: string;
}

/** The outcome of a command. */
export interface Ran {
  /** The exit code; 128 and the number of the signal where one ended it. */
  readonly exit: number;
  readonly stdout: Buffer;
  readonly stderr: Buffer;
}

/**
 * The record a tool has of a tree: SHA-256 of each file's content, by name, whose bytes are in Latin-1. Without the file
 * that keeps it busy.
 */
export type Contents = ReadonlyMap<string, string>;

/** A program that records what is in a working tree, and remembers the stat of each file so as not to read it again. */
export interface Tool {
  readonly name: string;
  /** Prints the version. */
  readonly version: Command;
  /** The size of a sparse file that keeps it busy for some seconds. */
  readonly busyBytes: number;
  /** Makes what it needs before the first scan. */
  prepare(place: Place): Promise<void>;
  /** Looks at the tree and records it, as its users would have it do. */
  scan(place: Place): Command;
  /** Returns true if a scan did what it was asked for. */
  isDone(scan: Ran): boolean;
  /** Returns what the scan recorded; `undefined` where there is nothing. */
  contents(place: Place, scan: Ran): Promise<Contents | undefined>;
  /** The directories that hold all it keeps. */
  stateDirectories(place: Place): readonly string[];
  /** The directory or file with what it remembers of stats; all files below it are damaged in turn. */
  memory(place: Place): Promise<string>;
}

/** The verdict on a tool in a case. */
export type Verdict = 'sees it' | 'misses it' | 'refuses' | 'fails' | 'not run';

/** A verdict, and what it rests on. */
export interface Outcome {
  readonly verdict: Verdict;
  /** The tool's own words or acts; empty if the verdict says it all. */
  readonly note: string;
}

/** One thing that happens to a tree between two scans. */
export interface Case {
  readonly name: string;
  /** A description of the change, in a sentence. */
  readonly what: string;
  run(tool: Tool): Promise<Outcome>;
}

/** The name of the file that keeps a scan busy. It sorts last. */
export const BUSY_FILE = 'zz-busy';
