import { formatManifest, type Snapshot } from '@muse/snapshot';
import type { SnapshotAnswer } from '../commands/snapshot.js';
import { ExitCode } from '../exit-code.js';
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
  { snapshot, lacksCache, isLeftOut, saved }: SnapshotAnswer,
  { directory, form, output }: SnapshotRequest,
  reporter: Reporter,
  signal: AbortSignal,
): Promise<ExitCode> {
  reporter.finish();
  const answer = answerBytes(snapshot, form);
  if (output !== undefined) await writeFile(output, answer, signal);
  else if (!stdoutIsTerminal()) await writeStdout(answer, signal);
  else await writeStdout(terminalLines(answer, form === 'sha256sum' ? printable : printableJson), signal);

  for (const line of problemLines(snapshot.problems)) reporter.error(line);
  if (snapshot.saveError) {
    reporter.warn(`the cache was not saved: ${systemReason(snapshot.saveError)}; the answer is not affected`);
  }
  reporter.note(summary(snapshot.stats));
  if (saved) reporter.note(`saved as ${shortId(saved.id)} in ${saved.file}`);
  if (isLeftOut) {
    reporter.warn(
      `nothing is in it: the rules of the directory above leave ${directory} out; 'muse explain' names the rule`,
    );
  }
  for (const line of details(snapshot.stats)) reporter.debug(line);
  const reread = rereadHint(snapshot.stats);
  if (reread !== undefined) reporter.hint(reread);
  if (lacksCache) reporter.hint("nothing is cached here; run 'muse init' to make the next snapshot fast");
  if (snapshot.complete) return ExitCode.done;
  const { length } = snapshot.problems;
  reporter.hint(
    `the answer lacks ${countOf(length, 'file or directory', 'files or directories')}; mend what is named above, or leave it out in .museignore`,
  );
  return ExitCode.incomplete;
}

function answerBytes(snapshot: Snapshot, form: AnswerForm): Iterable<Uint8Array> {
  return form === 'id' ? [Buffer.from(`${snapshot.id}\n`)] : formatManifest(snapshot, form);
}
