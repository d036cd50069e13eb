import { resolveRoot, type IgnoreRules } from '@muse/walker';
import { rulesAbove } from '@muse/walker/scan';
import { readIgnoreRules, type IgnoreOptions } from './ignore-rules.js';
import type { Manifest } from './types.js';

/**
 * Returns the part of a manifest that the rules of a root, as they are now, do not leave out: to compare what was taken
 * by other rules. The paths in it begin at the directory `subtree`, which they do not leave out. Of a directory that is
 * gone, only the rules above it are known.
 */
export async function judgeManifest(
  root: string,
  manifest: Manifest,
  { subtree = '', ...options }: IgnoreOptions & { readonly subtree?: string | undefined },
): Promise<Manifest> {
  const { root: resolved } = await resolveRoot(root);
  const ignore = await readIgnoreRules(resolved, options);
  if (!ignore) return manifest;
  const { rules } = await rulesAbove(resolved, subtree, ignore);
  const prefix = subtree === '' ? '' : `${subtree}/`;
  const directories = new Map<string, Promise<IgnoreRules | undefined>>();
  /** Gives the rules for what is in a directory; undefined where it is left out. */
  const rulesIn = (path: string): Promise<IgnoreRules | undefined> => {
    let found = directories.get(path);
    if (!found) directories.set(path, (found = enter(path)));
    return found;
  };
  const enter = async (path: string): Promise<IgnoreRules | undefined> => {
    const isTop = path === subtree;
    const above = isTop
      ? rules
      : await rulesIn(path.slice(0, Math.max(subtree.length, path.lastIndexOf('/'))));
    if (!above || (!isTop && above.ignores(path, true))) return undefined;
    return (await above.enter?.({ root: resolved, path, mayHold: () => true }))?.rules ?? above;
  };
  const kept = new Map(manifest);
  for (const file of manifest.keys()) {
    const path = prefix + file;
    const inside = await rulesIn(path.slice(0, Math.max(subtree.length, path.lastIndexOf('/'))));
    if (!inside || inside.ignores(path, false)) kept.delete(file);
  }
  return kept;
}
