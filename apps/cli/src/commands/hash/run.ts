import { createHash } from 'node:crypto';
import { realpath, stat } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { toFsPath, treePathToBytes } from '@muse/paths';
import { hashFile, NotRegularFileError, TornFileError, type ObjectId } from '@muse/stat-cache';
import type { RequestOf, Run } from '../../definition.js';
import { ExitCode, systemFailure } from '../../errors.js';
import { shellWord } from '../../terminal/shell-word.js';
import { printable } from '../../terminal/printable.js';
import { reportFailure } from '../../terminal/reporter.js';
import { readStdin } from '../../terminal/stdin.js';
import { stdoutIsTerminal, writeStdout } from '../../terminal/streams.js';
import type { hash } from './definition.js';

/**
 * Prints `<object id>  <name>` for each file as soon as it is known; one that cannot be read is named on stderr, and does
 * not stop the others.
 */
export const run: Run<RequestOf<typeof hash>> = async ({ files }, { reporter }) => {
  let hashed = 0;
  let failed = 0;
  const terminal = stdoutIsTerminal();

  async function* lines(): AsyncGenerator<Uint8Array> {
    for (const name of files) {
      try {
        const objectId = name === '-' ? await hashStream(readStdin()) : await hashPath(name);
        hashed++;
        yield line(objectId, name, terminal);
      } catch (error) {
        failed++;
        reportFailure(reporter, hashFailure(name, error, await isDirectory(name)));
      }
    }
  }

  await writeStdout(lines());
  return failed === 0 ? ExitCode.done : hashed > 0 ? ExitCode.incomplete : ExitCode.failed;
};

/** The library follows no link; whoever names one means the file it leads to. */
async function hashPath(name: string): Promise<ObjectId> {
  const path = toFsPath(name);
  try {
    return (await hashFile(path)).objectId;
  } catch (error) {
    if (!(error instanceof NotRegularFileError) || !(await stat(path)).isFile()) throw error;
    return (await hashFile(await realpath(path, 'buffer'))).objectId;
  }
}

async function isDirectory(name: string): Promise<boolean> {
  return (await stat(toFsPath(name)).catch(() => undefined))?.isDirectory() === true;
}

async function hashStream(stream: Readable): Promise<ObjectId> {
  const hasher = createHash('sha256');
  for await (const chunk of stream) hasher.update(chunk as Buffer);
  return `sha256:${hasher.digest('hex')}`;
}

function line(objectId: ObjectId, name: string, terminal: boolean): Uint8Array {
  const shown = terminal ? Buffer.from(printable(name)) : treePathToBytes(name);
  return Buffer.concat([Buffer.from(`${objectId}  `), shown, Buffer.of(0x0a)]);
}

function hashFailure(name: string, error: unknown, isDirectory: boolean): Error {
  const doing = `cannot hash ${name === '-' ? 'stdin' : name}`;
  if (error instanceof TornFileError) {
    const reason = new Error('it kept changing while it was read', { cause: error });
    return systemFailure(doing, reason, 'try again when nothing writes to it');
  }
  if (error instanceof NotRegularFileError) {
    const reason = new Error('it is not a regular file', { cause: error });
    const word = shellWord(name);
    const advice = isDirectory
      ? `name the files in it, or run: muse snapshot ${word}`
      : `to hash what can be read from it, run: muse hash - < ${word}`;
    return systemFailure(doing, reason, advice);
  }
  return systemFailure(doing, error);
}
