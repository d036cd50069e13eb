import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  readdirSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { drawCharts } from '../charts/draw-charts.js';
import type { BenchOptions } from '../options.js';
import type { Results } from '../results.js';
import { jsonText } from './json-text.js';
import { reportPage } from './page.js';

const FOLDER = 'benchmarks';
const BEGIN = '<!-- bench: generated from here -->';
const END = '<!-- bench: generated up to here -->';

/** Returns where a run writes: over the page of the repository only what is whole. */
export function placeFor({ out, whole }: BenchOptions): string {
  if (out !== undefined) return resolve(out);
  if (whole) return fileURLToPath(new URL('../../../../docs', import.meta.url));
  return mkdtempSync(join(tmpdir(), 'muse-bench-results-'));
}

/** Writes the page, the figures and the charts; returns where they are. */
export async function writeReport(results: Results, place: string): Promise<{ page: string }> {
  const folder = join(place, FOLDER);
  mkdirSync(folder, { recursive: true });
  const charts = await drawCharts(results);
  for (const name of readdirSync(folder)) if (name.endsWith('.svg')) rmSync(join(folder, name));
  for (const { file, svg } of charts) writeFileSync(join(folder, file), svg);
  writeFileSync(join(folder, 'results.json'), jsonText(results));
  const page = join(place, `${FOLDER}.md`);
  const before = existsSync(page) ? readFileSync(page, 'utf8') : `# Benchmarks\n\n${BEGIN}\n${END}\n`;
  writeFileSync(page, betweenMarks(before, reportPage(results, charts, FOLDER)));
  return { page };
}

/** Puts a text between the two marks of a document. Throws when they are missing. */
export function betweenMarks(document: string, text: string): string {
  const [start, end] = [document.indexOf(BEGIN), document.indexOf(END)];
  if (start < 0 || end < start) throw new Error('Cannot write the page: its two marks are missing');
  return `${document.slice(0, start + BEGIN.length)}\n\n${text}\n\n${document.slice(end)}`;
}
