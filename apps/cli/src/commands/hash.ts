import { createHash } from 'node:crypto';
import { realpath, stat } from 'node:fs/promises';
import { addAbortSignal, type Readable } from 'node:stream';
import { hashFile, NotRegularFileError, type ObjectId } from '@muse/stat-cache';
import { nativePath } from '../native-path.js';
import { readStdin } from '../read-stdin.js';
import type { HashRequest } from '../request.js';

/** The object id of one file, or the error that kept it from being known. */
export type HashAnswer =
  { readonly name: string; readonly objectId: ObjectId } | { readonly name: string; readonly error: unknown };

/** Hashes the files one after the other; one that cannot be read does not stop the others. */
export async function* hash({ files }: HashRequest, signal: AbortSignal): AsyncGenerator<HashAnswer> {
  for (const name of files) {
    signal.throwIfAborted();
    yield await hashNamed(name, signal);
  }
}

async function hashNamed(name: string, signal: AbortSignal): Promise<HashAnswer> {
  try {
    const objectId = name === '-' ? await hashStream(readStdin(), signal) : await hashPath(name, signal);
    return { name, objectId };
  } catch (error) {
    signal.throwIfAborted();
    return { name, error };
  }
}

/** The library follows no link; whoever names one means the file it leads to. */
async function hashPath(name: string, signal: AbortSignal): Promise<ObjectId> {
  const path = nativePath(name);
  try {
    return (await hashFile(path, { signal })).objectId;
  } catch (error) {
    if (!(error instanceof NotRegularFileError) || !(await stat(path)).isFile()) throw error;
    return (await hashFile(await realpath(path, 'buffer'), { signal })).objectId;
  }
}

async function hashStream(stream: Readable, signal: AbortSignal): Promise<ObjectId> {
  const hasher = createHash('sha256');
  for await (const chunk of addAbortSignal(signal, stream)) hasher.update(chunk as Buffer);
  return `sha256:${hasher.digest('hex')}`;
}
