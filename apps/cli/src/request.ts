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

/** What a command line asks for. */
export type Request = InitRequest | SnapshotRequest | HashRequest | TextRequest;
