import { caseTitles, LIBRARY, LIVING, PHASE_NAMES, type Measurement, type Results } from '../results.js';
import { mainTree } from '../report/find.js';
import { marginFor, renderSvg } from './render.js';

/** Draws which share of a library call each phase takes, on the main tree; `undefined` where none ran. */
export function phaseShares(results: Results): string | undefined {
  const tree = mainTree(results)?.name;
  const rows = results.measurements.flatMap((each) => {
    const { phases, name } = each;
    return each.tree === tree && phases && (name === LIBRARY || name === LIVING) ? [{ each, phases }] : [];
  });
  if (rows.length === 0) return undefined;
  const titles = rows.map(({ each }) => titleOf(each));
  return renderSvg(140 + rows.length * 36, {
    title: {
      text: 'Share of each phase in a library call',
      subtext: `per cent, ${tree ?? ''}`,
      left: 'center',
    },
    grid: { left: marginFor(titles), right: 40, top: 75, bottom: 65 },
    xAxis: { type: 'value', max: 100 },
    yAxis: { type: 'category', inverse: true, data: titles },
    series: PHASE_NAMES.map((phase) => ({
      name: phase,
      type: 'bar',
      stack: 'phases',
      data: rows.map(({ phases }) => (phases[phase] / sum(Object.values(phases))) * 100),
      label: { show: true, formatter: ({ value }: { value: number }) => (value < 5 ? '' : value.toFixed(0)) },
    })),
  });
}

function titleOf({ case: caseName, name, milliseconds }: Measurement): string {
  const title = name === LIVING ? 'Again in a living process' : caseTitles[caseName].split(':')[0];
  return `${title ?? ''}, ${milliseconds.median.toFixed(0)} ms`;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
