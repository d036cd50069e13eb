import { compareTreePaths } from '@muse/paths';
import { itemOf } from './item-of.js';
import { KINDS, type EncodedTree, type ReportFile } from './report-data.js';

/** Returns files as one tree. Throws unless each comes after the one before it, as path order has them. */
export function encodeTree(files: Iterable<ReportFile>): EncodedTree {
  const names = [''];
  const children = [0];
  const sizes: (number | null)[] = [];
  const from: string[] = [];
  let kinds = '';
  /** The directories that are open, the root first: their nodes and, but for the root, their names. */
  const open = [0];
  const path: string[] = [];
  let previous = '';
  let directory = '';

  const add = (name: string): number => {
    const above = itemOf(open, open.length - 1);
    children[above] = itemOf(children, above) + 1;
    names.push(name);
    return children.push(0) - 1;
  };

  const enter = (segments: readonly string[]): void => {
    let shared = 0;
    while (shared < path.length && path[shared] === segments[shared]) shared++;
    path.length = shared;
    open.length = shared + 1;
    for (const segment of segments.slice(shared)) {
      open.push(add(segment));
      path.push(segment);
    }
  };

  for (const file of files) {
    if (compareTreePaths(previous, file.path) >= 0) {
      throw new RangeError(`Cannot encode a tree: ${JSON.stringify(file.path)} is not in path order`);
    }
    previous = file.path;
    const cut = file.path.lastIndexOf('/');
    const above = file.path.slice(0, Math.max(0, cut));
    // Mostly it is beside the one before it.
    if (above !== directory) enter(above === '' ? [] : above.split('/'));
    directory = above;
    add(file.path.slice(cut + 1));
    kinds += String(KINDS.indexOf(file.kind));
    sizes.push(file.bytes ?? null);
    if (file.kind === 'renamed') {
      if (file.from === undefined)
        throw new TypeError(`Cannot encode a tree: ${JSON.stringify(file.path)} has no old path`);
      from.push(file.from);
    }
  }
  const known = sizes.some((size) => size !== null);
  return { names: names.join('/'), children, kinds, ...(known && { sizes }), from };
}
