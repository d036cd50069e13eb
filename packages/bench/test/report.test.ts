import prettier from 'prettier';
import { describe, expect, it } from 'vitest';
import { caseTable } from '../src/report/case-table.js';
import { fasterTable } from '../src/report/faster-table.js';
import { jsonText } from '../src/report/json-text.js';
import { markdownTable } from '../src/report/markdown-table.js';
import { reportPage } from '../src/report/page.js';
import { targetTable } from '../src/report/target-table.js';
import { targets } from '../src/report/targets.js';
import { betweenMarks } from '../src/report/write-report.js';
import { COMMAND, FLOOR, FLOOR_OF_CALLS, LIBRARY, LIVING, NODE } from '../src/results.js';
import { measurement, resultsOf } from './support/results.js';

const style = { singleQuote: true, printWidth: 110 };

describe('targets()', () => {
  const seconds = (user: number) => ({ cpuSeconds: { user, system: 0.1 } });
  const results = resultsOf([
    measurement('cold', LIBRARY, 400, { eventLoopDelay: { p99: 12, max: 30 } }),
    measurement('cold', COMMAND, 450, { peakBytes: 90e6 }),
    measurement('cold', FLOOR, 360),
    measurement('cold', 'sha256sum', 1000),
    measurement('warm', LIBRARY, 300, { eventLoopDelay: { p99: 25, max: 30 } }),
    measurement('warm', LIVING, 75),
    measurement('warm', COMMAND, 105, { peakBytes: 60e6, ...seconds(0.2) }),
    measurement('warm', 'git status', 100, seconds(0.1)),
    measurement('busy', COMMAND, 180),
    measurement('busy', 'git status', 120),
    measurement('ten', COMMAND, 110),
    measurement('ten', 'git status', 110),
  ]);
  const target = (what: string, against = '') =>
    targets(results).find((each) => each.what === what && each.against.startsWith(against));

  it('divides ours by what each target names, of the same case', () => {
    expect(target('warm, command')?.measured).toBe(1.05);
    expect(target('warm, command, one processor busy')?.measured).toBe(1.5);
    expect(target('warm again in a living process')?.measured).toBe(0.75);
    expect(target('10 files changed, command')?.measured).toBe(1);
    expect(target('cold, command', FLOOR)?.measured).toBe(1.25);
    expect(target('cold, command', 'sha256sum')?.measured).toBe(0.45);
    expect(target('warm, command: CPU seconds')?.measured).toBeCloseTo(1.5);
  });

  it('takes the larger of what must both stay below', () => {
    expect(target('peak memory, command, warm and cold')?.measured).toBe(90);
    expect(target('event-loop delay p99 during a library call')?.measured).toBe(25);
  });

  it('says nothing of what was not measured', () => {
    expect(target('1,000 files, warm, command')?.measured).toBeUndefined();
    expect(target('`muse --version`')?.measured).toBeUndefined();
  });

  it('are told with the bound that they keep, if any', () => {
    const rows = targetTable(results).split('\n');
    const row = (what: string) => rows.find((line) => line.startsWith(`| ${what} `));
    expect(row('warm, command')).toMatch(/1\.05 +\| +1\.10 +\| +0\.85 +\| reach +\|$/);
    expect(row('warm, command, one processor busy')).toMatch(/\*\*no\*\* +\|$/);
    expect(row('10 files changed, command')).toMatch(/aim +\|$/);
    expect(row('1,000 files, warm, command')).toMatch(/not measured .*\| +\|$/);
  });

  it('compare trees of other sizes and shapes by their names and numbers of files', () => {
    const tree = (name: string, files: number) => ({
      ...{ name, role: 'series' as const, description: '', files, directories: 1, bytes: 0 },
    });
    const measured = targets({
      ...resultsOf([
        measurement('warm', COMMAND, 30, { tree: 'few' }),
        measurement('warm', NODE, 20, { tree: 'few', role: 'baseline' }),
        measurement('warm', LIBRARY, 150, { tree: 'more' }),
        measurement('warm', LIBRARY, 2400, { tree: 'many' }),
        measurement('warm', COMMAND, 2500, { tree: 'many', peakBytes: 300e6 }),
        measurement('cold', COMMAND, 390, { tree: 'synthetic' }),
        measurement('cold', FLOOR, 300, { tree: 'synthetic' }),
      ]),
      trees: [tree('few', 1000), tree('more', 75_000), tree('many', 1_000_000)],
    });
    const of = (what: string) => measured.find((each) => each.what === what)?.measured;
    expect(of('1,000 files, warm, command')).toBe(1.5);
    expect(of('1,000,000 files, warm, library: time a file')).toBeCloseTo(1.2);
    expect(of('1,000,000 files, warm, command: peak memory')).toBe(300);
    expect(of('cold, command, 75,000 files of 1 KiB')).toBe(1.3);
  });
});

describe('caseTable()', () => {
  it('divides by the floor where there is one', () => {
    const [ours, floor] = [measurement('warm', COMMAND, 150), measurement('warm', FLOOR, 100)];
    expect(caseTable(resultsOf([ours, floor]), 'main', 'warm')).toMatch(/× C floor.*\n.*\n.*\b1\.50 /);
    const other = measurement('warm', FLOOR_OF_CALLS, 100);
    expect(caseTable(resultsOf([ours, other]), 'main', 'warm')).not.toContain('× C floor');
  });
});

describe('fasterTable()', () => {
  it('has the fastest other program of each case that the command lost, the worst first, and no floor', () => {
    const results = resultsOf([
      measurement('cold', COMMAND, 300),
      measurement('cold', 'b3sum', 200),
      measurement('cold', 'sha256sum', 250),
      measurement('cold', FLOOR, 100),
      measurement('warm', COMMAND, 200),
      measurement('warm', 'git status', 100),
      measurement('busy', COMMAND, 100),
      measurement('busy', 'git status', 100),
      measurement('ten', LIBRARY, 300),
      measurement('ten', 'git status', 100),
    ]);
    const rows = fasterTable(results)?.split('\n').slice(2);
    expect(rows?.map((row) => row.split('|').map((cell) => cell.trim()))).toEqual([
      ['', 'Warm', 'main', '200', 'git status', '100', '2.00', ''],
      ['', 'Cold', 'main', '300', 'b3sum', '200', '1.50', ''],
    ]);
  });

  it('is not there where nothing was lost', () => {
    expect(fasterTable(resultsOf([measurement('warm', COMMAND, 1), measurement('warm', 'git', 2)]))).toBe(
      undefined,
    );
  });
});

describe('reportPage()', () => {
  const pageOf = (...measurements: Parameters<typeof resultsOf>[0]) =>
    reportPage(resultsOf(measurements), [], 'benchmarks');

  it('says which machines its figures are not about, and whether any file came from a disk', () => {
    const notShown = (page: string) => /^\*\*Not shown:\*\*.*$/m.exec(page)?.[0];
    expect(notShown(pageOf())).toContain(
      'more or fewer than 2 cores, another kind of processor, files that are not in the page cache',
    );
    expect(notShown(pageOf(measurement('disk', COMMAND, 1)))).toContain('another disk than the one');
  });

  it('has a section on what was lost, if anything', () => {
    const lost = '\n## Where another program is faster\n\n| case';
    expect(pageOf(measurement('warm', COMMAND, 2), measurement('warm', 'git status', 1))).toContain(lost);
    expect(pageOf(measurement('warm', COMMAND, 2))).not.toContain('Where another');
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
