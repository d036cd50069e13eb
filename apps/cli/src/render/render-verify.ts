import type { ManifestVerification, Verification } from '@muse/snapshot';
import type { VerifyAnswer } from '../commands/verify.js';
import { ExitCode } from '../exit-code.js';
import type { VerifyRequest } from '../request.js';
import { problemLines } from './problem-lines.js';
import { byteSize, count, countOf, duration } from './quantities.js';
import { operandDocument } from './render-comparison.js';
import { reportDamaged } from './report-damaged.js';
import type { Reporter } from './reporter.js';
import { writeJson, writeLines } from './write-answer.js';

/** Prints each file that is not as it was, then tells on stderr what was read and what that means. */
export async function renderVerify(
  { verification, against, damaged, milliseconds }: VerifyAnswer,
  { json, strict }: VerifyRequest,
  reporter: Reporter,
): Promise<ExitCode> {
  reporter.finish();
  const isManifest = 'changed' in verification;
  if (json) {
    await writeJson(
      isManifest ? againstDocument(verification, against, damaged) : verifyDocument(verification),
    );
  } else await writeLines(isManifest ? againstLines(verification) : verifyLines(verification));

  for (const line of problemLines(verification.problems)) reporter.error(line);
  reportDamaged(damaged, reporter);
  reporter.note(
    isManifest ? againstSummary(verification, milliseconds) : verifySummary(verification, milliseconds),
  );
  if (!isManifest && verification.mismatch.length > 0) {
    reporter.hint(
      "a mismatch keeps its old id in snapshots: restore the file, or 'touch' it to have it read as it is",
    );
  }
  if (damaged.length > 0) return ExitCode.incomplete;
  if (isManifest ? differs(verification, strict) : failed(verification, strict)) return ExitCode.differences;
  const complete = verification.complete && against?.snapshot.complete !== false;
  return complete ? ExitCode.done : ExitCode.incomplete;
}

function failed({ mismatch, edited, missing }: Verification, strict: boolean): boolean {
  return mismatch.length > 0 || (strict && edited.length + missing.length > 0);
}

function differs({ changed, missing, moved, added }: ManifestVerification, strict: boolean): boolean {
  return changed.length + missing.length + moved.length > 0 || (strict && added.length > 0);
}

/** Returns a line for each file that is not as the manifest has it. */
export function* againstLines({ changed, missing, moved, added }: ManifestVerification): Iterable<string> {
  for (const { path } of changed) yield `changed   ${path}`;
  for (const { path } of missing) yield `missing   ${path}`;
  for (const { from, to } of moved) yield `moved     ${from} -> ${to}`;
  for (const { path } of added) yield `new       ${path}`;
}

/** Tells what was read and found, in one line. */
export function againstSummary(found: ManifestVerification, milliseconds: number): string {
  const kinds = [
    [found.changed.length, 'changed'],
    [found.missing.length, 'missing'],
    [found.moved.length, 'moved'],
    [found.added.length, 'new'],
    [found.unknown.length, 'unknown'],
  ] as const;
  const some = kinds.filter(([number]) => number > 0).map(([number, word]) => `${count(number)} ${word}`);
  return [
    readFiles(found),
    byteSize(found.bytes),
    some.length > 0 ? some.join(', ') : 'all as before',
    duration(milliseconds),
  ].join(' · ');
}

function readFiles({ files, skipped }: Pick<Verification, 'files' | 'skipped'>): string {
  return skipped > 0 ? `${count(files)} of ${countOf(files + skipped, 'file')}` : countOf(files, 'file');
}

/** Returns the document that `--json` prints of a comparison with a manifest. */
export function againstDocument(
  found: ManifestVerification,
  against: VerifyAnswer['against'],
  damaged: VerifyAnswer['damaged'],
): object {
  const withObjectId = ({ path, objectId }: { path: string; objectId: string }): object => ({
    path,
    object_id: objectId,
  });
  return {
    version: 1,
    complete: found.complete && against?.snapshot.complete !== false && damaged.length === 0,
    against: against && operandDocument(against),
    files: found.files,
    bytes: found.bytes,
    skipped: found.skipped,
    seed: found.seed,
    changed: found.changed,
    missing: found.missing.map(withObjectId),
    moved: found.moved.map(({ from, to, objectId }) => ({ from, to, object_id: objectId })),
    new: found.added.map(withObjectId),
    unknown: found.unknown,
    problems: found.problems,
    damaged: damaged.map(({ file, error }) => ({ file, message: error.message })),
  };
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
  const { files, bytes, uncached, mismatch, missing, edited, touched } = verification;
  const found = [
    [countOf(mismatch.length, 'mismatch', 'mismatches'), mismatch.length],
    [`${count(missing.length)} missing`, missing.length],
    [`${count(edited.length)} edited`, edited.length],
    [`${count(touched.length)} touched`, touched.length],
    [`${count(uncached)} uncached`, uncached],
  ] as const;
  const some = found.filter(([, number]) => number > 0).map(([text]) => text);
  const parts = [
    readFiles(verification),
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
