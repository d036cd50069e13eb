import { lstat, readdir } from 'node:fs/promises';
import type { BigIntStats } from 'node:fs';
import { join } from 'node:path';

/**
 * Lists every file below a root with its stat, by promises alone. Rejected: an `lstat` by promise costs several times
 * what the call itself does, most of it on the one thread that the program runs on; see decision 005.
 */
export async function promisedWalk(root: string): Promise<Map<string, BigIntStats>> {
  const files = new Map<string, BigIntStats>();
  const entries = await readdir(root, { withFileTypes: true });
  await Promise.all(
    entries.map(async (entry) => {
      const path = join(root, entry.name);
      if (entry.isFile()) files.set(path, await lstat(path, { bigint: true }));
      if (entry.isDirectory()) for (const file of await promisedWalk(path)) files.set(...file);
    }),
  );
  return files;
}
