import type { RequestOf, Run } from '../../definition.js';
import { ExitCode } from '../../errors.js';
import { problemLines, reportDamaged } from '../../failures.js';
import { findOperands, operandOf, type Operand } from '../../operands.js';
import { writeJsonPieces, writeLines, writeNulEnded, type Line } from '../../terminal/answer.js';
import { byteSize, count, secondOf, shortDigits, shortId } from '../../terminal/format.js';
import { wantsJson } from '../../shared-options.js';
import { terminalWidth } from '../../terminal/streams.js';
import { optionsFor, takeSnapshot } from '../../working-tree.js';
import type { show } from './definition.js';

/** Prints what is known of a snapshot, and its files. */
export const run: Run<RequestOf<typeof show>> = async (request, { reporter }) => {
  const { nameOnly, nul } = request;
  const { snapshot: name, trustOwners } = request;
  const [named] = await findOperands([name], { trustOwners }, reporter);
  if (!named) throw new Error('Nothing was named');
  const operand = await operandOf(named, (tree) =>
    takeSnapshot(tree, optionsFor(tree, { trustOwners }), reporter),
  );
  reporter.finish();
  if (wantsJson(request)) await writeJsonPieces(showPieces(operand));
  else if (nul) await writeNulEnded(fileParts(operand, nameOnly));
  else await writeLines(showLines(operand, nameOnly, terminalWidth()), reporter.paintAnswer);

  const { complete, problems } = operand.snapshot;
  for (const line of problemLines(problems)) reporter.error(line);
  reportDamaged(named.damaged, reporter);
  return complete && named.damaged.length === 0 ? ExitCode.done : ExitCode.incomplete;
};

/** Returns a line for each thing to tell, an empty one, and then a line for each file; on a terminal with shortened ids. */
export function* showLines(operand: Operand, nameOnly: boolean, width: number | undefined): Iterable<Line> {
  const { saved, snapshot } = operand;
  const { id, manifest, problems, complete } = snapshot;
  if (nameOnly) {
    yield* manifest.keys();
    return;
  }
  yield `snapshot  ${width !== undefined && width < 'snapshot  '.length + id.length ? shortId(id) : id}`;
  if (saved) {
    yield `saved     ${secondOf(saved.savedAt)}`;
    if (saved.subtree !== '') yield `of        ${saved.subtree}`;
  }
  yield `files     ${count(manifest.size)}`;
  if (saved) yield `size      ${byteSize(saved.bytes)}`;
  yield `complete  ${complete ? 'yes' : `no, problems: ${count(problems.length)}`}`;
  if (saved && saved.note !== '') for (const line of saved.note.split('\n')) yield `note      ${line}`;
  yield '';
  for (const [path, objectId] of manifest) {
    if (width === undefined) yield `${objectId}  ${path}`;
    else yield [{ style: 'yellow', text: shortDigits(objectId) }, `  ${path}`];
  }
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
