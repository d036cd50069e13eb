import {
  COMMAND,
  FLOOR,
  LIBRARY,
  LIVING,
  NODE,
  type CaseName,
  type Measurement,
  type Results,
} from '../results.js';
import { SYNTHETIC } from '../trees/plans.js';
import { find, findInSeries, mainTree, ratio } from './find.js';

/** A target, and what a run measured of it. */
export interface Target {
  readonly what: string;
  readonly against: string;
  readonly unit: 'ratio' | 'MB' | 'ms' | '%';
  readonly reach: number;
  readonly aimFor: number;
  /** `undefined` where the run does not tell. */
  readonly measured: number | undefined;
}

type Goal = readonly [reach: number, aimFor: number];

const THOUSAND = 1000;
/** Sizes between which the time a file takes should hardly change. */
const FEW = 75_000;
const MANY = 1_000_000;

const GIT = 'git status';

/** Holds a run against what was wanted of it. */
export function targets(results: Results): Target[] {
  const main = mainTree(results)?.name;
  const on = (caseName: CaseName, name: string) => find(results, main, caseName, name);
  const toGit = (caseName: CaseName, name = COMMAND) => ratio(on(caseName, name), on(caseName, GIT));
  const cold = on('cold', COMMAND);
  const small = (name: string) => find(results, SYNTHETIC, 'cold', name);
  const few = (name: string) => findInSeries(results, THOUSAND, 'warm', name);
  return [
    times('warm, command', GIT, [1.1, 0.85], toGit('warm')),
    times('warm, command, one processor busy', `${GIT}, likewise`, [1.4, 1], toGit('busy')),
    times('warm again in a living process', GIT, [0.8, 0.6], toGit('warm', LIVING)),
    times('10 files changed, command', `${GIT}, likewise`, [1.2, 1], toGit('ten')),
    times('cold, command', FLOOR, [1.3, 1.15], ratio(cold, on('cold', FLOOR))),
    times('cold, command', 'sha256sum by xargs', [0.45, 0.4], ratio(cold, on('cold', 'sha256sum'))),
    times('cold, command, 75,000 files of 1 KiB', FLOOR, [1.5, 1.1], ratio(small(COMMAND), small(FLOOR))),
    times('1,000 files, warm, command', `\`${NODE}\``, [1.7, 1.3], ratio(few(COMMAND), few(NODE))),
    megabytes('peak memory, command, warm and cold', [100, 70], [on('warm', COMMAND), cold]),
    times('1,000,000 files, warm, library: time a file', 'at 75,000', [1.1, 1], growth(results, 'warm')),
    megabytes(
      '1,000,000 files, warm, command: peak memory',
      [400, 250],
      [findInSeries(results, MANY, 'warm', COMMAND)],
    ),
    times('warm, command: CPU seconds', GIT, [1.3, 1], cpuRatio(on('warm', COMMAND), on('warm', GIT))),
    times(
      'cold, library',
      'glob-hasher xxhash',
      [0.6, 0.45],
      ratio(on('cold', LIBRARY), on('cold', 'glob-hasher')),
    ),
    times('1,000,000 files, cold, library: time a file', 'at 75,000', [1.3, 1.1], growth(results, 'cold')),
    {
      ...times('event-loop delay p99 during a library call', '', [20, 10]),
      unit: 'ms',
      measured: most([on('cold', LIBRARY), on('warm', LIBRARY)].map((each) => each?.eventLoopDelay?.p99)),
    },
    ...watchingTargets(results),
    times('`muse --version`', `\`${NODE}\``, [1.5, 1.2], start(results)),
  ];
}

function watchingTargets(results: Results): Target[] {
  const figures = results.watching?.[mainTree(results)?.name ?? ''];
  const { questions, armingMs, idleCpu } = figures ?? {};
  const percent = idleCpu === undefined ? undefined : idleCpu * 100;
  return [
    { ...times('watching: question, nothing changed', '', [2, 0.5], questions?.none.median), unit: 'ms' },
    { ...times('watching: question, 10 files edited', '', [25, 10], questions?.ten.median), unit: 'ms' },
    { ...times('watching: arming, beside the first scan', '', [60, 20], armingMs?.median), unit: 'ms' },
    { ...times('watching: processor while idle', 'one core', [0.5, 0.1], percent), unit: '%' },
  ];
}

function times(what: string, against: string, [reach, aimFor]: Goal, measured?: number): Target {
  return { what, against, unit: 'ratio', reach, aimFor, measured };
}

/** The largest of some peaks. */
function megabytes(what: string, goal: Goal, peaks: readonly (Measurement | undefined)[]): Target {
  const bytes = most(peaks.map((each) => each?.peakBytes));
  return { ...times(what, '', goal, bytes === undefined ? undefined : bytes / 1e6), unit: 'MB' };
}

function cpuRatio(one: Measurement | undefined, other: Measurement | undefined): number | undefined {
  const [ours, theirs] = [one, other].map(
    (each) => each?.cpuSeconds && each.cpuSeconds.user + each.cpuSeconds.system,
  );
  // Nothing is what is left of a program that takes less than a tick of the clock.
  return ours === undefined || !theirs ? undefined : ours / theirs;
}

function start({ measurements }: Results): number | undefined {
  const [ours, node] = [COMMAND, NODE].map((name) =>
    measurements.find((each) => each.case === 'start' && each.name === name),
  );
  return ratio(ours, node);
}

function growth(results: Results, caseName: CaseName): number | undefined {
  const [few, many] = [FEW, MANY].map((files) => {
    const measured = findInSeries(results, files, caseName, LIBRARY);
    return measured && measured.milliseconds.median / files;
  });
  return few === undefined || many === undefined ? undefined : many / few;
}

/** Returns the largest; `undefined` where one is missing, because that could be the largest. */
function most(numbers: readonly (number | undefined)[]): number | undefined {
  const known = numbers.filter((number) => number !== undefined);
  return known.length === numbers.length ? Math.max(...known) : undefined;
}
