import { rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { statCachePath } from '@muse/paths';
import type { Called, CallReport } from '../children/reports.js';
import { callInProcess } from '../processes/library-process.js';
import { LivingProcess } from '../processes/living-process.js';
import { run, type Command } from '../processes/run.js';
import { systemCallsPerFile } from '../processes/system-calls.js';
import {
  COMMAND,
  COMMAND_IN_TYPESCRIPT,
  LIBRARY,
  LIVING,
  type CaseName,
  type EventLoopDelay,
  type Role,
} from '../results.js';
import { median } from '../statistics.js';
import type { BenchTree } from '../trees/bench-tree.js';
import type { Contestant, Sample } from './contestant.js';
import { isTraced } from './traced.js';

/** A case for ours: what to do before each run, and what each run must then find. */
export interface MuseCase {
  readonly case: CaseName;
  readonly prepare?: () => void;
  /** Files that have to be read. */
  readonly reads: number;
}

const main = fileURLToPath(import.meta.resolve('@muse/cli'));
const peakAtExit = new URL('../children/peak-at-exit.js', import.meta.url).href;
/** 3: some files could not be read. The figures are still those of the tree. */
const SNAPSHOT_CODES = [0, 3];
const DELAY_RUNS = 3;

/** The command, with everything that a process costs. */
export function museCommand(tree: BenchTree, { case: caseName, prepare }: MuseCase): Contestant {
  const command = snapshotCommand(tree);
  return {
    case: caseName,
    name: COMMAND,
    role: 'ours',
    ...(prepare && { prepare }),
    run: () => run(command),
    account: () => {
      const { aside } = run({ ...command, args: ['--import', peakAtExit, ...command.args], printed: true });
      const peakBytes = Number(aside);
      if (!isTraced(tree, caseName)) return { peakBytes };
      prepare?.();
      return { peakBytes, systemCallsPerFile: systemCallsPerFile(command, tree.files) };
    },
  };
}

/** The command as it is where there is no native engine. */
export function museCommandInTypeScript(tree: BenchTree): Contestant {
  const command = { ...snapshotCommand(tree), env: { MUSE_ENGINE: 'typescript' } };
  return { case: 'warm', name: COMMAND_IN_TYPESCRIPT, role: 'ours', run: () => run(command) };
}

/** `createSnapshot` in a fresh process that has loaded it; timed in there, around the call. */
export function museLibrary(
  tree: BenchTree,
  { case: caseName, prepare, reads }: MuseCase,
  { name = LIBRARY, role = 'ours' }: { name?: string; role?: Role } = {},
): Contestant {
  return {
    case: caseName,
    name,
    role,
    ...(prepare && { prepare }),
    run: () => sampleOf(callInProcess('muse', tree.root), tree, reads),
    account: (rounds) => {
      if (tree.role === 'series') return {};
      const delays: EventLoopDelay[] = [];
      for (let runs = 0; runs < Math.min(rounds, DELAY_RUNS); runs++) {
        if (runs > 0) prepare?.();
        const { eventLoopDelay } = callInProcess('muse', tree.root, '--delay');
        if (eventLoopDelay) delays.push(eventLoopDelay);
      }
      return { eventLoopDelay: sumUp(delays) };
    },
  };
}

/** A process that has taken a snapshot before and kept what it knows in memory. */
export function museLiving(tree: BenchTree): Contestant {
  let living: LivingProcess | undefined;
  return {
    case: 'warm',
    name: LIVING,
    role: 'ours',
    run: async () => {
      living ??= new LivingProcess(tree.root);
      return sampleOf(await living.snapshot(), tree, 0);
    },
    close: () => living?.close(),
  };
}

/** Takes a snapshot that is not measured, so that the cache knows everything. */
export function fillCache(tree: BenchTree): void {
  run(snapshotCommand(tree));
}

export function forgetCache({ root }: BenchTree): void {
  rmSync(statCachePath(root), { force: true });
}

/** `muse --version`: what the command costs before it has done anything. */
export const museStart: Command = { program: process.execPath, args: [main, '--version'] };

function snapshotCommand({ root }: BenchTree): Command {
  return { program: process.execPath, args: [main, 'snapshot', root], codes: SNAPSHOT_CODES };
}

function sampleOf(report: CallReport, tree: BenchTree, reads: number): Sample {
  const { milliseconds, cpuSeconds, peakBytes, called } = report;
  return { milliseconds, cpuSeconds, peakBytes, phases: called.phases, note: noteOn(called, tree, reads) };
}

function noteOn({ files, hashedFiles, trouble }: Called, tree: BenchTree, reads: number): string | undefined {
  if (trouble !== undefined) return trouble;
  if (files !== tree.files) return `saw ${files} files`;
  return hashedFiles === reads
    ? undefined
    : `read ${hashedFiles ?? 'an unknown number of'} files, not ${reads}`;
}

function sumUp(delays: readonly EventLoopDelay[]): EventLoopDelay | undefined {
  if (delays.length === 0) return undefined;
  return { p99: median(delays.map(({ p99 }) => p99)), max: Math.max(...delays.map(({ max }) => max)) };
}
