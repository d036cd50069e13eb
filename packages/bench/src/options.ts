import { parseArgs } from 'node:util';
import { PEER_NAMES, type PeerName } from './peers.js';
import { CASE_NAMES, type CaseName } from './results.js';

/** The values of `--cases`: the cases, what watching takes, and the series of trees that differ in size. */
export const CASE_CHOICES = [...CASE_NAMES, 'watching', 'sizes', 'threads'] as const;

/** `threads` prints what decision 005 rests on, and is the only one that is not part of a plain run. */
export type CaseChoice = CaseName | 'watching' | 'sizes' | 'threads';

/** Options of a run. */
export interface BenchOptions {
  /** Measure this directory instead of trees made for it. */
  readonly directory: string | undefined;
  /** Measure a copy of that directory, so that its files may be edited. */
  readonly copy: boolean;
  readonly quick: boolean;
  readonly million: boolean;
  readonly rounds: number;
  readonly cases: ReadonlySet<CaseChoice>;
  readonly peers: readonly PeerName[];
  /** True if peers that take a minute and more were asked for by name. */
  readonly slowPeers: boolean;
  /** The directory to write to, if one was given. */
  readonly out: string | undefined;
  /** Results of an earlier run to compare with. */
  readonly check: string | undefined;
  /** Results to report instead of measuring. */
  readonly from: string | undefined;
  /** True for a plain run: everything is measured, and nothing else was asked for. */
  readonly whole: boolean;
}

export const USAGE = `Usage: pnpm bench [directory] [options]

  directory         measure this one, which is not changed, instead of trees made for the run
  --copy            measure a copy of it, so that files can be edited in it
  --quick           small trees and few rounds: tries out the benchmarks
  --million         also a tree of 1,000,000 files (4 GB in the temporary directory)
  --rounds <n>      measured rounds (default: 7; with --quick 3)
  --cases <a,b>     ${CASE_CHOICES.join(', ')} (default: all but threads);
                    disk empties the page cache of the whole machine, and is left out unless root runs it
  --peers <a,b>     ${PEER_NAMES.join(', ')};
                    none for none (default: all; folder-hash on small trees alone)
  --out <dir>       where to write benchmarks.md and benchmarks/ (default: docs for a plain run;
                    otherwise a new directory below the temporary one)
  --from <file>     report the results in this file instead of measuring
  --check <file>    compare with the results in this file; exit 1 on a loss of more than 15 %`;

const ROUNDS = 7;
const QUICK_ROUNDS = 3;

/** Reads the arguments. Throws a RangeError or TypeError with a sentence for the user. */
export function parseOptions(args: readonly string[]): BenchOptions {
  const { values, positionals } = parseArgs({
    // `pnpm bench -- --quick` hands over the two dashes.
    args: args.filter((argument) => argument !== '--'),
    allowPositionals: true,
    options: {
      copy: { type: 'boolean', default: false },
      quick: { type: 'boolean', default: false },
      million: { type: 'boolean', default: false },
      rounds: { type: 'string' },
      cases: { type: 'string' },
      peers: { type: 'string' },
      out: { type: 'string' },
      check: { type: 'string' },
      from: { type: 'string' },
    },
  });
  const { copy, quick, million, out, check, from } = values;
  const [directory, ...more] = positionals;
  if (more.length > 0) throw new RangeError(`Cannot measure ${positionals.length} directories: give one`);
  if (copy && directory === undefined) throw new RangeError('Cannot copy: no directory was given');
  const peers = values.peers === undefined ? PEER_NAMES : choices('peer', values.peers, PEER_NAMES);
  const plain = CASE_CHOICES.filter((choice) => choice !== 'threads');
  const cases = values.cases === undefined ? plain : choices('case', values.cases, CASE_CHOICES);
  return {
    ...{ directory, copy, quick, million, out, check, from, peers },
    rounds: rounds(values.rounds, quick ? QUICK_ROUNDS : ROUNDS),
    cases: new Set(cases),
    slowPeers: values.peers !== undefined,
    whole:
      !quick && [directory, values.cases, values.peers, check, from].every((value) => value === undefined),
  };
}

function rounds(text: string | undefined, fallback: number): number {
  if (text === undefined) return fallback;
  if (!/^[1-9]\d{0,3}$/.test(text))
    throw new RangeError(`Cannot run "${text}" rounds: give a number from 1 up`);
  return Number(text);
}

function choices<T extends string>(kind: string, text: string, known: readonly T[]): T[] {
  if (text === 'none') return [];
  return text.split(',').map((name) => {
    const found = known.find((choice) => choice === name);
    if (found === undefined)
      throw new RangeError(`Cannot find the ${kind} "${name}": there is ${known.join(', ')}`);
    return found;
  });
}
