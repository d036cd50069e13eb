import { FLOOR, LIBRARY, type CaseName, type Results } from '../results.js';
import { find } from '../report/find.js';
import { renderSvg } from './render.js';

/** The lines of the chart. */
const LINES: readonly (readonly [caseName: CaseName, name: string])[] = [
  ['cold', LIBRARY],
  ['cold', 'sha256sum'],
  ['cold', FLOOR],
  ['warm', LIBRARY],
  ['warm', 'git status'],
  ['warm', FLOOR],
];

/** Draws time against the number of files; `undefined` where there are not two sizes. */
export function treeSize(results: Results): string | undefined {
  const series = results.trees.filter(({ role }) => role === 'series');
  if (series.length < 2) return undefined;
  const lines = LINES.map(([caseName, name]) => ({
    name: `${name}, ${caseName}`,
    points: series.flatMap((tree) => {
      const measured = find(results, tree.name, caseName, name);
      return measured ? [[tree.files, measured.milliseconds.median]] : [];
    }),
  })).filter(({ points }) => points.length > 0);
  if (lines.length === 0) return undefined;
  return renderSvg(480, {
    title: {
      text: 'Time against the size of the tree',
      subtext: 'median, both axes logarithmic',
      left: 'center',
    },
    grid: { left: 80, right: 50, top: 80, bottom: 90 },
    xAxis: {
      type: 'log',
      name: 'files',
      nameLocation: 'middle',
      nameGap: 28,
      min: 'dataMin',
      max: 'dataMax',
    },
    yAxis: { type: 'log', name: 'ms' },
    series: lines.map(({ name, points }) => ({ name, type: 'line', data: points, symbolSize: 7 })),
  });
}
