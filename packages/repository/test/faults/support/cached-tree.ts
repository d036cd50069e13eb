import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cacheDir, museDir, statCachePath } from '@muse/paths';
import { createSnapshot } from '@muse/snapshot';
import { giveToOrdinaryUser, makeTree, tempDir, type OracleAnswer } from '@muse/testkit';
import { expectedAnswer } from './expected-answer.js';

/** A small tree with a saved cache, in a directory that holds nothing else. */
export interface CachedTree extends AsyncDisposable {
  /** The directory that the root is in. */
  readonly directory: string;
  readonly root: string;
  /** What its cache file holds. */
  readonly text: string;
  /** What a snapshot of it must say. */
  readonly answer: OracleAnswer;
}

const contents = { 'a.txt': 'a', 'src/b.c': 'int b;', 'src/deep/c.c': 'int c;' };

/**
 * Makes such a tree, of four files. One has changed since it was cached, so that the next snapshot has something to save.
 * With `ordinary` all of it belongs to the ordinary user.
 */
export async function makeCachedTree({ ordinary = false } = {}): Promise<CachedTree> {
  const temporary = tempDir();
  const directory = temporary.path;
  const root = join(directory, 'tree');
  await makeTree({ ...contents, 'changing.txt': 'before' }, root);
  mkdirSync(cacheDir(root), { recursive: true });
  if (ordinary) await giveToOrdinaryUser(directory);
  await createSnapshot(root);
  // Only this: another owner is another ctime, and no entry of the cache would be a hit.
  if (ordinary) await giveToOrdinaryUser(museDir(root));
  const text = readFileSync(statCachePath(root), 'utf8');
  writeFileSync(join(root, 'changing.txt'), 'later.');
  const answer = expectedAnswer(Object.entries({ ...contents, 'changing.txt': 'later.' }));
  return { directory, root, text, answer, [Symbol.asyncDispose]: () => temporary.remove() };
}

/** Returns a cache text that is valid in all, and wrong about every file: whoever believes it shows that. */
export function poisoned(text: string): string {
  const covered = text
    .slice(0, text.lastIndexOf('"checksum"'))
    .replaceAll(/sha256:[0-9a-f]{64}/g, `sha256:${'0'.repeat(64)}`);
  return `${covered}"checksum":"${createHash('sha256').update(covered).digest('hex')}"}`;
}
