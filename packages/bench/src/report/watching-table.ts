import type { Results, WatchingFigures } from '../results.js';
import { count, decimals, megabytes, ms } from './figures.js';
import { markdownTable } from './markdown-table.js';

/** Returns what watching takes, a column for each tree; `undefined` where it was not measured. */
export function watchingTable({ watching = {} }: Results): string | undefined {
  const names = Object.keys(watching);
  const figures = Object.values(watching);
  if (names.length === 0) return undefined;
  const rows = ROWS.map(([what, of]) => [what, ...figures.map(of)]);
  return markdownTable(['', ...names], rows);
}

type Row = readonly [what: string, of: (figures: WatchingFigures) => string];

const ROWS: readonly Row[] = [
  ['question, nothing changed', ({ questions }) => `${decimals(questions.none.median, 2)} ms`],
  ['question, 1 file edited', ({ questions }) => `${ms(questions.one.median)} ms`],
  ['question, 10 files edited', ({ questions }) => `${ms(questions.ten.median)} ms`],
  ['question, 1,000 files edited', ({ questions }) => `${ms(questions.thousand.median)} ms`],
  ['first answer, by a scan', ({ scanMs }) => `${ms(scanMs.median)} ms`],
  ['first answer, watching each directory', ({ armedScanMs }) => `${ms(armedScanMs.median)} ms`],
  ['… which is longer by', ({ armingMs }) => `${ms(armingMs.median)} ms`],
  ['watches', ({ watches }) => count(watches)],
  ['memory of the process', ({ residentBytes }) => `${megabytes(residentBytes)} MB`],
  ['processor while idle', ({ idleCpu }) => `${decimals(idleCpu * 100, 2)} %`],
  ['a build writes 10,000 files in', ({ build }) => `${ms(build.writtenMs)} ms`],
  ['… and the last is told after', ({ build }) => `${ms(build.toldMs)} ms`],
  ['… for which the process took', ({ build }) => `${decimals(build.cpuSeconds, 2)} s of CPU`],
];
