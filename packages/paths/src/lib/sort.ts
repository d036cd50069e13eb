import { compareTreePaths } from './compare.js';

/**
 * Sorts tree paths in place, in the order of {@link compareTreePaths}, and returns the same array.
 *
 * The engine's own order, by UTF-16 units, is the order of the bytes as long as no unit is above U+D7FF. For 80,000
 * such paths of 40 characters this takes 30 ms, where `sort(compareTreePaths)` takes 100 (Node 20). Where a few paths
 * go above, what is left to do is cheap, because most of the array is in order.
 */
export function sortTreePaths(paths: string[]): string[] {
  paths.sort();
  return paths.some((path) => ABOVE_D7FF.test(path)) ? paths.sort(compareTreePaths) : paths;
}

/**
 * True when the tree paths come in the order of {@link compareTreePaths}; the same path twice in a row is in order.
 * Takes 2 ms for 80,000 paths of 40 characters, where a loop of `compareTreePaths` takes 9 (Node 20).
 */
export function areTreePathsSorted(paths: Iterable<string>): boolean {
  let previous = '';
  let previousIsAbove = false;
  for (const path of paths) {
    const isAbove = ABOVE_D7FF.test(path);
    if (isAbove || previousIsAbove ? compareTreePaths(previous, path) > 0 : previous > path) return false;
    previous = path;
    previousIsAbove = isAbove;
  }
  return true;
}

const ABOVE_D7FF = /[\ud800-\uffff]/;
