import { formatManifest, type SavedSnapshotInfo, type Snapshot, type TreeOptions } from '@muse/snapshot';
import type { RequestOf, Run } from '../../definition.js';
import { ExitCode, systemReason } from '../../errors.js';
import { noMuse, problemLines, savedFailure } from '../../failures.js';
import { treeOptionsOf } from '../../shared-options.js';
import { terminalLines } from '../../terminal/answer.js';
import { shortId } from '../../terminal/format.js';
import { checkWritable, hintIfInTree, outputFile, writeFile } from '../../terminal/output-file.js';
import { printable, printableJson } from '../../terminal/printable.js';
import { stdoutIsTerminal, writeStdout } from '../../terminal/streams.js';
import { temporaryFiles } from '../../terminal/temporary-files.js';
import { findWorkingTree, optionsFor, takeSnapshot, type WorkingTree } from '../../working-tree.js';
import type { snapshot } from './definition.js';
import { details, incompleteHints, rereadHint, summary } from './render.js';

type Request = RequestOf<typeof snapshot>;

/** Takes a snapshot, writes the answer where it was asked for, and tells on stderr what it lacks and what was done. */
export const run: Run<Request> = async (request, { reporter }) => {
  const { directory, noCache, save, threads } = request;
  const output = outputFile(request.output);
  if (output !== undefined) await checkWritable(output);
  const tree = await findWorkingTree(directory, request);
  const options = optionsFor(tree, treeOptionsOf(request));
  if (save && !tree.hasMuse) throw noMuse(`cannot save a snapshot of ${directory}`, tree);
  const cache = noCache ? false : undefined;
  // Of the default answer the manifest is no part.
  const taken = await takeSnapshot(tree, { ...options, cache, threads, deferManifest: !save }, reporter);
  const saved = save ? await keep(tree, taken, options, request) : undefined;

  reporter.finish();
  const isNewFile = await write(taken, output, request);
  for (const line of problemLines(taken.problems)) reporter.error(line);
  if (taken.saveError) {
    reporter.warn(`the cache was not saved: ${systemReason(taken.saveError)}; the answer is not affected`);
  }
  reporter.note(summary(taken.stats));
  if (saved) reporter.note(`saved as ${shortId(saved.id)} in ${saved.file}`);
  for (const line of details(taken.stats)) reporter.debug(line);
  const reread = rereadHint(taken.stats);
  if (reread !== undefined) reporter.hint(reread);
  if (isNewFile && output !== undefined) await hintIfInTree(directory, output, reporter);
  if (!noCache && !tree.hasMuse && tree.strangers.length === 0) {
    reporter.hint("nothing is cached here; run 'muse init' to make the next snapshot fast");
  }
  for (const hint of incompleteHints(taken.problems)) reporter.hint(hint);
  return taken.complete ? ExitCode.done : ExitCode.incomplete;
};

async function keep(
  { name, root, subtree }: WorkingTree,
  taken: Snapshot,
  options: TreeOptions,
  request: Request,
): Promise<SavedSnapshotInfo> {
  const { saveSnapshot } = await import('@muse/snapshot');
  try {
    return await saveSnapshot(root, taken, { note: request.note ?? '', subtree, options, temporaryFiles });
  } catch (error) {
    throw savedFailure(`cannot save a snapshot of ${name}`, error);
  }
}

/** Writes the answer, and returns whether a new file has it. Whoever names a file for it wants the manifest. */
async function write(
  taken: Snapshot,
  output: string | undefined,
  { json, format, output: named }: Request,
): Promise<boolean> {
  const form = json || (format === undefined && named !== undefined) ? 'json' : format;
  const answer = form === undefined ? [Buffer.from(`${taken.id}\n`)] : formatManifest(taken, form);
  const forTerminal = (chunks: Iterable<Uint8Array>): Iterable<Uint8Array> =>
    terminalLines(chunks, form === 'sha256sum' ? printable : printableJson);
  if (output !== undefined) return writeFile(output, answer, { temporaryFiles, forTerminal });
  await writeStdout(stdoutIsTerminal() ? forTerminal(answer) : answer);
  return false;
}
