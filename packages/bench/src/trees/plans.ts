import { basename, resolve } from 'node:path';
import type { BenchOptions } from '../options.js';
import type { TreeRole } from '../results.js';
import type { Recipe } from './recipe.js';

/** A tree that is still to be made, so that one can be removed before the next takes its room. */
export interface TreePlan {
  readonly name: string;
  readonly role: TreeRole;
  readonly description: string;
  readonly recipe: Recipe;
  /** The path of a tree that was there before. */
  readonly root?: string;
}

/** As many as the Linux tree that the targets were measured on has. */
const KERNEL_FILES = 78_579;
/** The name of the tree in which every file is small. */
export const SYNTHETIC = 'synthetic';
const SYNTHETIC_FILES = 75_000;
const SERIES = [1_000, 10_000, 75_000];
const MILLION = 1_000_000;
const QUICK_FILES = 300;
const QUICK_SERIES = [100, 300];
const SERIES_FILE_BYTES = 1024;
const LARGE_FILE_BYTES = 1 << 30;
const QUICK_LARGE_FILE_BYTES = 16 << 20;

/** The trees of a run that is given none, the main one first. */
export function builtTrees({ quick }: BenchOptions): TreePlan[] {
  const kernel: TreePlan = {
    name: 'kernel-shaped',
    role: 'main',
    description: 'Directories, depth and sizes spread as in a checkout of Linux; made from a seed.',
    recipe: { kind: 'kernel', files: quick ? QUICK_FILES : KERNEL_FILES },
  };
  const synthetic: TreePlan = {
    name: SYNTHETIC,
    role: 'more',
    description: 'Files of 1 KiB, a thousand to a directory.',
    recipe: { kind: 'numbered', files: SYNTHETIC_FILES },
  };
  return quick ? [kernel] : [kernel, synthetic];
}

/** Trees that differ in size alone. */
export function seriesTrees({ quick, million }: BenchOptions): TreePlan[] {
  const sizes = [...(quick ? QUICK_SERIES : SERIES), ...(million ? [MILLION] : [])];
  return sizes.map((files) => ({
    name: `${files} files`,
    role: 'series',
    description: 'Directories as in a checkout of Linux, each file of 1 KiB; made from a seed.',
    recipe: { kind: 'kernel', files, fileBytes: SERIES_FILE_BYTES },
  }));
}

export function largeFileTree({ quick }: BenchOptions): TreePlan {
  const bytes = quick ? QUICK_LARGE_FILE_BYTES : LARGE_FILE_BYTES;
  return {
    name: 'large file',
    role: 'more',
    description: `One sparse file of ${bytes >> 20} MiB.`,
    recipe: { kind: 'sparse', bytes },
  };
}

/** A directory that the run was given: as it is and never edited, or a copy. */
export function givenTree(directory: string, copy: boolean): TreePlan {
  const root = resolve(directory);
  const shared = { name: basename(root), role: 'main' } as const;
  return copy
    ? {
        ...shared,
        description: 'A copy of the directory that was given.',
        recipe: { kind: 'copy', of: root },
      }
    : { ...shared, description: 'The directory that was given.', recipe: { kind: 'given' }, root };
}
