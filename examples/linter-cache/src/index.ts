import { readFile } from 'node:fs/promises';
import { toNativePath } from '@muse/paths';
import { createSnapshot } from '@muse/snapshot';
import { blobId, loadCache } from '@muse/stat-cache';

/** A linter: what it finds in a file depends on nothing but the text. */
export interface Linter {
  /** Names the linter and its version; with another one, everything is linted again. */
  readonly name: string;
  readonly lint: (text: string) => string[];
}

/** What a run found. */
export interface LintResult {
  /** What is wrong, by tree path; files without a finding are not in it. */
  readonly findings: ReadonlyMap<string, readonly string[]>;
  /** How many files were read and linted; the others were known. */
  readonly linted: number;
  /** Files that could not be read, and why. */
  readonly unread: ReadonlyMap<string, string>;
}

/** The name of the dimension; each entry of the cache has one value under it, so an old version's is replaced. */
const DIMENSION = 'lint';

/** Lints the files of a directory whose names end so, and reads only those whose content it has not seen. */
export async function lintTree(root: string, ending: string, { name, lint }: Linter): Promise<LintResult> {
  const cache = await loadCache(root);
  const { manifest, problems } = await createSnapshot(root, { cache });
  const findings = new Map<string, readonly string[]>();
  const unread = new Map(problems.map(({ path, message }) => [path, message]));
  let linted = 0;
  for (const [path, objectId] of manifest) {
    if (!path.endsWith(ending)) continue;
    let found = knownFindings(cache.getDimension(path, objectId, DIMENSION), name);
    if (found === undefined) {
      const bytes = await readFile(toNativePath(root, path)).catch((error: unknown) => error as Error);
      if (bytes instanceof Error) {
        unread.set(path, bytes.message);
        continue;
      }
      found = lint(bytes.toString());
      linted++;
      // It may have been edited since the snapshot: what was found in other bytes is not for this object id.
      if (blobId(bytes) === objectId) {
        cache.setDimension(path, objectId, DIMENSION, JSON.stringify([name, ...found]));
      }
    }
    if (found.length > 0) findings.set(path, found);
  }
  await cache.save();
  return { findings, linted, unread };
}

function knownFindings(value: string | undefined, name: string): string[] | undefined {
  if (value === undefined) return undefined;
  const [by, ...found] = JSON.parse(value) as string[];
  return by === name ? found : undefined;
}
