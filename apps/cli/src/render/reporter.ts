import type { Progress } from '@muse/snapshot';
import type { CommonOptions } from '../request.js';
import { colorsFor } from './colors.js';
import { printable } from './printable.js';
import { progressDisplay } from './progress-display.js';

/** Tells a person on stderr what is not the answer. Each text is one line, and may hold names as they are on disk. */
export interface Reporter {
  /** What kept the answer from being given, or from being complete. */
  error(text: string): void;
  /** What the user should know, and need not act on. */
  warn(text: string): void;
  /** How to do better; hidden by `--quiet`. */
  hint(text: string): void;
  /** What was done; hidden by `--quiet`. */
  note(text: string): void;
  /** Details for `--debug`. */
  debug(text: string): void;
  /** How far a command is; shown on a terminal only. */
  progress(progress: Progress): void;
  /** Takes the progress off the screen. */
  finish(): void;
}

/** Makes the reporter for stderr. */
export function createReporter(
  options: CommonOptions,
  stream: NodeJS.WriteStream = process.stderr,
): Reporter {
  // Whoever closed stderr does not want to hear of it, and the answer on stdout matters more.
  stream.on('error', () => undefined);
  const colors = colorsFor(options.color, stream);
  const display = stream.isTTY && !options.quiet ? progressDisplay(stream) : undefined;
  const line = (label: string, text: string): void => {
    display?.clear();
    stream.write(`${label} ${printable(text)}\n`);
  };
  return {
    error(text) {
      line(colors.red('muse:'), text);
    },
    warn(text) {
      line(colors.yellow('muse: warning:'), text);
    },
    hint(text) {
      if (!options.quiet) line(colors.cyan('muse: hint:'), text);
    },
    note(text) {
      if (options.quiet) return;
      display?.clear();
      stream.write(`${colors.dim(printable(text))}\n`);
    },
    debug(text) {
      if (options.debug) line(colors.dim('muse: debug:'), text);
    },
    progress(progress) {
      display?.update(progress);
    },
    finish() {
      display?.finish();
    },
  };
}
