import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Describes what lies at a path and below: kinds, inodes, modes, times, contents. Two that are equal mean that nothing
 * was written, removed, made or replaced in between. Of what may not be read, the times alone tell.
 */
export function fingerprint(path: string): string[] {
  const stat = lstatSync(path, { bigint: true });
  const { ino, mode, size, mtimeNs, ctimeNs } = stat;
  const own = [path, ino, mode.toString(8), size, mtimeNs, ctimeNs].join(' ');
  if (stat.isSymbolicLink()) return [`${own} ${readlinkSync(path)}`];
  if (stat.isFile()) return [`${own} ${permitted(() => readFileSync(path, 'base64')) ?? ''}`];
  if (!stat.isDirectory()) return [own];
  const names = permitted(() => readdirSync(path)) ?? [];
  return [own, ...names.flatMap((name) => permitted(() => fingerprint(join(path, name))) ?? [])];
}

function permitted<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EACCES') return undefined;
    throw error;
  }
}
