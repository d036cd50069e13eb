import { BarChart, LineChart } from 'echarts/charts';
import { GridComponent, LegendComponent, TitleComponent } from 'echarts/components';
import { init, use, type EChartsCoreOption } from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';

use([BarChart, LineChart, GridComponent, LegendComponent, TitleComponent, SVGRenderer]);

const WIDTH = 900;

/** Renders a chart as SVG, on a white ground so that it can be read wherever it is shown. */
export function renderSvg(height: number, option: EChartsCoreOption): string {
  const chart = init(null, null, { renderer: 'svg', ssr: true, width: WIDTH, height });
  try {
    chart.setOption({
      animation: false,
      backgroundColor: '#ffffff',
      color: COLORS,
      textStyle: { fontFamily: 'Helvetica, Arial, sans-serif' },
      legend: { bottom: 8, itemGap: 40 },
      ...option,
    });
    return `${chart.renderToSVGString()}\n`;
  } finally {
    chart.dispose();
  }
}

/** Told apart by those who see no red or no green, too (Okabe and Ito). */
const COLORS = ['#0072b2', '#e69f00', '#009e73', '#cc79a7', '#56b4e9', '#d55e00', '#999999', '#f0e442'];

/** The widest a letter can be, in pixels: without a browser nobody knows the font. */
const LETTER_WIDTH = 7.5;

/** Returns the room that names left of a chart need, in pixels. */
export function marginFor(names: readonly string[]): number {
  return 20 + LETTER_WIDTH * Math.max(0, ...names.map(({ length }) => length));
}
