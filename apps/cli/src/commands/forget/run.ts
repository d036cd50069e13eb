import {
  forgetSnapshots,
  listSavedSnapshots,
  notKept,
  SavedSnapshotError,
  type DamagedSnapshot,
  type ForgottenSnapshots,
  type SavedSnapshotInfo,
} from '@muse/snapshot';
import type { RequestOf, Run } from '../../definition.js';
import { CommandError, ExitCode } from '../../errors.js';
import { noMuse, savedFailure } from '../../failures.js';
import { findSaved, tooFewSaved } from '../../operands.js';
import { writeLines, type Line } from '../../terminal/answer.js';
import { count, countOf } from '../../terminal/format.js';
import type { Reporter } from '../../terminal/reporter.js';
import { terminalWidth } from '../../terminal/streams.js';
import { findWorkingTree, warnOfStrangers, type WorkingTree } from '../../working-tree.js';
import { logLines } from '../log/render.js';
import type { forget } from './definition.js';

type Request = RequestOf<typeof forget>;

const DOING = 'cannot forget saved snapshots';

/** What is to be forgotten, and what was passed over to find it. */
interface Choice {
  readonly chosen: readonly (SavedSnapshotInfo | DamagedSnapshot)[];
  readonly passedOver: readonly DamagedSnapshot[];
  /** Undamaged ones that stay, where all were looked at. */
  readonly kept?: number;
}

/** Removes the saved snapshots that were named, or those that no rule keeps, and prints a line for each. */
export const run: Run<Request> = async (request, { reporter }) => {
  const tree = await findWorkingTree('.', request);
  warnOfStrangers(tree, reporter);
  if (!tree.hasMuse) throw noMuse(DOING, tree);
  const { snapshots: names, dryRun } = request;
  const choice = names.length > 0 ? await chooseNamed(names, tree) : await chooseByRule(request, tree);
  const { forgotten, failed } = dryRun
    ? { forgotten: choice.chosen.map(({ file }) => file), failed: [] }
    : await remove(choice, tree);
  const gone = new Set(forgotten);
  await writeLines(linesOf(choice.chosen.filter(({ file }) => gone.has(file))), reporter.paintAnswer);

  for (const { error } of failed) reporter.error(error.message);
  tellPassedOver(choice.passedOver, reporter);
  reporter.note(summary(gone.size, choice.kept, dryRun));
  if (failed.length > 0 && gone.size === 0) return ExitCode.failed;
  return failed.length + choice.passedOver.length > 0 ? ExitCode.incomplete : ExitCode.done;
};

/** Finds each one that is named before any is removed. */
async function chooseNamed(names: readonly string[], tree: WorkingTree): Promise<Choice> {
  const chosen = new Map<string, SavedSnapshotInfo>();
  const passedOver = new Map<string, DamagedSnapshot>();
  for (const name of names) {
    const doing = `cannot forget ${name}`;
    const found = await findSaved(name, tree, { doing, unshared: true });
    if (!found) {
      const advice = "'muse log' lists the saved snapshots";
      throw new CommandError(
        ExitCode.failed,
        `${doing}: ${tooFewSaved(name) ?? 'no saved snapshot has that name'}`,
        advice,
      );
    }
    chosen.set(found.saved.file, found.saved);
    for (const each of found.damaged) passedOver.set(each.file, each);
  }
  return { chosen: [...chosen.values()], passedOver: [...passedOver.values()] };
}

async function chooseByRule(
  { keepLast, keepWithin, damaged: takesDamaged }: Request,
  tree: WorkingTree,
): Promise<Choice> {
  const { snapshots, damaged } = await listSavedSnapshots(tree.root).catch((error: unknown) => {
    throw savedFailure(DOING, error);
  });
  const hasPolicy = keepLast !== undefined || keepWithin !== undefined;
  const old = hasPolicy ? notKept(snapshots, { last: keepLast, within: keepWithin }) : [];
  const broken = takesDamaged ? damaged.filter(isBroken) : [];
  return {
    chosen: [...old, ...broken],
    passedOver: damaged.filter((each) => !broken.includes(each)),
    kept: snapshots.length - old.length,
  };
}

/** Returns whether a file is of no use to anybody; what cannot be read, or not by this Muse, may be whole. */
function isBroken({ error }: DamagedSnapshot): boolean {
  return error instanceof SavedSnapshotError && error.code === 'EDAMAGED';
}

async function remove({ chosen }: Choice, tree: WorkingTree): Promise<ForgottenSnapshots> {
  try {
    return await forgetSnapshots(tree.root, chosen);
  } catch (error) {
    throw savedFailure(DOING, error);
  }
}

function linesOf(gone: Choice['chosen']): Line[] {
  const saved = gone.flatMap((each) => ('error' in each ? [] : each));
  const damaged = gone.flatMap((each) => ('error' in each ? `damaged  ${each.file}` : []));
  return [...logLines(saved, undefined, terminalWidth()), ...damaged];
}

function tellPassedOver(damaged: readonly DamagedSnapshot[], reporter: Reporter): void {
  for (const { error } of damaged) reporter.error(error.message);
  if (damaged.some(isBroken)) reporter.hint("'muse forget --damaged' removes damaged ones");
}

function summary(gone: number, kept: number | undefined, dryRun: boolean): string {
  const what = countOf(gone, 'saved snapshot');
  const rest = kept === undefined ? '' : `, ${count(kept)} kept`;
  return dryRun ? `would forget ${what}${rest}; nothing was removed` : `forgot ${what}${rest}`;
}
