import type { Progress } from '@muse/snapshot';
import { CommandError, SilentExit } from '../errors.js';
import { colorsFor, type ColorChoice, type Paint } from './paint.js';
import { printable } from './printable.js';
import { progressDisplay } from './progress.js';
import { stderrStream, stdoutIsTerminal, type MessageStream } from './streams.js';

/** Options of a {@link Reporter}. */
export interface ReporterOptions {
  /** No summary, hints or progress; problems and errors stay. */
  readonly quiet: boolean;
  readonly color: ColorChoice;
  /** Details of the run, and stack traces. */
  readonly debug: boolean;
}

/** Tells a person on stderr what is not the answer. Each text is one line, and may hold names as they are on disk. */
export interface Reporter {
  /** Colours a piece of the answer, which goes to stdout. */
  readonly paintAnswer: Paint;
  /** Says what kept the answer from being given, or from being complete. */
  error(text: string): void;
  /** Says what the user should know, and need not act on. */
  warn(text: string): void;
  /** Says how to do better; hidden by `--quiet`. */
  hint(text: string): void;
  /** Says what was done; hidden by `--quiet`. */
  note(text: string): void;
  /** Details for `--debug`. */
  debug(text: string): void;
  /** Shows how far a command is, on a terminal only. */
  progress(progress: Progress): void;
  /** Takes the progress off the screen. */
  finish(): void;
}

/** Makes the reporter for stderr. */
export function createReporter(options: ReporterOptions, stream: MessageStream = stderrStream()): Reporter {
  const paint = colorsFor(options.color, stream);
  const display = stream.isTTY && !options.quiet ? progressDisplay(stream as NodeJS.WriteStream) : undefined;
  const line = (label: string, text: string): void => {
    display?.clear();
    stream.write(`${label} ${printable(text)}\n`);
  };
  return {
    paintAnswer: colorsFor(options.color, { isTTY: stdoutIsTerminal() }),
    error(text) {
      line(paint('red', 'muse:'), text);
    },
    warn(text) {
      line(paint('yellow', 'muse: warning:'), text);
    },
    hint(text) {
      if (!options.quiet) line(paint('cyan', 'muse: hint:'), text);
    },
    note(text) {
      if (options.quiet) return;
      display?.clear();
      stream.write(`${paint('dim', printable(text))}\n`);
    },
    debug(text) {
      if (options.debug) line(paint('dim', 'muse: debug:'), text);
    },
    progress(progress) {
      display?.update(progress);
    },
    finish() {
      display?.finish();
    },
  };
}

/** Tells how a command failed, in one line; with `--debug` where in the program, too. */
export function reportFailure(reporter: Reporter, error: unknown): void {
  if (error instanceof SilentExit) return;
  if (error instanceof CommandError) {
    reporter.error(error.line);
  } else {
    reporter.error(
      `${firstLine(String(error))}; this is a bug in muse: run again with --debug and report it`,
    );
  }
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    for (const line of (cause.stack ?? String(cause)).split('\n')) reporter.debug(line);
  }
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? '';
}
