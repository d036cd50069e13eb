import { chownSync, mkdirSync, mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { giveToOrdinaryUser, makeTree, tempDir, type TreeSpec } from '@muse/testkit';
import type { Place, Tool } from './types.js';

/** Whom the commands of a place run as. */
export interface PlaceOptions {
  readonly asOrdinaryUser?: boolean;
}

/** Makes a place with a tree, has the tool prepare it, and removes it when `work` is done. */
export async function withPlace<T>(
  tool: Tool,
  tree: TreeSpec,
  work: (place: Place) => Promise<T>,
  { asOrdinaryUser = false }: PlaceOptions = {},
): Promise<T> {
  await using directory = tempDir();
  const [root, state, home] = ['tree', 'state', 'home'].map((name) => join(directory.path, name));
  if (root === undefined || state === undefined || home === undefined) throw new Error('No place');
  for (const made of [root, state, home]) mkdirSync(made);
  await makeTree(tree, root);
  const user = asOrdinaryUser ? await giveToOrdinaryUser(directory.path) : undefined;
  const place = { root, state, env: environment(home), user };
  await tool.prepare(place);
  return await work(place);
}

/** Makes an empty directory beside the tree that the commands of the place may write to. */
export function freshDirectory({ state, user }: Place): string {
  const directory = mkdtempSync(join(state, 'fresh-'));
  if (user) chownSync(directory, user.uid, user.gid);
  return directory;
}

function environment(home: string): Record<string, string> {
  return {
    PATH: process.env['PATH'] ?? '',
    HOME: home,
    XDG_CONFIG_HOME: join(home, 'config'),
    XDG_CACHE_HOME: join(home, 'cache'),
    XDG_DATA_HOME: join(home, 'data'),
    LANG: 'C.UTF-8',
    TMPDIR: home,
  };
}
