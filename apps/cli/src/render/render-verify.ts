import type { Verification } from '@muse/snapshot';
import type { VerifyAnswer } from '../commands/verify.js';
import { ExitCode } from '../exit-code.js';
import type { VerifyRequest } from '../request.js';
import { problemLines } from './problem-lines.js';
import { byteSize, count, countOf, duration } from './quantities.js';
import type { Reporter } from './reporter.js';
import { writeJson, writeLines } from './write-answer.js';

/** Prints each file that is not as the cache has it, then tells on stderr what was read and what that means. */
export async function renderVerify(
  { verification, milliseconds }: VerifyAnswer,
  { json, strict }: VerifyRequest,
  reporter: Reporter,
): Promise<ExitCode> {
  reporter.finish();
  if (json) await writeJson(verifyDocument(verification));
  else await writeLines(verifyLines(verification));

  const { mismatch, edited, missing, problems, complete } = verification;
  for (const line of problemLines(problems)) reporter.error(line);
  reporter.note(verifySummary(verification, milliseconds));
  if (mismatch.length > 0) {
    reporter.hint(
      "a mismatch keeps its old id in snapshots: restore the file, or 'touch' it to have it read as it is",
    );
  }
  if (mismatch.length > 0 || (strict && edited.length + missing.length > 0)) return ExitCode.differences;
  return complete ? ExitCode.done : ExitCode.incomplete;
}

/** Returns a line for each file that is not as the cache has it, the worst first. */
export function* verifyLines({ mismatch, missing, edited, touched }: Verification): Iterable<string> {
  for (const { path } of mismatch) yield `mismatch  ${path}`;
  for (const { path } of missing) yield `missing   ${path}`;
  for (const { path } of edited) yield `edited    ${path}`;
  for (const { path } of touched) yield `touched   ${path}`;
}

/** Tells what was read and found, in one line: `78,579 files · 1.30 GB · 1 mismatch, 3 edited · 3.2 s`. */
export function verifySummary(verification: Verification, milliseconds: number): string {
  const { files, bytes, skipped, uncached, mismatch, missing, edited, touched } = verification;
  const found = [
    [countOf(mismatch.length, 'mismatch', 'mismatches'), mismatch.length],
    [`${count(missing.length)} missing`, missing.length],
    [`${count(edited.length)} edited`, edited.length],
    [`${count(touched.length)} touched`, touched.length],
    [`${count(uncached)} uncached`, uncached],
  ] as const;
  const some = found.filter(([, number]) => number > 0).map(([text]) => text);
  const parts = [
    skipped > 0 ? `${count(files)} of ${countOf(files + skipped, 'file')}` : countOf(files, 'file'),
    byteSize(bytes),
    ...(files > 0 ? [some.length > 0 ? some.join(', ') : 'all as cached'] : []),
    duration(milliseconds),
  ];
  return parts.join(' · ');
}

/** Returns the document that `--json` prints. */
export function verifyDocument(verification: Verification): object {
  const { complete, files, bytes, skipped, seed, uncached, mismatch, missing, edited, touched, problems } =
    verification;
  return {
    version: 1,
    complete,
    files,
    bytes,
    skipped,
    seed,
    uncached,
    mismatch,
    missing: missing.map(({ path, objectId }) => ({ path, object_id: objectId })),
    edited,
    touched: touched.map(({ path, field, objectId }) => ({ path, field, object_id: objectId })),
    problems,
  };
}
