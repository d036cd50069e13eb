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

/** Makes a directory one that Muse keeps data about. */
export interface InitRequest extends CommonOptions {
  readonly command: 'init';
  readonly directory: string;
}

/** How a snapshot is written: its id alone, or the whole manifest. */
export type AnswerForm = 'id' | 'json' | 'sha256sum' | 'ndjson';

/** Takes a snapshot. */
export interface SnapshotRequest extends CommonOptions {
  readonly command: 'snapshot';
  readonly directory: string;
  readonly form: AnswerForm;
  /** The file to write the answer to; undefined is stdout. */
  readonly output: string | undefined;
  readonly cache: boolean;
  readonly threads: number | undefined;
  readonly oneFileSystem: boolean;
}

/** Reads a working tree again and compares it with its cache. */
export interface VerifyRequest extends CommonOptions {
  readonly command: 'verify';
  readonly directory: string;
  /** The share of the files to read, above 0 and up to 1; undefined is all. */
  readonly sample: number | undefined;
  /** Edited files count as differences, too. */
  readonly strict: boolean;
  readonly json: boolean;
  readonly threads: number | undefined;
  readonly oneFileSystem: boolean;
}

/** Says what a snapshot makes of single paths, and why. */
export interface ExplainRequest extends CommonOptions {
  readonly command: 'explain';
  /** Native paths, relative to the current directory. */
  readonly paths: readonly string[];
  readonly json: boolean;
  readonly oneFileSystem: boolean;
}

/** Tells about the cache of a working tree. */
export interface CacheInfoRequest extends CommonOptions {
  readonly command: 'cache info';
  readonly directory: string;
  readonly json: boolean;
}

/** Removes the cache of a working tree. */
export interface CacheClearRequest extends CommonOptions {
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

/** What a command does. */
export type CommandRequest =
  | InitRequest
  | SnapshotRequest
  | VerifyRequest
  | ExplainRequest
  | CacheInfoRequest
  | CacheClearRequest
  | HashRequest;

/** What a command line asks for. */
export type Request = CommandRequest | TextRequest;
