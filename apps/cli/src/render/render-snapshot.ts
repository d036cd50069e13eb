import { realpath } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { relativeTreePath, treePathFromBytes } from '@muse/paths';
import { formatManifest, type Snapshot } from '@muse/snapshot';
import type { TemporaryFiles } from '@muse/paths/files';
import type { SnapshotAnswer } from '../commands/snapshot.js';
import { ExitCode } from '../exit-code.js';
import { nativePath } from '../native-path.js';
import type { AnswerForm, SnapshotRequest } from '../request.js';
import { systemReason } from '../system-error.js';
import { printable, printableJson } from './printable.js';
import { problemLines } from './problem-lines.js';
import { countOf } from './quantities.js';
import { shortId } from './short-id.js';
import type { Reporter } from './reporter.js';
import { details, rereadHint, summary } from './summary.js';
import { terminalLines } from './terminal-lines.js';
import { writeFile } from './write-file.js';
import { stdoutIsTerminal, writeStdout } from './write-stdout.js';

/** Writes the answer where it was asked for, then tells on stderr what it lacks and what was done. */
export async function renderSnapshot(
  { snapshot, lacksCache, saved }: SnapshotAnswer,
  { directory, form, output }: SnapshotRequest,
  reporter: Reporter,
  temporaryFiles: TemporaryFiles,
): Promise<ExitCode> {
  reporter.finish();
  const answer = answerBytes(snapshot, form);
  const forTerminal = (chunks: Iterable<Uint8Array>): Iterable<Uint8Array> =>
    terminalLines(chunks, form === 'sha256sum' ? printable : printableJson);
  const isNewFile =
    output !== undefined && (await writeFile(output, answer, { temporaryFiles, forTerminal }));
  if (output === undefined) await writeStdout(stdoutIsTerminal() ? forTerminal(answer) : answer);

  for (const line of problemLines(snapshot.problems)) reporter.error(line);
  if (snapshot.saveError) {
    reporter.warn(`the cache was not saved: ${systemReason(snapshot.saveError)}; the answer is not affected`);
  }
  reporter.note(summary(snapshot.stats));
  if (saved) reporter.note(`saved as ${shortId(saved.id)} in ${saved.file}`);
  for (const line of details(snapshot.stats)) reporter.debug(line);
  const reread = rereadHint(snapshot.stats);
  if (reread !== undefined) reporter.hint(reread);
  if (isNewFile && (await isInTree(directory, output))) {
    reporter.hint(`${output} is in the tree itself, and so in the next snapshot unless a rule leaves it out`);
  }
  if (lacksCache) reporter.hint("nothing is cached here; run 'muse init' to make the next snapshot fast");
  if (snapshot.complete) return ExitCode.done;
  const { length } = snapshot.problems;
  reporter.hint(
    `the answer lacks ${countOf(length, 'file or directory', 'files or directories')}; mend what is named above, or leave it out in .museignore`,
  );
  return ExitCode.incomplete;
}

async function isInTree(directory: string, file: string): Promise<boolean> {
  try {
    const [root, above] = await Promise.all(
      [directory, dirname(file)].map((path) => realpath(nativePath(path), 'buffer')),
    );
    if (!root || !above) return false;
    const path = join(treePathFromBytes(above), basename(file));
    const segments = relativeTreePath(treePathFromBytes(root), path).split('/');
    return !segments.some((segment) => segment === '.muse' || segment === '.git');
  } catch {
    // Elsewhere, or gone: both are no news.
    return false;
  }
}

function answerBytes(snapshot: Snapshot, form: AnswerForm): Iterable<Uint8Array> {
  return form === 'id' ? [Buffer.from(`${snapshot.id}\n`)] : formatManifest(snapshot, form);
}
