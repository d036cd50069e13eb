import { treePathToBytes } from '@muse/paths';
import { NotRegularFileError, TornFileError } from '@muse/stat-cache';
import type { HashAnswer } from '../commands/hash.js';
import { ExitCode } from '../exit-code.js';
import { systemFailure } from '../system-error.js';
import { printable } from './printable.js';
import { reportFailure } from './report-failure.js';
import type { Reporter } from './reporter.js';
import { stdoutIsTerminal, writeStdout } from './write-stdout.js';

/** Prints `<object id>  <name>` for each file as soon as it is known; a file that failed is named on stderr. */
export async function renderHash(answers: AsyncIterable<HashAnswer>, reporter: Reporter): Promise<ExitCode> {
  let hashed = 0;
  let failed = 0;
  const terminal = stdoutIsTerminal();

  async function* lines(): AsyncGenerator<Uint8Array> {
    for await (const answer of answers) {
      if ('error' in answer) {
        failed++;
        reportFailure(reporter, hashFailure(answer.name, answer.error));
      } else {
        hashed++;
        yield line(answer, terminal);
      }
    }
  }

  await writeStdout(lines());
  return failed === 0 ? ExitCode.done : hashed > 0 ? ExitCode.incomplete : ExitCode.failed;
}

function line({ name, objectId }: Extract<HashAnswer, { objectId: string }>, terminal: boolean): Uint8Array {
  const shown = terminal ? Buffer.from(printable(name)) : treePathToBytes(name);
  return Buffer.concat([Buffer.from(`${objectId}  `), shown, Buffer.of(0x0a)]);
}

function hashFailure(name: string, error: unknown): Error {
  const doing = `cannot hash ${name === '-' ? 'stdin' : name}`;
  if (error instanceof TornFileError) {
    const reason = new Error('it kept changing while it was read', { cause: error });
    return systemFailure(doing, reason, 'try again when nothing writes to it');
  }
  if (error instanceof NotRegularFileError) {
    const reason = new Error('it is not a regular file', { cause: error });
    return systemFailure(doing, reason, "to hash what can be read from it, use 'muse hash - <'");
  }
  return systemFailure(doing, error);
}
