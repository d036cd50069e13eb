/** A run of characters in one style. */
interface Span {
  readonly text: string;
  readonly color: string | undefined;
  readonly dim: boolean;
}

const COLORS: Readonly<Record<number, string>> = {
  31: '#ff7b72',
  33: '#e3b341',
  36: '#56d4dd',
  32: '#7ee787',
};
const FONT_SIZE = 14;
const CHARACTER = FONT_SIZE * 0.602;
const LINE = 20;
const MARGIN = 16;

/** Returns what a terminal showed, line by line with its escape sequences for colours, as an SVG picture. */
export function terminalSvg(lines: readonly string[], title: string): string {
  const spans = lines.map(spansOf);
  const longest = Math.max(...spans.map((line) => line.reduce((sum, { text }) => sum + text.length, 0)));
  const width = Math.ceil(longest * CHARACTER) + 2 * MARGIN;
  const height = lines.length * LINE + 2 * MARGIN;
  const rows = spans.map((line, index) => {
    const y = MARGIN + index * LINE + FONT_SIZE;
    return `<text x="${MARGIN}" y="${y}" xml:space="preserve">${line.map(spanSvg).join('')}</text>`;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">`,
    `<title>${escapeXml(title)}</title>`,
    `<rect width="100%" height="100%" rx="8" fill="#0d1117"/>`,
    `<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, monospace" font-size="${FONT_SIZE}" fill="#e6edf3">`,
    ...rows,
    '</g>',
    '</svg>',
    '',
  ].join('\n');
}

/** Returns what is left on a screen, line by line: a line that was drawn over is gone. Escape sequences for colours stay. */
export function finalLines(shown: string): string[] {
  return shown
    .replaceAll('\r\n', '\n')
    .split('\n')
    .map((line) =>
      line
        .replace(TO_THE_LEFT, '\r')
        .replace(NOT_A_COLOR, '')
        .replace(/^[^]*\r/, ''),
    )
    .filter((line) => line !== '');
}

// eslint-disable-next-line no-control-regex -- what begins every escape sequence
const TO_THE_LEFT = /\x1b\[[01]?G/g;
// eslint-disable-next-line no-control-regex -- what begins every escape sequence
const NOT_A_COLOR = /\x1b\[[?0-9;]*[A-LN-Za-ln-z]|\x1b[78]/g;

function spansOf(line: string): Span[] {
  const spans: Span[] = [];
  let color: string | undefined;
  let dim = false;
  let at = 0;
  // eslint-disable-next-line no-control-regex -- what begins every escape sequence
  for (const match of line.matchAll(/\x1b\[([0-9;]*)m/g)) {
    if (match.index > at) spans.push({ text: line.slice(at, match.index), color, dim });
    at = match.index + match[0].length;
    for (const code of match[1]?.split(';').map(Number) ?? []) {
      if (code === 0) [color, dim] = [undefined, false];
      else if (code === 2) dim = true;
      else if (code === 22) dim = false;
      else if (code === 39) color = undefined;
      else color = COLORS[code] ?? color;
    }
  }
  if (at < line.length) spans.push({ text: line.slice(at), color, dim });
  return spans;
}

function spanSvg({ text, color, dim }: Span): string {
  const fill = color === undefined ? '' : ` fill="${color}"`;
  const opacity = dim ? ' opacity="0.6"' : '';
  return `<tspan${fill}${opacity}>${escapeXml(text)}</tspan>`;
}

function escapeXml(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
}
