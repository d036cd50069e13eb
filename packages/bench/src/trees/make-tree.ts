import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { cacheDir, museDir } from '@muse/paths';
import { runScript } from '../processes/script.js';
import type { BenchTree } from './bench-tree.js';
import type { Listed } from './list-files.js';
import type { TreePlan } from './plans.js';
import type { Scratch } from './scratch.js';

/** Makes the tree of a plan, with a place for its cache, and gives the disk the time to write what is new. */
export function makeTree({ root, ...plan }: TreePlan, scratch: Scratch): BenchTree {
  const { name, role, description, recipe } = plan;
  const directory = scratch.directory();
  const place = { root: root ?? join(directory, 'tree'), aside: join(directory, 'aside') };
  const lists = { nulList: join(place.aside, 'paths-nul'), lineList: join(place.aside, 'paths-lines') };
  mkdirSync(place.aside);
  const args = [JSON.stringify(recipe), place.root, JSON.stringify(lists)];
  const listed = JSON.parse(runScript('follow-recipe', ...args)) as Listed;
  for (const made of [museDir(place.root), cacheDir(place.root)]) {
    if (existsSync(made)) continue;
    mkdirSync(made);
    scratch.add(made);
  }
  spawnSync('sync');
  return { ...{ name, role, description, editable: root === undefined }, ...place, ...lists, ...listed };
}
