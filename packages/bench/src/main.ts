/** Measures Muse beside its peers and writes what it found: `pnpm bench [directory]`, and see --help. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseOptions, USAGE, type BenchOptions } from './options.js';
import { check } from './report/check.js';
import { placeFor, writeReport } from './report/write-report.js';
import type { Results } from './results.js';
import { runBench } from './run-bench.js';
import { measureThreads } from './threads.js';

const args = process.argv.slice(2);
if (args.includes('--help')) console.log(USAGE);
else process.exitCode = await main();

async function main(): Promise<number> {
  const options = readOptions();
  if (!options) return 2;
  if (options.cases.has('threads')) return printThreads(options.directory);
  // Before the run: who names a file that is not there need not wait to hear of it.
  const stored = options.check === undefined ? undefined : readResults(options.check);
  const results =
    options.from === undefined
      ? await runBench(options, (line) => {
          console.error(line);
        })
      : readResults(options.from);
  const { page } = await writeReport(results, placeFor(options));
  console.log(page);
  if (!stored) return 0;
  const { lines, ok } = check(results, stored);
  for (const line of lines) console.log(line);
  return ok ? 0 : 1;
}

function readOptions(): BenchOptions | undefined {
  try {
    return parseOptions(args);
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`);
    return undefined;
  }
}

function readResults(path: string): Results {
  const results = JSON.parse(readFileSync(resolve(path), 'utf8')) as Results;
  const { format }: { format: number } = results;
  if (format !== 1) throw new Error(`Cannot read ${path}: it is not in format 1`);
  return results;
}

/** Prints what decision 005 rests on, measured on this machine for a directory with many files. */
async function printThreads(root: string | undefined): Promise<number> {
  if (root === undefined) {
    console.error('Cannot measure threads: give a directory with many files');
    return 2;
  }
  // What it is about.
  process.env['MUSE_ENGINE'] = 'typescript';
  for (const [name, value] of Object.entries(await measureThreads(resolve(root)))) {
    console.log(`${value.toFixed(value < 100 ? 1 : 0).padStart(9)}  ${name}`);
  }
  return 0;
}
