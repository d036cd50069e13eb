import type { Operand } from '../commands/operand.js';
import type { Shown } from '../commands/show.js';
import { ExitCode } from '../exit-code.js';
import type { ShowRequest } from '../request.js';
import { problemLines } from './problem-lines.js';
import { reportDamaged } from './report-damaged.js';
import { byteSize, count } from './quantities.js';
import type { Reporter } from './reporter.js';
import { secondOf } from './times.js';
import { writeJsonPieces, writeLines, writeNulEnded } from './write-answer.js';

/** Prints what is known of a snapshot, and its files. */
export async function renderShow(
  operand: Shown,
  { json, nameOnly, nul }: ShowRequest,
  reporter: Reporter,
): Promise<ExitCode> {
  reporter.finish();
  if (json) await writeJsonPieces(showPieces(operand));
  else if (nul) await writeNulEnded(fileParts(operand, nameOnly));
  else await writeLines(showLines(operand, nameOnly));

  const { complete, problems } = operand.snapshot;
  for (const line of problemLines(problems)) reporter.error(line);
  reportDamaged(operand.damaged, reporter);
  return complete && operand.damaged.length === 0 ? ExitCode.done : ExitCode.incomplete;
}

/** Returns a line for each thing to tell, an empty one, and then a line for each file. */
export function* showLines(operand: Operand, nameOnly: boolean): Iterable<string> {
  const { saved, snapshot } = operand;
  const { id, manifest, problems, complete } = snapshot;
  if (nameOnly) {
    yield* manifest.keys();
    return;
  }
  yield `snapshot  ${id}`;
  if (saved) {
    yield `saved     ${secondOf(saved.savedAt)}`;
    if (saved.subtree !== '') yield `of        ${saved.subtree}`;
  }
  yield `files     ${count(manifest.size)}`;
  if (saved) yield `size      ${byteSize(saved.bytes)}`;
  yield `complete  ${complete ? 'yes' : `no, problems: ${count(problems.length)}`}`;
  if (saved && saved.note !== '') for (const line of saved.note.split('\n')) yield `note      ${line}`;
  yield '';
  for (const [path, objectId] of manifest) yield `${objectId}  ${path}`;
}

function* fileParts({ snapshot }: Operand, nameOnly: boolean): Iterable<string> {
  for (const [path, objectId] of snapshot.manifest) yield nameOnly ? path : `${objectId}  ${path}`;
}

/** Yields a document that can be read back as a manifest. */
export function* showPieces({ snapshot, saved }: Operand): Iterable<string> {
  const { id, manifest, problems, complete } = snapshot;
  const head = {
    version: 1,
    ...(saved && { saved_at: saved.savedAt.toISOString(), note: saved.note, subtree: saved.subtree }),
    snapshot_id: id,
    complete,
    files: manifest.size,
    ...(saved && { bytes: saved.bytes }),
  };
  yield `${JSON.stringify(head).slice(0, -1)},"manifest":{`;
  let separator = '\n';
  for (const [path, objectId] of manifest) {
    yield `${separator}${JSON.stringify(path)}:"${objectId}"`;
    separator = ',\n';
  }
  yield `},"problems":${JSON.stringify(problems)}}`;
}
