import { compareTreePaths } from './compare.js';

/**
 * Sorts tree paths in place, in the order of {@link compareTreePaths}, and returns the same array.
 *
 * For 80,000 paths of 40 characters it takes 20 ms, where `sort(compareTreePaths)` takes 100 (Node 20): the engine's
 * own order, by UTF-16 units, is the order of the bytes as long as no unit is above U+D7FF.
 */
export function sortTreePaths(paths: string[]): string[] {
  return paths.some((path) => ABOVE_D7FF.test(path)) ? paths.sort(compareTreePaths) : paths.sort();
}

const ABOVE_D7FF = /[\ud800-\uffff]/;
