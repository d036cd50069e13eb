import {
  diffSnapshots,
  latestSavedSnapshot,
  type DamagedSnapshot,
  type LatestSnapshot,
  type ParsedSnapshot,
  type SnapshotDiff,
} from '@muse/snapshot';
import { CommandError } from '../command-error.js';
import { ExitCode } from '../exit-code.js';
import type { DiffRequest, StatusRequest } from '../request.js';
import { noMuse, savedFailure } from '../saved-failure.js';
import { shellWord } from '../render/shell-word.js';
import { findWorkingTree, type WorkingTree } from '../working-tree.js';
import type { FoundSaved } from './find-saved.js';
import { findOperands, type Named, type Operand } from './operand.js';
import { commonPart, judgedAlike, optionsOf, reRooted, type NoteLogger } from './same-part.js';
import { Selection } from './selection.js';
import { takeOf, type SnapshotContext } from './snapshot.js';

/** Two snapshots, and what leads from one to the other. */
export interface Comparison {
  readonly before: Operand;
  readonly after: Operand;
  readonly diff: SnapshotDiff;
  /** Whether both are complete in what was compared. */
  readonly complete: boolean;
  /** Damaged saved snapshots that were passed over. */
  readonly damaged: readonly DamagedSnapshot[];
  /** Wall time, milliseconds. */
  readonly milliseconds: number;
}

/** What a comparison needs besides: it notes what the user should know of how the two sides were made alike. */
export interface CompareContext extends SnapshotContext {
  readonly logger: NoteLogger;
}

/** Compares a working tree with the snapshot of it that was saved last. */
export async function status(request: StatusRequest, context: CompareContext): Promise<Comparison> {
  const started = performance.now();
  const { directory } = request;
  const doing = `cannot tell what changed in ${directory}`;
  const selection = new Selection(request.paths);
  const tree = await findWorkingTree(directory, request.tree);
  if (!tree.hasMuse) throw noMuse(doing, tree);
  // First of all: what is saved while this runs is newer than what is compared.
  const found = await latestOf(tree, doing);
  const before: Named = { is: 'saved', name: 'latest', tree, ...found };
  return compared([before, { is: 'directory', name: directory, tree }], selection, request, context, started);
}

/** Compares two snapshots that were named; without a second one, the first with the working tree that it is of. */
export async function diff(request: DiffRequest, context: CompareContext): Promise<Comparison> {
  const started = performance.now();
  const selection = new Selection(request.paths);
  const names = request.after === undefined ? [request.before] : [request.before, request.after];
  const [before, after] = await findOperands(names, request.tree, context);
  if (!before) throw new Error('Nothing was named');
  return compared([before, after ?? (await nowFor(before, request))], selection, request, context, started);
}

/** A saved snapshot is compared with the directory that it is of; anything else with the current one. */
async function nowFor(before: Named, { tree: options }: DiffRequest): Promise<Named> {
  if (before.is !== 'saved') return { is: 'directory', name: '.', tree: await findWorkingTree('.', options) };
  const { saved, tree } = before;
  const name = saved.subtree || '.';
  return { is: 'directory', name, tree: { ...tree, name, subtree: saved.subtree } };
}

async function compared(
  pair: readonly [Named, Named],
  selection: Selection,
  request: StatusRequest | DiffRequest,
  context: CompareContext,
  started: number,
): Promise<Comparison> {
  const [before, after] = await bothSides(pair, request, context);
  const [old, now] = [selection.of(before.snapshot), selection.of(after.snapshot)];
  const damaged = pair.flatMap((named) => (named.is === 'saved' ? named.damaged : []));
  return {
    before,
    after,
    diff: diffSnapshots(old, now),
    complete: old.complete && now.complete && damaged.length === 0,
    damaged,
    milliseconds: performance.now() - started,
  };
}

type Sides = readonly [before: Operand, after: Operand];

/** Makes the snapshots of both sides; of a saved one and a directory of its tree, the part that both have, by the same rules. */
async function bothSides(
  [before, after]: readonly [Named, Named],
  request: StatusRequest | DiffRequest,
  context: CompareContext,
): Promise<Sides> {
  if (before.is === 'saved' && after.is === 'directory') return savedAndNow(before, after, request, context);
  if (before.is === 'directory' && after.is === 'saved') {
    const [saved, now] = await savedAndNow(after, before, request, context);
    return [now, saved];
  }
  const side = async (named: Named): Promise<Operand> => {
    const { name } = named;
    if (named.is === 'saved') return { name, snapshot: named.saved, saved: named.saved };
    if (named.is === 'manifest') return { name, snapshot: named.snapshot };
    return { name, snapshot: await takeOf(named.tree, request, context) };
  };
  return [await side(before), await side(after)];
}

async function savedAndNow(
  { name, saved, tree: of }: Extract<Named, { is: 'saved' }>,
  { name: directory, tree }: Extract<Named, { is: 'directory' }>,
  request: StatusRequest | DiffRequest,
  context: CompareContext,
): Promise<Sides> {
  const { logger } = context;
  const part = commonPart(saved, of, tree);
  const options = optionsOf(saved, request.tree, logger);
  const own = part === undefined ? tree : { ...tree, subtree: part };
  if (part !== undefined && part !== tree.subtree)
    logger.note(`only ${part} is compared, which the snapshot is of`);
  const taken = await takeOf(own, { ...request, tree: options }, context);
  const whole = part === undefined ? saved : reRooted(saved, part);
  const judging = { root: own.root, part: own.subtree, options, logger };
  const snapshot: ParsedSnapshot =
    part === undefined ? whole : await judgedAlike(whole, saved, taken, judging);
  return [
    { name, snapshot, saved },
    { name: directory, snapshot: taken },
  ];
}

async function latestOf(tree: WorkingTree, doing: string): Promise<FoundSaved> {
  const { root, subtree, name } = tree;
  let found: LatestSnapshot;
  try {
    found = await latestSavedSnapshot(root, { subtree });
  } catch (error) {
    throw savedFailure(doing, error);
  }
  const { snapshot: saved, damaged } = found;
  if (saved) return { saved, damaged };
  const [worst] = damaged;
  if (worst) throw savedFailure(doing, worst.error);
  // No quotes around a command that has some of its own: pasted together they would leave the name bare.
  const advice =
    name === '.'
      ? "run 'muse snapshot --save' first"
      : `first run this: muse snapshot --save ${shellWord(name)}`;
  throw new CommandError(ExitCode.failed, `${doing}: no snapshot of it is saved`, advice);
}
