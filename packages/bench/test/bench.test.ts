import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freshDist, linkTargets, tempDir, type TempDir } from '@muse/testkit';
import { DOMParser } from '@xmldom/xmldom';
import prettier from 'prettier';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { engineHere } from '../src/engine.js';
import { LIBRARY, type Results } from '../src/results.js';

const main = join(freshDist('@muse/bench'), 'main.js');

function bench(...args: string[]) {
  return spawnSync(process.execPath, [main, ...args], { encoding: 'utf8' });
}

// Peers that are not installed here are left out by the bench itself, and named.
describe('the benchmarks, on 300 files', () => {
  let place: TempDir;
  let file: string;
  let results: Results;

  beforeAll(() => {
    place = tempDir();
    file = join(place.path, 'benchmarks/results.json');
    const cases = 'cold,warm,busy,ten,watching,sizes,start';
    const few = ['--quick', '--rounds', '1', '--cases', cases, '--peers', 'git,sha256sum,fdir,floor'];
    const { status, stderr } = bench('--', ...few, '--out', place.path);
    expect(status, stderr).toBe(0);
    results = JSON.parse(readFileSync(file, 'utf8')) as Results;
  }, 900_000);
  afterAll(() => place.remove());

  it.skipIf(engineHere() !== 'native')('measure what watching takes', () => {
    const { watches, directories, questions, build, scanMs, armedScanMs, armingMs } =
      results.watching?.['kernel-shaped'] ?? {};
    expect(watches).toBe(directories);
    const scans = scanMs?.samples ?? [];
    const differences = armedScanMs?.samples.map((armed, i) => armed - (scans[i] ?? NaN)) ?? [];
    expect(armingMs?.samples.map((ms, i) => Math.abs(ms - (differences[i] ?? NaN)) < 0.02)).toEqual([
      true,
      true,
      true,
      true,
    ]);
    expect(Object.keys(questions ?? {})).toEqual(['none', 'one', 'ten', 'thousand']);
    expect(build?.changes).toBeGreaterThan(0);
  });

  it('measure every case, with all files and no surprise', () => {
    expect(results).toMatchObject({
      format: 1,
      quick: true,
      rounds: 1,
      machine: { node: process.versions.node },
    });
    expect(results.trees.map(({ files }) => files)).toEqual([300, 100, 300]);
    expect(new Set(results.measurements.map((each) => each.case))).toEqual(
      new Set(['start', 'cold', 'warm', 'busy', 'ten']),
    );
    for (const { role, milliseconds, notes } of results.measurements) {
      expect(milliseconds.samples.length).toBeGreaterThan(0);
      expect(milliseconds.min).toBeGreaterThan(0);
      expect(milliseconds.median).toBeLessThanOrEqual(milliseconds.max);
      if (role === 'ours') expect(notes).toEqual([]);
    }
  });

  it('tell of a library call what it cost besides time', () => {
    const library = results.measurements.find(
      ({ case: name, name: who }) => name === 'cold' && who === LIBRARY,
    );
    expect(library?.peakBytes).toBeGreaterThan(20e6);
    expect(library?.cpuSeconds?.user).toBeGreaterThan(0);
    expect(library?.phases?.scan).toBeGreaterThan(0);
    const { p99 = 0, max = 0 } = library?.eventLoopDelay ?? {};
    expect(p99).toBeGreaterThanOrEqual(1);
    expect(max).toBeGreaterThanOrEqual(p99);
  });

  it('draw charts that are XML, and link them', () => {
    const page = readFileSync(join(place.path, 'benchmarks.md'), 'utf8');
    const charts = readdirSync(join(place.path, 'benchmarks')).filter((name) => name.endsWith('.svg'));
    expect(charts.sort()).toEqual(['cold.svg', 'phases.svg', 'tree-size.svg', 'warm.svg']);
    expect(linkTargets(page).sort()).toEqual(charts.map((name) => `benchmarks/${name}`));
    for (const name of charts) {
      const onError = (_level: string, message: string) => {
        throw new Error(`${name}: ${message}`);
      };
      const svg = readFileSync(join(place.path, 'benchmarks', name), 'utf8');
      const { documentElement } = new DOMParser({ onError }).parseFromString(svg, 'image/svg+xml');
      expect(documentElement?.tagName).toBe('svg');
      expect(documentElement?.getElementsByTagName('path').length).toBeGreaterThan(3);
    }
  });

  it('write a page and figures that prettier leaves alone', async () => {
    const style = { singleQuote: true, printWidth: 110 };
    const page = readFileSync(join(place.path, 'benchmarks.md'), 'utf8');
    expect(await prettier.format(page, { ...style, parser: 'markdown' })).toBe(page);
    const figures = readFileSync(file, 'utf8');
    expect(await prettier.format(figures, { ...style, parser: 'json' })).toBe(figures);
  });

  it('pass the check against themselves, and fail it against a run in which ours was faster', () => {
    const again = (stored: string) => bench('--from', file, '--out', place.path, '--check', stored);
    expect(again(file)).toMatchObject({ status: 0, stderr: '' });

    const doctored = join(place.path, 'doctored.json');
    const measurements = results.measurements.map((each) => {
      if (each.role !== 'ours' || each.case !== 'start') return each;
      const median = each.milliseconds.median / 1.3;
      return { ...each, milliseconds: { ...each.milliseconds, median } };
    });
    writeFileSync(doctored, JSON.stringify({ ...results, measurements }));
    const { status, stdout } = again(doctored);
    expect(status).toBe(1);
    expect(stdout).toMatch(/^Slower by 30 %: no tree, start, muse, command: /m);
  });
});

it('a wrong argument ends the bench with its usage', () => {
  const { status, stderr } = bench('--cases', 'hot');
  expect(status).toBe(2);
  expect(stderr).toMatch(/^Cannot find the case "hot"[^]*Usage: pnpm bench/);
});
