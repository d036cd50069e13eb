import {
  CASE_NAMES,
  caseTitles,
  COMMAND,
  FLOOR,
  FLOOR_OF_CALLS,
  type CaseName,
  type Measurement,
  type Results,
} from '../results.js';
import { ms, times } from './figures.js';
import { find } from './find.js';
import { markdownTable } from './markdown-table.js';

interface Lost {
  readonly ours: Measurement;
  readonly fastest: Measurement;
  readonly ratio: number;
}

/** Returns the cases in which another program took less time than the command, the worst first; `undefined` for none. */
export function fasterTable(results: Results): string | undefined {
  const lost = results.trees
    .flatMap(({ name }) => CASE_NAMES.flatMap((caseName) => lostIn(results, name, caseName)))
    .sort((one, other) => other.ratio - one.ratio);
  if (lost.length === 0) return undefined;
  const rows = lost.map(({ ours, fastest, ratio }) => [
    caseTitles[ours.case].split(':')[0] ?? '',
    ours.tree,
    ms(ours.milliseconds.median),
    fastest.name,
    ms(fastest.milliseconds.median),
    times(ratio),
  ]);
  const head = ['case', 'tree', `${COMMAND}, ms`, 'fastest other', 'its ms', 'ratio'];
  return markdownTable(head, rows, new Set([0, 1, 3]));
}

/** A floor is no program that anybody could use instead. */
function lostIn(results: Results, tree: string, caseName: CaseName): Lost[] {
  const ours = find(results, tree, caseName, COMMAND);
  const [fastest] = results.measurements
    .filter((each) => each.tree === tree && each.case === caseName && each.role === 'peer')
    .filter(({ name }) => name !== FLOOR && name !== FLOOR_OF_CALLS)
    .sort((one, other) => one.milliseconds.median - other.milliseconds.median);
  if (!ours || !fastest) return [];
  const ratio = ours.milliseconds.median / fastest.milliseconds.median;
  return ratio > 1 ? [{ ours, fastest, ratio }] : [];
}
