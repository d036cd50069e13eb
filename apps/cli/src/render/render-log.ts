import type { SavedSnapshotInfo } from '@muse/snapshot';
import type { LogAnswer } from '../commands/log.js';
import { ExitCode } from '../exit-code.js';
import type { LogRequest } from '../request.js';
import { byteSize, countOf } from './quantities.js';
import type { Reporter } from './reporter.js';
import { secondOf } from './times.js';
import { writeJson, writeLines } from './write-answer.js';

/** Prints a line for each saved snapshot, and names the damaged ones on stderr. */
export async function renderLog(
  list: LogAnswer,
  { json }: LogRequest,
  reporter: Reporter,
): Promise<ExitCode> {
  const { snapshots, damaged } = list;
  if (json) await writeJson(logDocument(list));
  else await writeLines(snapshots.map((each) => logLine(each, each.file === list.latest)));

  for (const { error } of damaged) reporter.error(error.message);
  if (damaged.length > 0) {
    reporter.hint(`restore what is named above, or remove it: the others are as good as before`);
    return ExitCode.incomplete;
  }
  if (snapshots.length === 0) reporter.hint("no snapshot is saved here; 'muse snapshot --save' keeps one");
  return ExitCode.done;
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
export function logDocument({ snapshots, damaged, latest }: LogAnswer): object {
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
    damaged: damaged.map(({ file, error }) => ({ file, message: error.message })),
  };
}
