import { caseTitles, type CaseName, type Results } from '../results.js';
import { marginFor, renderSvg } from './render.js';

const BAR_HEIGHT = 20;
const GAP_HEIGHT = 14;
const FRAME_HEIGHT = 140;

/** Draws what all contestants took in one case, a bar for each tree; `undefined` where none ran. */
export function sideBySide({ measurements, trees }: Results, caseName: CaseName): string | undefined {
  const shown = trees.filter(({ role }) => role !== 'series').map(({ name }) => name);
  const measured = measurements.filter((each) => each.case === caseName && shown.includes(each.tree));
  if (measured.length === 0) return undefined;
  const columns = shown.filter((tree) => measured.some((each) => each.tree === tree));
  const names = [...new Set(measured.map(({ name }) => name))];
  const height = FRAME_HEIGHT + names.length * (columns.length * BAR_HEIGHT + GAP_HEIGHT);
  return renderSvg(height, {
    title: {
      text: caseTitles[caseName],
      subtext: 'median of all rounds, milliseconds; less is better',
      left: 'center',
    },
    grid: { left: marginFor(names), right: 70, top: 75, bottom: 65 },
    xAxis: { type: 'value' },
    yAxis: { type: 'category', inverse: true, data: names },
    series: columns.map((tree) => ({
      name: tree,
      type: 'bar',
      data: names.map(
        (name) =>
          measured.find((each) => each.tree === tree && each.name === name)?.milliseconds.median ?? null,
      ),
      label: { show: true, position: 'right', formatter: ({ value }: { value: number }) => value.toFixed(0) },
    })),
  });
}
