import prettier from 'prettier';
import { describe, expect, it } from 'vitest';
import { jsonText } from '../src/report/json-text.js';
import { markdownTable } from '../src/report/markdown-table.js';
import { targetTable } from '../src/report/target-table.js';
import { targets } from '../src/report/targets.js';
import { betweenMarks } from '../src/report/write-report.js';
import { COMMAND, LIBRARY, UNCHANGED } from '../src/results.js';
import { measurement, resultsOf } from './support/results.js';

const style = { singleQuote: true, printWidth: 110 };

describe('targets()', () => {
  const results = resultsOf([
    measurement('cold', LIBRARY, 400, { eventLoopDelay: { p99: 12, max: 30 } }),
    measurement('cold', COMMAND, 500, { peakBytes: 160e6 }),
    measurement('cold', 'sha256sum', 1000),
    measurement('warm', LIBRARY, 300, { eventLoopDelay: { p99: 25, max: 30 } }),
    measurement('warm', COMMAND, 350, { peakBytes: 100e6 }),
    measurement('warm', 'git status', 100),
    measurement('ten', LIBRARY, 105),
    measurement('ten', UNCHANGED, 100, { role: 'baseline' }),
  ]);
  const measured = (what: string) =>
    targets(results).find((target) => target.what.startsWith(what))?.measured;

  it('divides ours by the peer that each target names', () => {
    expect(measured('cold, library')).toBe(0.4);
    expect(measured('warm, library')).toBe(3);
    expect(measured('warm, command')).toBe(3.5);
    expect(measured('10 files')).toBe(1.05);
  });

  it('takes the larger of what must both stay below', () => {
    expect(measured('peak memory, command')).toBe(160);
    expect(measured('event-loop delay')).toBe(25);
  });

  it('says nothing of what was not measured', () => {
    expect(measured('time a file')).toBeUndefined();
    expect(measured('`muse --version`')).toBeUndefined();
  });

  it('are told as reached, missed or not measured', () => {
    const rows = targetTable(results).split('\n');
    const row = (what: string) => rows.find((line) => line.startsWith(`| ${what}`));
    expect(row('cold, library')).toMatch(/0\.40 +\| +0\.42 +\| +0\.32 +\| reached +\|$/);
    expect(row('warm, library')).toMatch(/\*\*missed\*\* +\|$/);
    expect(row('10 files')).toMatch(/as aimed for +\|$/);
    expect(row('time a file')).toMatch(/not measured/);
  });

  it('grow with the tree by the time a file takes', () => {
    const trees = [75_000, 1_000_000].map((files) => ({
      ...{ name: `${files}`, role: 'series' as const, description: '', files, directories: 1, bytes: 0 },
    }));
    const grown = {
      ...resultsOf([
        measurement('warm', LIBRARY, 150, { tree: '75000' }),
        measurement('warm', LIBRARY, 2400, { tree: '1000000' }),
      ]),
      trees,
    };
    const target = targets(grown).find(({ what }) => what === 'time a file at 1,000,000 files, warm');
    expect(target?.measured).toBeCloseTo(1.2);
  });
});

describe('what is written is laid out as prettier does it', () => {
  it('markdownTable()', async () => {
    const table = markdownTable(
      ['', 'ms', 'a long title'],
      [
        ['**ours**', '1', ''],
        ['b', '1,000', '2'],
      ],
    );
    expect(await prettier.format(table, { ...style, parser: 'markdown' })).toBe(`${table}\n`);
  });

  it.each([0, 1, 2, 12, 40])('jsonText() with %i numbers', async (count) => {
    const samples = Array.from({ length: count }, (_, index) => 1234.56 * (index + 1));
    const text = jsonText({
      milliseconds: { samples, negative: [-1] },
      notes: ['a', 'b'],
      long: ['x'.repeat(60), 'y'.repeat(60)],
      empty: {},
      objects: [{ a: null }],
    });
    expect(JSON.parse(text)).toHaveProperty('milliseconds.samples', samples);
    expect(await prettier.format(text, { ...style, parser: 'json' })).toBe(text);
  });
});

describe('betweenMarks()', () => {
  const document =
    'before\n<!-- bench: generated from here -->\nold\n<!-- bench: generated up to here -->\nafter\n';

  it('replaces what is there, and nothing else', () => {
    const once = betweenMarks(document, 'new');
    expect(once).toMatch(/^before\n<!--.*-->\n\nnew\n\n<!--.*-->\nafter\n$/);
    expect(betweenMarks(once, 'new')).toBe(once);
  });

  it('refuses a document without marks', () => {
    expect(() => betweenMarks('text', 'new')).toThrow('marks are missing');
  });
});
