import type { CaseName, Measurement, Results, TreeFacts } from '../results.js';

/** Returns the tree that the targets are about. */
export function mainTree({ trees }: Results): TreeFacts | undefined {
  return trees.find(({ role }) => role === 'main');
}

/** Returns what one contestant took, where it was measured. */
export function find(
  { measurements }: Results,
  tree: string | undefined,
  caseName: CaseName,
  name: string,
): Measurement | undefined {
  return measurements.find((each) => each.tree === tree && each.case === caseName && each.name === name);
}

/** Returns what one contestant took on the tree of so many files in the series. */
export function findInSeries(
  results: Results,
  files: number,
  caseName: CaseName,
  name: string,
): Measurement | undefined {
  const tree = results.trees.find((each) => each.role === 'series' && each.files === files);
  return tree && find(results, tree.name, caseName, name);
}

/** Returns how often the second time goes into the first; `undefined` where one is missing. */
export function ratio(one: Measurement | undefined, other: Measurement | undefined): number | undefined {
  return one && other && one.milliseconds.median / other.milliseconds.median;
}
