import type { DamagedSnapshot } from '@muse/snapshot';
import type { RequestOf, Run } from '../../definition.js';
import { ExitCode } from '../../errors.js';
import { problemLines, reportDamaged } from '../../failures.js';
import { findOperands, type Operand } from '../../operands.js';
import { writeJsonPieces, writeLines, writeNulEnded } from '../../terminal/answer.js';
import { byteSize, count, secondOf } from '../../terminal/format.js';
import type { Reporter } from '../../terminal/reporter.js';
import { takeSnapshot } from '../../working-tree.js';
import type { show } from './definition.js';

type Request = RequestOf<typeof show>;

/** Prints what is known of a snapshot, and its files. */
export const run: Run<Request> = async (request, { reporter }) => {
  const { json, nameOnly, nul } = request;
  const { damaged, ...operand } = await findShown(request, reporter);
  reporter.finish();
  if (json) await writeJsonPieces(showPieces(operand));
  else if (nul) await writeNulEnded(fileParts(operand, nameOnly));
  else await writeLines(showLines(operand, nameOnly));

  const { complete, problems } = operand.snapshot;
  for (const line of problemLines(problems)) reporter.error(line);
  reportDamaged(damaged, reporter);
  return complete && damaged.length === 0 ? ExitCode.done : ExitCode.incomplete;
};

/** Finds the snapshot that was named, and the damaged ones that were passed over to find it. */
async function findShown(
  { snapshot: name, trustOwners }: Request,
  reporter: Reporter,
): Promise<Operand & { readonly damaged: readonly DamagedSnapshot[] }> {
  const [named] = await findOperands([name], { trustOwners }, reporter);
  if (!named) throw new Error('Nothing was named');
  if (named.is === 'saved')
    return { name, snapshot: named.saved, saved: named.saved, damaged: named.damaged };
  if (named.is === 'manifest') return { name, snapshot: named.snapshot, damaged: [] };
  return { name, snapshot: await takeSnapshot(named.tree, { trustOwners }, reporter), damaged: [] };
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
