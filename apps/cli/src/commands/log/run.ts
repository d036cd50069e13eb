import { stat } from 'node:fs/promises';
import { toFsPath } from '@muse/paths';
import { listSavedSnapshots, type SavedSnapshotInfo, type SavedSnapshotList } from '@muse/snapshot';
import type { RequestOf, Run } from '../../definition.js';
import { ExitCode, systemFailure } from '../../errors.js';
import { noMuse, savedFailure } from '../../failures.js';
import { damagedDocument } from '../../operands.js';
import { writeJson, writeLines } from '../../terminal/answer.js';
import { byteSize, countOf, secondOf } from '../../terminal/format.js';
import { wantsJson } from '../../shared-options.js';
import { findWorkingTree, isWithin, warnOfStrangers } from '../../working-tree.js';
import type { log } from './definition.js';

/** Prints a line for each saved snapshot of a working tree, and names the damaged ones on stderr. */
export const run: Run<RequestOf<typeof log>> = async (
  { directory, trustOwners, ...request },
  { reporter },
) => {
  const doing = `cannot list the saved snapshots of ${directory}`;
  const tree = await findWorkingTree(directory, { trustOwners });
  warnOfStrangers(tree, reporter);
  if (tree.error === undefined && !(await isDirectory(directory))) {
    throw systemFailure(doing, Object.assign(new Error('not a directory'), { code: 'ENOTDIR' }));
  }
  if (!tree.hasMuse) throw noMuse(doing, tree);
  const list = await listSavedSnapshots(tree.root, { limit: request.limit }).catch((error: unknown) => {
    throw savedFailure(doing, error);
  });
  const { snapshots, damaged } = list;
  const latest = snapshots.find(({ subtree }) => isWithin(tree.subtree, subtree))?.file;
  if (wantsJson(request)) await writeJson(logDocument(list, latest));
  else await writeLines(snapshots.map((each) => logLine(each, each.file === latest)));

  for (const { error } of damaged) reporter.error(error.message);
  if (damaged.length > 0) {
    reporter.hint('restore or remove the files named above; the other snapshots are intact');
    return ExitCode.incomplete;
  }
  if (snapshots.length === 0) reporter.hint("no snapshot is saved here: 'muse snapshot --save' saves one");
  return ExitCode.done;
};

async function isDirectory(path: string): Promise<boolean> {
  return (await stat(toFsPath(path)).catch(() => undefined))?.isDirectory() === true;
}

/** Returns the line of one: id, time, files, bytes, and what else there is to say. */
export function logLine(
  { id, savedAt, note, subtree, complete, files, bytes }: SavedSnapshotInfo,
  isLatest: boolean,
): string {
  const [subject = ''] = note.split(/[\n\r]/, 1);
  return [
    id,
    secondOf(savedAt),
    countOf(files, 'file'),
    byteSize(bytes),
    ...(subtree === '' ? [] : [`of ${subtree}`]),
    ...(isLatest ? ['latest'] : []),
    ...(complete ? [] : ['incomplete']),
    ...(subject === '' ? [] : [subject]),
  ].join('  ');
}

/** Returns the document that `--json` prints. */
export function logDocument({ snapshots, damaged }: SavedSnapshotList, latest: string | undefined): object {
  return {
    version: 1,
    snapshots: snapshots.map(({ id, savedAt, note, subtree, complete, files, bytes, file }) => ({
      snapshot_id: id,
      saved_at: savedAt.toISOString(),
      note,
      subtree,
      latest: file === latest,
      complete,
      files,
      bytes,
      file,
    })),
    damaged: damaged.map(damagedDocument),
  };
}
