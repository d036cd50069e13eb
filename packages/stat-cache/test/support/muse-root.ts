import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeTree, removeTree, type TreeSpec } from '@muse/testkit';
import { onTestFinished } from 'vitest';
import type { FileStat } from '@muse/stat-cache';

/** Makes a root from a literal, `.muse` included, and removes it after the test. */
export async function museRoot(
  spec: Readonly<Record<string, TreeSpec[keyof TreeSpec]>> = {},
): Promise<string> {
  const root = await makeTree({ '.muse': {}, ...spec });
  onTestFinished(() => removeTree(root));
  return root;
}

/** The names in the root's cache directory. */
export function inCache(root: string): string[] {
  return readdirSync(join(root, '.muse/cache')).sort();
}

export function statJson(root: string): string {
  return join(root, '.muse/cache/stat.json');
}

export function storedText(root: string): string {
  return readFileSync(statJson(root), 'utf8');
}

export function statOf(root: string, path: string): FileStat {
  return lstatSync(join(root, path), { bigint: true });
}
