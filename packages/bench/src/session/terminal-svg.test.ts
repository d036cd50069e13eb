import { DOMParser } from '@xmldom/xmldom';
import { describe, expect, it } from 'vitest';
import { finalLines, terminalSvg } from './terminal-svg.js';

describe('finalLines', () => {
  it('leaves out what was drawn over, and how the cursor moved', () => {
    const shown = '\x1b[?25l10 files\r\x1b[K20 files\x1b[1G\x1b[0K\x1b[?25h\x1b[2mdone\x1b[22m\r\nsecond\r\n';
    expect(finalLines(shown)).toEqual(['\x1b[2mdone\x1b[22m', 'second']);
  });
});

describe('terminalSvg', () => {
  it('is XML that holds the text, its colours and no escape sequence', () => {
    const svg = terminalSvg(['\x1b[31mmuse:\x1b[39m a < b & "c"', '\x1b[2mdim\x1b[0m plain'], 'a title');
    const { documentElement } = new DOMParser().parseFromString(svg, 'image/svg+xml');
    expect(documentElement?.textContent).toContain('muse: a < b & "c"');
    expect(svg).toContain('<tspan fill="#ff7b72">muse:</tspan>');
    expect(svg).toContain('<tspan opacity="0.6">dim</tspan><tspan> plain</tspan>');
    expect(svg).not.toContain('\x1b');
  });
});
