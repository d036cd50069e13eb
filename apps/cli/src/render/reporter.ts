import type { Progress } from '@muse/snapshot';
import type { CommonOptions } from '../request.js';
import { colorsFor } from './colors.js';
import { printable } from './printable.js';
import { progressDisplay } from './progress-display.js';
import { stderrStream, type MessageStream } from './stderr.js';

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
export function createReporter(options: CommonOptions, stream: MessageStream = stderrStream()): Reporter {
  const paint = colorsFor(options.color, stream);
  const display = stream.isTTY && !options.quiet ? progressDisplay(stream as NodeJS.WriteStream) : undefined;
  const line = (label: string, text: string): void => {
    display?.clear();
    stream.write(`${label} ${printable(text)}\n`);
  };
  return {
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
