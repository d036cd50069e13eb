import { PathMap } from '@muse/paths';
import { type IgnoreRules, resolveRoot } from '@muse/walker';
import { rulesAbove } from '@muse/walker/ignore';
import { isWithin, prefixOf } from '../manifest/manifest.js';
import { readRules } from '../take/root.js';
import type { Manifest, RuleText, SnapshotterOptions } from '../types.js';

/**
 * Returns the files whose rules differ between two snapshots, in order. Passes over `.gitignore` files that do not
 * count in the directory `part`.
 */
export function changedTexts(
  before: readonly RuleText[],
  after: readonly RuleText[],
  part: string,
): string[] {
  const old = new Map(before.map(({ file, digest }) => [file, digest]));
  const now = new Map(after.map(({ file, digest }) => [file, digest]));
  return [...new Set([...old.keys(), ...now.keys()])]
    .filter((file) => old.get(file) !== now.get(file) && counts(file, part))
    .sort();
}

function counts(file: string, part: string): boolean {
  if (part === '' || !file.endsWith('.gitignore') || file.startsWith('/')) return true;
  const directory = directoryOf(file);
  return isWithin(directory, part) || isWithin(part, directory);
}

/**
 * Returns the part of a manifest that the current rules of a root do not leave out, to compare a snapshot that was
 * taken by other rules. Paths in the manifest begin at the directory `subtree`, which the rules do not leave out. For a
 * directory that is gone, only the rules above it count.
 */
export async function judgeManifest(
  root: string,
  manifest: Manifest,
  options: SnapshotterOptions,
): Promise<Manifest> {
  const { subtree = '' } = options;
  const { root: resolved } = await resolveRoot(root);
  const { ignore } = await readRules(resolved, options);
  if (!ignore) return manifest;
  const { rules } = await rulesAbove(resolved, subtree, ignore);
  const enter = async (above: IgnoreRules, path: string): Promise<IgnoreRules> =>
    (await above.enter?.({ root: resolved, path, mayHold: () => true }))?.rules ?? above;
  /** The rules for what is in a directory; `undefined` where it is left out. */
  const directories = new PathMap([[subtree, rules && (await enter(rules, subtree))]]);
  const rulesIn = async (directory: string): Promise<IgnoreRules | undefined> => {
    const entered: string[] = [];
    let at = directory;
    for (; !directories.has(at); at = directoryOf(at, subtree)) entered.push(at);
    let inside = directories.get(at);
    for (const path of entered.reverse()) {
      inside = inside && !inside.ignores(path, true) ? await enter(inside, path) : undefined;
      directories.set(path, inside);
    }
    return inside;
  };
  const kept = new PathMap(manifest);
  for (const file of manifest.keys()) {
    const path = prefixOf(subtree) + file;
    const inside = await rulesIn(directoryOf(path, subtree));
    if (!inside || inside.ignores(path, false)) kept.delete(file);
  }
  return kept;
}

/** Returns the directory that a path below `top` is in. */
function directoryOf(path: string, top = ''): string {
  return path.slice(0, Math.max(top.length, path.lastIndexOf('/')));
}
