import { posix } from 'node:path';
import {
  diffSnapshots,
  type DamagedSnapshot,
  type Manifest,
  type ParsedSnapshot,
  type Snapshot,
  type SnapshotDiff,
} from '@muse/snapshot';
import type { ValuesOf } from '../../definition.js';
import { usageError } from '../../errors.js';
import { operandOf, type Named, type Operand } from '../../operands.js';
import { savedSide } from '../../saved-side.js';
import { treeOptionsOf } from '../../shared-options.js';
import { checkWritable, outputFile } from '../../terminal/output-file.js';
import type { Reporter } from '../../terminal/reporter.js';
import { isWithin, optionsFor, takeSnapshot, type WorkingTree } from '../../working-tree.js';
import type { differenceOptions } from './definition.js';

/** Two snapshots, and what leads from one to the other. */
export interface Comparison {
  readonly before: Operand;
  readonly after: Operand;
  readonly diff: SnapshotDiff;
  /** What was compared of both. */
  readonly compared: readonly [before: ParsedSnapshot, after: ParsedSnapshot];
  /** True if both are complete in the part that was compared. */
  readonly complete: boolean;
  /** Damaged saved snapshots that were passed over. */
  readonly damaged: readonly DamagedSnapshot[];
}

type Options = ValuesOf<typeof differenceOptions>;
type Sides = readonly [before: Operand, after: Operand];

/** Compares what was named, as far as it is selected. */
export async function compare(
  pair: readonly [Named, Named],
  selection: Selection,
  options: Options,
  reporter: Reporter,
): Promise<Comparison> {
  const page = outputFile(options.html);
  if (page !== undefined) await checkWritable(page);
  const [before, after] = await bothSides(pair, options, reporter);
  const [old, now] = [selection.of(before.snapshot), selection.of(after.snapshot)];
  const damaged = pair.flatMap((named) => named.damaged);
  const complete = old.complete && now.complete && damaged.length === 0;
  return { before, after, diff: diffSnapshots(old, now), compared: [old, now], complete, damaged };
}

/** Makes the snapshots of both sides; of a saved one and a directory of its tree, the part that both have, by the same rules. */
async function bothSides(
  [before, after]: readonly [Named, Named],
  options: Options,
  reporter: Reporter,
): Promise<Sides> {
  if (before.is === 'saved' && after.is === 'directory') return savedAndNow(before, after, options, reporter);
  if (before.is === 'directory' && after.is === 'saved') {
    const [saved, now] = await savedAndNow(after, before, options, reporter);
    return [now, saved];
  }
  const take = (tree: WorkingTree): Promise<Snapshot> =>
    takeSnapshot(tree, { ...optionsFor(tree, treeOptionsOf(options)), ...callOf(options) }, reporter);
  return [await operandOf(before, take), await operandOf(after, take)];
}

async function savedAndNow(
  { name, saved, tree: of }: Extract<Named, { is: 'saved' }>,
  { name: directory, tree }: Extract<Named, { is: 'directory' }>,
  given: Options,
  reporter: Reporter,
): Promise<Sides> {
  const { now, options, judged } = savedSide(saved, of, tree, treeOptionsOf(given), reporter);
  const taken = await takeSnapshot(now, { ...options, ...callOf(given) }, reporter);
  return [
    { name, snapshot: await judged(taken.rules ?? []), saved },
    { name: directory, snapshot: taken, taken },
  ];
}

/** A page and a table show sizes, nothing else does. */
function callOf({ threads, html, stat }: Options) {
  return { threads, sizes: html !== undefined || stat };
}

/** The part of two snapshots that paths on the command line name, as the answer prints them. */
export class Selection {
  readonly #paths: readonly string[];

  /** @throws CommandError when one leads out of what is compared. */
  constructor(names: readonly string[]) {
    this.#paths = names.map(normalized);
  }

  of(snapshot: ParsedSnapshot): ParsedSnapshot {
    if (this.#paths.length === 0 || this.#paths.includes('')) return snapshot;
    const manifest: Manifest = new Map([...snapshot.manifest].filter(([path]) => this.#has(path)));
    const problems = snapshot.problems.filter(({ path }) => this.#has(path) || this.#isAbove(path));
    // One that is incomplete without a problem does not say where.
    const complete = problems.length === 0 && (snapshot.complete || snapshot.problems.length > 0);
    return { ...snapshot, manifest, problems, complete };
  }

  #has(path: string): boolean {
    return this.#paths.some((named) => isWithin(path, named));
  }

  #isAbove(path: string): boolean {
    return path === '' || this.#paths.some((named) => named.startsWith(`${path}/`));
  }
}

function normalized(name: string): string {
  const path = posix.normalize(name).replace(/\/$/, '');
  if (path === '.') return '';
  if (name === '' || path === '..' || path.startsWith('../') || path.startsWith('/')) {
    throw usageError(
      `cannot select ${name === '' ? "''" : name}: it is outside what is compared`,
      "write paths after -- as the answer prints them, e.g. 'src/main.c'",
    );
  }
  return path;
}
