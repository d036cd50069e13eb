/** What an exit code of `muse` says; `muse --help` and the README print the same table. */
export const ExitCode = {
  done: 0,
  /** Done, and what was looked for is there: files that differ. */
  differences: 1,
  /** Wrong usage, or a broken configuration file. */
  usage: 2,
  /** Done, but not for everything that was asked for: each gap is named on stderr. */
  incomplete: 3,
  failed: 4,
  /** 128 + SIGPIPE, as a shell shows for any other program whose reader went away. */
  readerGone: 141,
} as const;

export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];
