import { fstatSync, write, writeSync, type Stats } from 'node:fs';
import { isatty } from 'node:tty';
import { promisify } from 'node:util';
import { errorCode, ExitCode, SilentExit, systemFailure } from '../errors.js';

const STDOUT = 1;
const STDERR = 2;

/** Returns whether a file descriptor is a terminal; false when it is closed. */
export function isTerminal(descriptor: number): boolean {
  try {
    // Asked first because it needs no module: Node's for terminals loads its network too.
    const stat = fstatSync(descriptor);
    return stat.isCharacterDevice() && !isMemory(stat) && isatty(descriptor);
  } catch {
    return false;
  }
}

/** Returns true for `/dev/null` and the like, by the number that Linux has for their kind. */
function isMemory({ rdev }: Stats): boolean {
  return process.platform === 'linux' && rdev >> 8 === 1;
}

/** True when stdout is a terminal, so that what goes there must be fit for one. */
export function stdoutIsTerminal(): boolean {
  return isTerminal(STDOUT);
}

/** Columns of a terminal that does not say how many it has. */
export const DEFAULT_WIDTH = 80;

/** Returns how many columns stdout has where it is a terminal, and undefined where it is none. */
export function terminalWidth(): number | undefined {
  return stdoutIsTerminal() ? stdoutWidth() : undefined;
}

/** Returns how many columns a text for people on stdout may have. */
export function stdoutWidth(): number {
  const columns = stdoutIsTerminal() ? process.stdout.columns : Number(process.env['COLUMNS']);
  return Number.isSafeInteger(columns) && columns > 0 ? columns : DEFAULT_WIDTH;
}

/** Bytes that need no stream, which takes 3 ms to load: a pipe has room for them. */
const FEW_BYTES = 4096;

/** Options of {@link writeStdout}. */
export interface StdoutOptions {
  /** False where the event loop must turn while a pipe is full. Default: true, where the piece is small. */
  readonly mayBlock?: boolean;
}

/**
 * Writes an answer to stdout and resolves once the system has all of it; never more than one piece waits in memory.
 * Rejects with a `SilentExit` when the reader has gone away.
 */
export async function writeStdout(
  chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  { mayBlock = true }: StdoutOptions = {},
): Promise<void> {
  const write = isFile() ? writeToFile : writeToStream;
  try {
    for await (const piece of chunks) {
      const done = mayBlock && piece.length <= FEW_BYTES ? writeAtOnce(STDOUT, piece) : 0;
      if (done < piece.length) await write(piece.subarray(done));
    }
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
    listenedTo(process.stdout).write(piece, (error) => {
      if (error) reject(error);
      else resolve();
    });
  });
}

/** Writes without waiting for the event loop, and returns how much: less than all where a pipe that does not wait is full. */
function writeAtOnce(descriptor: number, bytes: Uint8Array): number {
  let done = 0;
  try {
    while (done < bytes.length) done += writeSync(descriptor, bytes, done);
  } catch (error) {
    if (errorCode(error) !== 'EAGAIN') throw error;
  }
  return done;
}

const writeSome = promisify(write);

/** Writes all of `bytes` to a file; the system may take less than it is given, for instance on a nearly full disk. */
export async function writeFully(descriptor: number, bytes: Uint8Array): Promise<void> {
  let done = 0;
  while (done < bytes.length) {
    const { bytesWritten } = await writeSome(descriptor, bytes, done, bytes.length - done, null);
    done += bytesWritten;
  }
}

/** The stream for messages to a person. */
export type MessageStream = Pick<NodeJS.WriteStream, 'write'> & { readonly isTTY?: boolean };

/**
 * Returns stderr. Where it is no terminal it is written to without Node's stream, which takes 3 ms to load and would
 * write as synchronously.
 */
export function stderrStream(): MessageStream {
  if (isTerminal(STDERR)) return listenedTo(process.stderr);
  return {
    isTTY: false,
    write(text) {
      const bytes = Buffer.from(text);
      try {
        const done = writeAtOnce(STDERR, bytes);
        return done === bytes.length || listenedTo(process.stderr).write(bytes.subarray(done));
      } catch {
        return true;
      }
    },
  };
}

/**
 * Ignores errors of a stream: whoever closed stderr needs no report, and the answer on stdout matters more. A listener of
 * somebody else does not do: that of a thread, whose output Node leads to ours, goes away at the first error.
 */
function listenedTo(stream: NodeJS.WriteStream): NodeJS.WriteStream {
  if (!stream.listeners('error').includes(ignoreError)) stream.on('error', ignoreError);
  return stream;
}

function ignoreError(): void {
  // Told of elsewhere, or not worth telling.
}
