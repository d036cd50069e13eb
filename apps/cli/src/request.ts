import type { TreeOptions } from '@muse/snapshot';

/** When to colour what goes to stderr; `auto` is on a terminal, unless `NO_COLOR` is set. */
export type ColorChoice = 'auto' | 'always' | 'never';

/** The options that every command takes. */
export interface CommonOptions {
  /** No summary, hints or progress; problems and errors stay. */
  readonly quiet: boolean;
  readonly color: ColorChoice;
  /** Details of the run, and stack traces. */
  readonly debug: boolean;
}

/** What looks at a working tree. */
export interface TreeRequest {
  readonly tree: TreeOptions;
}

/** Looks for the `.muse` of a working tree. */
export interface TrustRequest {
  /** Whose `.muse` is used besides; undefined is nobody's. */
  readonly trustOwners: readonly number[] | undefined;
}

/** Makes a directory one that Muse keeps data about. */
export interface InitRequest extends CommonOptions {
  readonly command: 'init';
  readonly directory: string;
}

/** How a snapshot is written: its id alone, or the whole manifest. */
export type AnswerForm = 'id' | 'json' | 'sha256sum' | 'ndjson';

/** Takes a snapshot. */
export interface SnapshotRequest extends CommonOptions, TreeRequest {
  readonly command: 'snapshot';
  readonly directory: string;
  readonly form: AnswerForm;
  /** The file to write the answer to; undefined is stdout. */
  readonly output: string | undefined;
  /** Keep it under `.muse/snapshots`, with the note. */
  readonly save: boolean;
  readonly note: string;
  readonly cache: boolean;
  readonly threads: number | undefined;
}

/** How differences are told. */
export interface DifferenceOptions extends TreeRequest {
  /** Differences are exit code 1. */
  readonly exitCode: boolean;
  readonly json: boolean;
  /** The paths alone. */
  readonly nameOnly: boolean;
  /** NUL ends each part, and names are not changed. */
  readonly nul: boolean;
  readonly threads: number | undefined;
  /** Only these, and what is below them. */
  readonly paths: readonly string[];
}

/** Compares a working tree with the snapshot of it that was saved last. */
export interface StatusRequest extends CommonOptions, DifferenceOptions {
  readonly command: 'status';
  readonly directory: string;
}

/** Compares two snapshots, whatever they come from. */
export interface DiffRequest extends CommonOptions, DifferenceOptions {
  readonly command: 'diff';
  readonly before: string;
  /** Undefined is the working tree. */
  readonly after: string | undefined;
}

/** Lists the saved snapshots. */
export interface LogRequest extends CommonOptions, TrustRequest {
  readonly command: 'log';
  readonly directory: string;
  readonly json: boolean;
}

/** Shows one snapshot, with its files. */
export interface ShowRequest extends CommonOptions, TrustRequest {
  readonly command: 'show';
  readonly snapshot: string;
  readonly json: boolean;
  readonly nameOnly: boolean;
  readonly nul: boolean;
}

/** Works with saved snapshots. */
export type SavedRequest = StatusRequest | DiffRequest | LogRequest | ShowRequest;

/** Reads a working tree again and compares it with its cache. */
export interface VerifyRequest extends CommonOptions, TreeRequest {
  readonly command: 'verify';
  readonly directory: string;
  /** The share of the files to read, above 0 and up to 1; undefined is all. */
  readonly sample: number | undefined;
  /** What to compare with instead of the cache: a saved snapshot or a manifest. */
  readonly against: string | undefined;
  /** Edited and missing files count as differences, too, and those that `against` does not have. */
  readonly strict: boolean;
  readonly json: boolean;
  readonly threads: number | undefined;
}

/** Says what a snapshot makes of single paths, and why. */
export interface ExplainRequest extends CommonOptions, TreeRequest {
  readonly command: 'explain';
  /** Native paths, relative to the current directory. */
  readonly paths: readonly string[];
  readonly json: boolean;
}

/** Tells about the cache of a working tree. */
export interface CacheInfoRequest extends CommonOptions, TrustRequest {
  readonly command: 'cache info';
  readonly directory: string;
  readonly json: boolean;
}

/** Removes the cache of a working tree. */
export interface CacheClearRequest extends CommonOptions, TrustRequest {
  readonly command: 'cache clear';
  readonly directory: string;
}

/** Prints the object ids of single files. */
export interface HashRequest extends CommonOptions {
  readonly command: 'hash';
  /** Paths; `-` is stdin. */
  readonly files: readonly string[];
}

/** Prints a text: help or the version on stdout; on stderr the help that stands for a missing command. */
export interface TextRequest {
  readonly command: 'text';
  readonly text: string;
  readonly to: 'stdout' | 'stderr';
}

/** The shells that completions are written for. */
export const shells = ['bash', 'zsh', 'fish'] as const;

/** One of {@link shells}. */
export type Shell = (typeof shells)[number];

/** Prints what a shell has to read to complete a command line. */
export interface CompletionRequest {
  readonly command: 'completion';
  readonly shell: Shell;
}

/** What a command does. */
export type CommandRequest =
  | InitRequest
  | SnapshotRequest
  | SavedRequest
  | VerifyRequest
  | ExplainRequest
  | CacheInfoRequest
  | CacheClearRequest
  | HashRequest;

/** What a command line asks for. */
export type Request = CommandRequest | CompletionRequest | TextRequest;
