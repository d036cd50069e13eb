import { createHash } from 'node:crypto';
import { realpath, stat } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { hashFile, NotRegularFileError, type ObjectId } from '@muse/stat-cache';
import { nativePath } from '../native-path.js';
import { readStdin } from '../read-stdin.js';
import type { HashRequest } from '../request.js';

/** The object id of one file, or the error that kept it from being known. */
export type HashAnswer =
  { readonly name: string; readonly objectId: ObjectId } | { readonly name: string; readonly error: unknown };

/** Hashes the files one after the other; one that cannot be read does not stop the others. */
export async function* hash({ files }: HashRequest): AsyncGenerator<HashAnswer> {
  for (const name of files) yield await hashNamed(name);
}

async function hashNamed(name: string): Promise<HashAnswer> {
  try {
    const objectId = name === '-' ? await hashStream(readStdin()) : await hashPath(name);
    return { name, objectId };
  } catch (error) {
    return { name, error };
  }
}

/** The library follows no link; whoever names one means the file it leads to. */
async function hashPath(name: string): Promise<ObjectId> {
  const path = nativePath(name);
  try {
    return (await hashFile(path)).objectId;
  } catch (error) {
    if (!(error instanceof NotRegularFileError) || !(await stat(path)).isFile()) throw error;
    return (await hashFile(await realpath(path, 'buffer'))).objectId;
  }
}

async function hashStream(stream: Readable): Promise<ObjectId> {
  const hasher = createHash('sha256');
  for await (const chunk of stream) hasher.update(chunk as Buffer);
  return `sha256:${hasher.digest('hex')}`;
}
