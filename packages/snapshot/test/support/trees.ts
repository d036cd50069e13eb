import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import { StatCache } from '@muse/stat-cache';
import type { Snapshot } from '@muse/snapshot';
import { makeTree, oracle, removeTree, type OracleAnswer, type TreeNode, type TreeSpec } from '@muse/testkit';
import { expect, onTestFinished } from 'vitest';

/** Makes a tree without `.muse`, and removes it after the test. */
export async function bareTree(spec: TreeSpec = {}): Promise<string> {
  const root = await makeTree(spec);
  onTestFinished(() => removeTree(root));
  return root;
}

/** Makes a tree with a `.muse`, so that it has a cache, and removes it after the test. */
export async function museTree(spec: Readonly<Record<string, TreeNode>> = {}): Promise<string> {
  return bareTree({ '.muse': {}, ...spec });
}

/** Expects that a snapshot is complete and says what the oracle says, now or in an answer from before. */
export async function expectTruth(root: string, snapshot: Snapshot, answer?: OracleAnswer): Promise<void> {
  const { id, manifest, complete, problems } = snapshot;
  const truth = answer ?? (await oracle(root));
  expect(problems).toEqual([]);
  expect(complete).toBe(true);
  expect([...manifest]).toEqual([...truth.manifest]);
  expect(id).toBe(truth.id);
}

/** The paths in the cache file of a root. */
export async function cachedPaths(root: string): Promise<string[]> {
  return [...(await StatCache.open({ root })).entries()].map(([path]) => path).sort();
}

/** The stat of the cache file, which tells whether it was written again. */
export function cacheFileStamp(root: string): { ino: bigint; mtimeNs: bigint } {
  const { ino, mtimeNs } = lstatSync(join(root, '.muse/cache/stat.json'), { bigint: true });
  return { ino, mtimeNs };
}

/** All misses of a snapshot, whatever the reason. */
export function missesOf({ stats }: Snapshot): number {
  return Object.values(stats.misses).reduce((sum, count) => sum + count, 0);
}
