import { rmSync } from 'node:fs';
import { statCachePath } from '@muse/paths';
import type { Called, CallReport } from '../children/reports.js';
import { engineHere, museMain } from '../engine.js';
import { callInProcess } from '../processes/library-process.js';
import { LivingProcess } from '../processes/living-process.js';
import { run, type Command } from '../processes/run.js';
import {
  COMMAND,
  COMMAND_IN_TYPESCRIPT,
  LIBRARY,
  LIVING,
  NODE,
  type CaseName,
  type Engine,
  type EventLoopDelay,
} from '../results.js';
import { median } from '../statistics.js';
import type { BenchTree } from '../trees/bench-tree.js';
import type { Contestant, Sample } from './contestant.js';
import { program } from './program.js';

/** A case for ours: what to do before each run, and what each run must then find. */
export interface MuseCase {
  readonly case: CaseName;
  readonly prepare?: () => void;
  /** Files that have to be read. */
  readonly reads: number;
}

/** 3: some files could not be read. The figures are still those of the tree. */
const SNAPSHOT_CODES = [0, 3];
const DELAY_RUNS = 3;
/** What V8 leaves for later differs from run to run. */
const PEAK_RUNS = 3;

/** The command with each engine that there is, with everything that a process costs. */
export function museCommands(tree: BenchTree, museCase: MuseCase): Contestant[] {
  const engine = engineHere();
  const typescript = engine === 'native' ? [museCommand(tree, museCase, 'typescript')] : [];
  return [museCommand(tree, museCase, engine), ...typescript];
}

function museCommand(tree: BenchTree, { case: caseName, prepare }: MuseCase, engine: Engine): Contestant {
  const isDefault = engine === engineHere();
  return program(tree, snapshotCommand(tree, engine), {
    case: caseName,
    name: isDefault ? COMMAND : COMMAND_IN_TYPESCRIPT,
    role: 'ours',
    traced: isDefault,
    peakRuns: PEAK_RUNS,
    ...(prepare && { prepare }),
  });
}

/** `createSnapshot` in a fresh process that has loaded it; timed in there, around the call. */
export function museLibrary(tree: BenchTree, { case: caseName, prepare, reads }: MuseCase): Contestant {
  return {
    case: caseName,
    name: LIBRARY,
    role: 'ours',
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
  run(snapshotCommand(tree, engineHere()));
}

export function forgetCache({ root }: BenchTree): void {
  rmSync(statCachePath(root), { force: true });
}

/** `muse --version`: what the command costs before it has done anything. */
export function museStart(): Contestant {
  const command: Command = { program: process.execPath, args: [museMain, '--version'] };
  return { case: 'start', name: COMMAND, role: 'ours', run: () => run(command) };
}

/** A Node that does nothing. */
export function nodeAlone(caseName: CaseName): Contestant {
  const command: Command = { program: process.execPath, args: ['-e', '0'] };
  return { case: caseName, name: NODE, role: 'baseline', run: () => run(command) };
}

function snapshotCommand({ root }: BenchTree, engine: Engine): Command {
  return {
    program: process.execPath,
    args: [museMain, 'snapshot', root],
    env: { MUSE_ENGINE: engine },
    codes: SNAPSHOT_CODES,
  };
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
