import { stat } from 'node:fs/promises';
import { toFsPath } from '@muse/paths';
import { listSavedSnapshots } from '@muse/snapshot';
import type { RequestOf, Run } from '../../definition.js';
import { ExitCode, systemFailure } from '../../errors.js';
import { noMuse, savedFailure } from '../../failures.js';
import { writeJson, writeLines } from '../../terminal/answer.js';
import { terminalWidth } from '../../terminal/streams.js';
import { wantsJson } from '../../shared-options.js';
import { findWorkingTree, isWithin, warnOfStrangers } from '../../working-tree.js';
import type { log } from './definition.js';
import { logDocument, logLines } from './render.js';

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
  else await writeLines(logLines(snapshots, latest, terminalWidth()), reporter.paintAnswer);

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
