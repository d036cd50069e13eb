import { constants, fstatSync, lstatSync, type Stats } from 'node:fs';
import { access, lstat, open, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { relativeTreePath, toFsPath, treePathFromBytes } from '@muse/paths';
import { replaceFile, type TemporaryFiles } from '@muse/paths/files';
import { CommandError, errorCode, ExitCode, systemFailure } from '../errors.js';
import type { Reporter } from './reporter.js';
import { isTerminal, writeFully } from './streams.js';

/**
 * The destination of an answer that is written to a named file.
 *
 * If the name leads to a pipe or a character device, links followed, that is written to. Otherwise the name itself is
 * replaced by a new file, link or not: whoever made the tree must not choose what is overwritten.
 */

/** Hears of temporary files, and makes an answer fit for a terminal where it goes to one. */
export interface WriteOptions {
  readonly temporaryFiles?: TemporaryFiles | undefined;
  readonly forTerminal?: ((chunks: Iterable<Uint8Array>) => Iterable<Uint8Array>) | undefined;
}

/** Returns the number of the descriptor that a path names, if it names one. */
function descriptorOf(path: string): number | undefined {
  if (path === '/dev/stdout') return 1;
  if (path === '/dev/stderr') return 2;
  const number = /^\/(?:dev|proc\/self)\/fd\/(\d{1,9})$/.exec(path)?.[1];
  return number === undefined ? undefined : Number(number);
}

/**
 * True when `path` is a name of stdout, such as `/dev/stdout`, or of the file that the shell opened as stdout: replacing
 * that would throw away what others wrote to it.
 */
export function isStdout(path: string): boolean {
  if (descriptorOf(path) === 1) return true;
  try {
    const named = lstatSync(toFsPath(path), { bigint: true });
    const stdout = fstatSync(1, { bigint: true });
    return named.dev === stdout.dev && named.ino === stdout.ino;
  } catch {
    return false;
  }
}

/** Returns the file that an answer is to be written to; undefined is stdout, by whatever name. */
export function outputFile(named: string | undefined): string | undefined {
  return named === undefined || named === '-' || isStdout(named) ? undefined : named;
}

/** Rejects when an answer could not be written to `path` anyway, before the work for it is done. */
export async function checkWritable(path: string): Promise<void> {
  try {
    if (!(await leadsToSpecial(path))) await access(toFsPath(dirname(path)), constants.W_OK);
  } catch (error) {
    throw failure(path, error);
  }
}

/** Writes an answer to `path`, and returns whether it is a new file: that is there whole, or not at all. */
export async function writeFile(
  path: string,
  chunks: Iterable<Uint8Array>,
  options: WriteOptions = {},
): Promise<boolean> {
  try {
    const isSpecial = await leadsToSpecial(path);
    if (isSpecial) await writeThrough(path, chunks, options);
    else await replaceFile(path, chunks, { prefix: '.muse-output-', temporaryFiles: options.temporaryFiles });
    return !isSpecial;
  } catch (error) {
    throw failure(path, error);
  }
}

/** Tells where a new file is in a tree that the next snapshot will look at. */
export async function hintIfInTree(directory: string, file: string, reporter: Reporter): Promise<void> {
  if (!(await isInTree(directory, file))) return;
  reporter.hint(`${file} is inside the tree, so the next snapshot will hold it unless a rule leaves it out`);
}

async function isInTree(directory: string, file: string): Promise<boolean> {
  try {
    const [root, above] = await Promise.all(
      [directory, dirname(file)].map((path) => realpath(toFsPath(path), 'buffer')),
    );
    if (!root || !above) return false;
    const path = join(treePathFromBytes(above), basename(file));
    const segments = relativeTreePath(treePathFromBytes(root), path).split('/');
    return !segments.some((segment) => segment === '.muse' || segment === '.git');
  } catch {
    // Elsewhere, or gone: both are no news.
    return false;
  }
}

/** Returns false where there is nothing, or a file to replace; throws where what is there can be neither. */
async function leadsToSpecial(path: string): Promise<boolean> {
  const descriptor = descriptorOf(path);
  if (descriptor !== undefined) {
    const stats = fstatSync(descriptor);
    if (stats.isFile() || stats.isSocket() || isWritable(stats)) return true;
    throw refusal(path, 'nothing to write to');
  }
  let stats: Stats;
  try {
    stats = await stat(toFsPath(path));
  } catch (error) {
    const isLink = (await lstat(toFsPath(path)).catch(() => undefined))?.isSymbolicLink();
    if (isLink === true || errorCode(error) === 'ENOENT') return false;
    throw error;
  }
  if (stats.isFile()) return false;
  if (isWritable(stats)) return true;
  throw refusal(path, stats.isDirectory() ? 'a directory' : 'neither a file, a pipe nor a terminal');
}

function isWritable(stats: Stats): boolean {
  return stats.isCharacterDevice() || stats.isFIFO();
}

async function writeThrough(
  path: string,
  chunks: Iterable<Uint8Array>,
  { forTerminal }: WriteOptions,
): Promise<void> {
  const fit = (fd: number): Iterable<Uint8Array> =>
    isTerminal(fd) && forTerminal ? forTerminal(chunks) : chunks;
  const descriptor = descriptorOf(path);
  if (descriptor !== undefined) return writeChunks(descriptor, fit(descriptor));
  const handle = await open(toFsPath(path), constants.O_WRONLY | constants.O_NOCTTY);
  try {
    // Swapped by now for a link to somebody's file?
    if (!isWritable(await handle.stat())) throw refusal(path, 'no longer a pipe or a device');
    await writeChunks(handle.fd, fit(handle.fd));
  } finally {
    await handle.close();
  }
}

async function writeChunks(descriptor: number, chunks: Iterable<Uint8Array>): Promise<void> {
  for (const chunk of chunks) await writeFully(descriptor, chunk);
}

function refusal(path: string, kind: string): CommandError {
  return new CommandError(ExitCode.failed, `cannot write ${path}: it is ${kind}`, 'name a file');
}

function failure(path: string, error: unknown): unknown {
  return errorCode(error) === undefined ? error : systemFailure(`cannot write ${path}`, error);
}
