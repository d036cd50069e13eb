import { spawnSync } from 'node:child_process';
import { accessSync, constants, readFileSync, writeFileSync } from 'node:fs';

const DROP_CACHES = '/proc/sys/vm/drop_caches';
/** Pages, and what the kernel knows of files and directories. */
const EVERYTHING = '3\n';
const IN_MEMORY = new Set(['tmpfs', 'ramfs']);

/** Returns why a tree on a file system of this type cannot be read from the disk; `undefined` if it can. */
export function whyNotFromDisk(fileSystem: string, file = DROP_CACHES): string | undefined {
  if (IN_MEMORY.has(fileSystem)) return `the tree is on ${fileSystem}, which has no disk`;
  try {
    accessSync(file, constants.W_OK);
    return undefined;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return `only root may empty the page cache, and on Linux alone (${file}: ${code ?? 'not writable'})`;
  }
}

/** Empties the page cache of the whole machine; files whose pages are still to be written would stay in it. */
export function emptyPageCache(): void {
  spawnSync('sync');
  writeFileSync(DROP_CACHES, EVERYTHING);
}

/** Returns how many bytes the disks of this machine have delivered since it started. */
export function bytesFromDisk(): number {
  const kibibytes = /^pgpgin (\d+)$/m.exec(readFileSync('/proc/vmstat', 'utf8'))?.[1];
  if (kibibytes === undefined) throw new Error('Cannot find pgpgin in /proc/vmstat');
  return Number(kibibytes) * 1024;
}
