import { mkdirSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { kernelTree } from '@muse/testkit';
import { copyTree } from './copy-tree.js';
import { numberedPaths, writeNumberedTree } from './numbered-tree.js';

/** A way to make a tree. */
export type Recipe =
  | { readonly kind: 'kernel'; readonly files: number; readonly fileBytes?: number }
  | { readonly kind: 'numbered'; readonly files: number }
  /** One file without a block on disk: to read it takes no longer than from the page cache. */
  | { readonly kind: 'sparse'; readonly bytes: number }
  | { readonly kind: 'copy'; readonly of: string }
  /** It is there and stays as it is. */
  | { readonly kind: 'given' };

/** Fills a directory. */
export function follow(recipe: Recipe, root: string): void {
  if (recipe.kind !== 'given') mkdirSync(root);
  switch (recipe.kind) {
    case 'kernel': {
      const { files, fileBytes } = recipe;
      kernelTree({ root, files, ...(fileBytes !== undefined && { fileBytes }) });
      break;
    }
    case 'numbered':
      writeNumberedTree(root, numberedPaths(recipe.files));
      break;
    case 'sparse':
      writeFileSync(join(root, 'large'), '');
      truncateSync(join(root, 'large'), recipe.bytes);
      break;
    case 'copy':
      copyTree(Buffer.from(recipe.of), Buffer.from(root));
      break;
    case 'given':
  }
}
