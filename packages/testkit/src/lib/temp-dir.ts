import { mkdtempSync, realpathSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { removeTree } from './remove-tree.js';

/** A temporary directory that removes itself at the end of an `await using` scope. */
export interface TempDir extends AsyncDisposable {
  /** Its absolute path, with no symbolic link in it. */
  readonly path: string;
  /** Removes it with all that is in it, whatever its modes; a second call does nothing. */
  remove(): Promise<void>;
}

/** Makes an empty temporary directory. */
export function tempDir(): TempDir {
  const path = makeTempRoot();
  const remove = () => removeTree(path);
  return { path, remove, [Symbol.asyncDispose]: remove };
}

/** Makes an empty temporary directory that the caller removes. */
export function makeTempRoot(): string {
  return mkdtempSync(join(realpathSync(tmpdir()), 'muse-testkit-'));
}
