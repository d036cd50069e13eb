import { FLOOR, references, type CaseName, type Measurement, type Results } from '../results.js';
import { decimals, megabytes, ms, times } from './figures.js';
import { find, ratio } from './find.js';
import { markdownTable } from './markdown-table.js';

/** Returns what all contestants took in one case on one tree, with notes below; `undefined` where none ran. */
export function caseTable(results: Results, tree: string, caseName: CaseName): string | undefined {
  const measured = results.measurements.filter((each) => each.tree === tree && each.case === caseName);
  if (measured.length === 0) return undefined;
  const reference = find(results, tree, caseName, references[caseName]);
  const floor = find(results, tree, caseName, FLOOR);
  const divided = [`× ${references[caseName]}`, ...(floor ? [`× ${FLOOR}`] : [])];
  const head = ['', 'median, ms', 'min', 'max', ...divided, 'CPU, s', 'peak, MB'];
  const rows = measured.map((each) => [
    each.role === 'ours' ? `**${each.name}**` : each.name,
    ms(each.milliseconds.median),
    ms(each.milliseconds.min),
    ms(each.milliseconds.max),
    times(ratio(each, reference)),
    ...(floor ? [times(ratio(each, floor))] : []),
    cpu(each),
    megabytes(each.peakBytes),
  ]);
  const notes = measured.flatMap(({ name, notes }) => notes.map((note) => `- ${name}: ${note}`));
  return [markdownTable(head, rows), ...(notes.length > 0 ? [notes.join('\n')] : [])].join('\n\n');
}

function cpu({ cpuSeconds }: Measurement): string {
  return cpuSeconds ? decimals(cpuSeconds.user + cpuSeconds.system, 2) : '';
}
