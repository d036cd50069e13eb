import {
  COMMAND,
  LIBRARY,
  LIVING,
  references,
  UNCHANGED,
  type CaseName,
  type Measurement,
  type Results,
  type TreeFacts,
} from '../results.js';
import { find, mainTree, ratio } from './find.js';

/** A target, and whether it is met. */
export interface Target {
  readonly what: string;
  readonly against: string;
  readonly unit: 'ratio' | 'MB' | 'ms';
  readonly reach: number;
  readonly aimFor: number;
  /** `undefined` where the run does not tell. */
  readonly measured: number | undefined;
}

type Goal = readonly [reach: number, aimFor: number];

/** Sizes between which the time a file takes should hardly change. */
const FEW = 75_000;
const MANY = 1_000_000;

/** Holds a run against what was wanted of it. */
export function targets(results: Results): Target[] {
  const tree = mainTree(results);
  const on = (caseName: CaseName, name: string) => find(results, tree?.name, caseName, name);
  const git = on('warm', references.warm);
  const warm = on('warm', LIBRARY);
  const process = `${references.warm}, whole process`;
  const files = tree ? `${tree.files.toLocaleString('en')} files` : 'main tree';
  return [
    held(
      'cold, library',
      'sha256sum by xargs',
      [0.42, 0.32],
      ratio(on('cold', LIBRARY), on('cold', 'sha256sum')),
    ),
    held(
      'cold, library',
      'glob-hasher xxhash',
      [0.6, 0.45],
      ratio(on('cold', LIBRARY), on('cold', 'glob-hasher')),
    ),
    held('warm, library, cache read from disk', process, [2.3, 1], ratio(warm, git)),
    held('warm again in a living process', process, [2, 0.9], ratio(on('warm', LIVING), git)),
    held('warm, command, whole process', process, [2.6, 1], ratio(on('warm', COMMAND), git)),
    held(
      '10 files changed, library',
      'warm, library',
      [1.3, 1.1],
      ratio(on('ten', LIBRARY), on('ten', UNCHANGED)),
    ),
    ...(['cold', 'warm'] as const).map((caseName) =>
      held(`time a file at 1,000,000 files, ${caseName}`, 'at 75,000', [1.3, 1.1], growth(results, caseName)),
    ),
    {
      ...held(`peak memory, command, ${files}, cold and warm`, '', [170, 110]),
      unit: 'MB',
      measured: megabytes([on('cold', COMMAND), on('warm', COMMAND)]),
    },
    {
      ...held('peak memory, 1,000,000 files, warm', '', [800, 500]),
      unit: 'MB',
      measured: megabytes([COMMAND, LIBRARY].map((name) => inSeries(results, MANY, 'warm', name))),
    },
    {
      ...held('event-loop delay p99 during a library call', '', [20, 10]),
      unit: 'ms',
      measured: most([on('cold', LIBRARY), warm].map((each) => each?.eventLoopDelay?.p99)),
    },
    held('`muse --version`', '`node -e 0`', [1.5, 1.2], start(results)),
  ];
}

function held(what: string, against: string, [reach, aimFor]: Goal, measured?: number): Target {
  return { what, against, unit: 'ratio', reach, aimFor, measured };
}

function start(results: Results): number | undefined {
  const [ours, node] = [COMMAND, references.start].map((name) =>
    results.measurements.find((each) => each.case === 'start' && each.name === name),
  );
  return ratio(ours, node);
}

function growth(results: Results, caseName: CaseName): number | undefined {
  const [few, many] = [FEW, MANY].map((files) => {
    const measured = inSeries(results, files, caseName, LIBRARY);
    return measured && measured.milliseconds.median / files;
  });
  return few === undefined || many === undefined ? undefined : many / few;
}

function inSeries(
  results: Results,
  files: number,
  caseName: CaseName,
  name: string,
): Measurement | undefined {
  const tree = results.trees.find((each: TreeFacts) => each.role === 'series' && each.files === files);
  return tree && find(results, tree.name, caseName, name);
}

function megabytes(measured: readonly (Measurement | undefined)[]): number | undefined {
  const bytes = most(measured.map((each) => each?.peakBytes));
  return bytes === undefined ? undefined : bytes / 1e6;
}

/** Returns the largest; `undefined` where one is missing, because that could be the largest. */
function most(numbers: readonly (number | undefined)[]): number | undefined {
  const known = numbers.filter((number) => number !== undefined);
  return known.length === numbers.length ? Math.max(...known) : undefined;
}
