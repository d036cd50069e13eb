import { execFile } from 'node:child_process';
import { lstatSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

/**
 * Removes a tree that does not want to be removed: without permissions, with names of any bytes, deeper than a path
 * may be long. An absent one is fine.
 */
export async function removeTree(path: string): Promise<void> {
  try {
    await rm(path, { recursive: true, force: true });
  } catch {
    // Node stops at directories it may not list and at paths beyond PATH_MAX; the commands walk by file descriptor.
  }
  if (isAbsent(path)) return;
  await run('chmod', ['-R', 'u+rwX', '--', path]).catch(() => undefined);
  await run('rm', ['-rf', '--', path]);
}

function isAbsent(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) === undefined;
}
