import type { ChartFile } from '../report/page.js';
import type { Results } from '../results.js';

/** Draws every chart that a run has the figures for. The library is loaded here and not before: it takes its time. */
export async function drawCharts(results: Results): Promise<ChartFile[]> {
  const [{ sideBySide }, { treeSize }, { phaseShares }] = await Promise.all([
    import('./side-by-side.js'),
    import('./tree-size.js'),
    import('./phase-shares.js'),
  ]);
  const charts = [
    { file: 'cold.svg', title: 'Cold, side by side', svg: sideBySide(results, 'cold') },
    { file: 'warm.svg', title: 'Warm, side by side', svg: sideBySide(results, 'warm') },
    { file: 'tree-size.svg', title: 'Time against the size of the tree', svg: treeSize(results) },
    { file: 'phases.svg', title: 'Share of each phase', svg: phaseShares(results) },
  ];
  return charts.flatMap(({ svg, ...rest }) => (svg === undefined ? [] : [{ ...rest, svg }]));
}
