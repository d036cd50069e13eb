import { fstatSync } from 'node:fs';
import { SilentExit } from '../command-error.js';
import { ExitCode } from '../exit-code.js';
import { errorCode, systemFailure } from '../system-error.js';
import { isTerminal } from './is-terminal.js';
import { writeFully } from './write-fully.js';

const STDOUT = 1;

/** True when stdout is a terminal, so that what goes there must be fit for one. */
export function stdoutIsTerminal(): boolean {
  return isTerminal(STDOUT);
}

/**
 * Writes an answer to stdout and resolves once the system has all of it; never more than one piece waits in memory.
 * Rejects with a `SilentExit` when the reader has gone away.
 */
export async function writeStdout(chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): Promise<void> {
  const write = isFile() ? writeToFile : writeToStream;
  try {
    for await (const piece of chunks) await write(piece);
  } catch (error) {
    const code = errorCode(error);
    if (code === 'EPIPE' || code === 'ECONNRESET') throw new SilentExit(ExitCode.readerGone);
    throw code === undefined ? error : systemFailure('cannot write to stdout', error);
  }
}

function isFile(): boolean {
  return fstatSync(STDOUT).isFile();
}

/** Node's own stream for a file takes a short write for a whole one, so that a full disk cuts the answer in silence. */
function writeToFile(piece: Uint8Array): Promise<void> {
  return writeFully(STDOUT, piece);
}

function writeToStream(piece: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    // The callback gets the error as well; without a listener the event would end the process first.
    if (process.stdout.listenerCount('error') === 0) process.stdout.on('error', () => undefined);
    process.stdout.write(piece, (error) => {
      if (error) reject(error);
      else resolve();
    });
  });
}
