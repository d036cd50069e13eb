import { toNativePath } from '@muse/paths';
import { readGuarded } from '@muse/paths/files';
import { createSnapshot } from '@muse/snapshot';
import { blobId, loadCache, type ObjectId } from '@muse/stat-cache';

/** A linter whose findings in a file depend on nothing but the text. */
export interface Linter {
  /** The linter and its version. When it changes, everything is linted again. */
  readonly name: string;
  readonly lint: (text: string) => string[];
}

/** The result of a run. */
export interface LintResult {
  /** The findings by tree path; files without any are not in it. */
  readonly findings: ReadonlyMap<string, readonly string[]>;
  /** The number of files that were read and linted; the others were known. */
  readonly linted: number;
  /** Files that could not be read as they were listed, and why; lint them with the next run. */
  readonly unread: ReadonlyMap<string, string>;
  /** Why the results were not kept: the next run lints these files again. */
  readonly saveError: Error | undefined;
}

/** The name of the dimension; each entry of the cache has one value under it, so an old version's is replaced. */
const DIMENSION = 'lint';

/** More than any source that a person wrote. */
const MAX_FILE_BYTES = 2 ** 26;

/** Lints the files of a directory whose names end in `ending`, and reads only those whose content it has not seen. */
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
      const text = await readListed(root, path, objectId).catch((error: unknown) => error as Error);
      if (text instanceof Error) {
        unread.set(path, text.message);
        continue;
      }
      found = lint(text);
      linted++;
      cache.setDimension(path, objectId, DIMENSION, JSON.stringify([name, ...found]));
    }
    if (found.length > 0) findings.set(path, found);
  }
  const saveError = await cache.save().then(
    () => undefined,
    (error: unknown) => error as Error,
  );
  return { findings, linted, unread, saveError };
}

/**
 * Returns the text whose object id is in the manifest. The file may have been edited since, or a directory on the way
 * to it swapped for a link: what other bytes hold is neither for this object id nor, perhaps, for these eyes.
 */
async function readListed(root: string, path: string, objectId: ObjectId): Promise<string> {
  const { bytes } = await readGuarded(toNativePath(root, path), { maxBytes: MAX_FILE_BYTES });
  if (blobId(bytes) !== objectId) throw new Error('It changed since it was listed');
  return bytes.toString();
}

/** Returns the findings of this version of the linter; `undefined` if the value is another one's. */
function knownFindings(value: string | undefined, name: string): string[] | undefined {
  if (value === undefined) return undefined;
  try {
    const [by, ...found] = JSON.parse(value) as unknown[];
    if (by === name && found.every((each) => typeof each === 'string')) return found;
  } catch {
    // Not ours.
  }
  return undefined;
}
