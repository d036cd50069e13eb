import type { DamagedSnapshot, ManifestVerification, Verification } from '@muse/snapshot';
import { ExitCode } from '../../errors.js';
import { problemLines, reportDamaged } from '../../failures.js';
import { damagedDocument, operandDocument, withObjectId, type Operand } from '../../operands.js';
import { writeJson, writeLines, type Line } from '../../terminal/answer.js';
import { byteSize, count, countOf, duration } from '../../terminal/format.js';
import type { Reporter } from '../../terminal/reporter.js';
import type { Gaps } from './gaps.js';

interface Options {
  readonly json: boolean;
  readonly strict: boolean;
}

/** Prints each file that is not as the cache has it, then tells on stderr what was read and what that means. */
export async function renderVerify(
  verification: Verification,
  { json, strict }: Options,
  milliseconds: number,
  reporter: Reporter,
): Promise<ExitCode> {
  reporter.finish();
  if (json) await writeJson(verifyDocument(verification));
  else await writeLines(verifyLines(verification), reporter.paintAnswer);

  const { mismatch, edited, missing, problems, complete } = verification;
  for (const line of problemLines(problems)) reporter.error(line);
  reporter.note(verifySummary(verification, milliseconds));
  if (mismatch.length > 0) {
    reporter.hint(
      "snapshots keep the old id of a mismatch: restore the file, or 'touch' it to accept its bytes",
    );
  }
  if (mismatch.length > 0 || (strict && edited.length + missing.length > 0)) return ExitCode.differences;
  return complete ? ExitCode.done : ExitCode.incomplete;
}

/** Returns a line for each file that is not as the cache has it, the worst first. */
export function verifyLines({ mismatch, missing, edited, touched }: Verification): Line[] {
  return lines({ mismatch, missing, edited, touched });
}

/** Tells what was read and found, in one line: `78,579 files · 1.30 GB · 1 mismatch, 3 edited · 3.2 s`. */
export function verifySummary(found: Verification, milliseconds: number): string {
  const { mismatch, missing, edited, touched, uncached } = found;
  const kinds = { missing: missing.length, edited: edited.length, touched: touched.length, uncached };
  const many = mismatch.length === 1 ? 'mismatch' : 'mismatches';
  return summary(
    found,
    { [many]: mismatch.length, ...kinds },
    found.files > 0 ? 'all as cached' : '',
    milliseconds,
  );
}

const styles = {
  mismatch: 'red',
  missing: 'red',
  edited: 'yellow',
  touched: 'dim',
  changed: 'red',
  moved: 'cyan',
  new: 'green',
} as const;

type Kind = keyof typeof styles;

function lines(kinds: Readonly<Partial<Record<Kind, readonly { readonly path: string }[]>>>): Line[] {
  return Object.entries(kinds).flatMap(([kind, files]) =>
    files.map(({ path }): Line => [
      { style: styles[kind as Kind], text: kind.padEnd('mismatch'.length) },
      `  ${path}`,
    ]),
  );
}

function summary(
  { files, skipped, bytes }: Pick<Verification, 'files' | 'skipped' | 'bytes'>,
  kinds: Readonly<Record<string, number>>,
  nothing: string,
  milliseconds: number,
): string {
  const some = Object.entries(kinds).filter(([, number]) => number > 0);
  const found = some.map(([kind, number]) => `${count(number)} ${kind}`).join(', ') || nothing;
  const read =
    skipped > 0 ? `${count(files)} of ${countOf(files + skipped, 'file')}` : countOf(files, 'file');
  return [read, byteSize(bytes), ...(found === '' ? [] : [found]), duration(milliseconds)].join(' · ');
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
    missing: missing.map(withObjectId),
    edited,
    touched: touched.map(({ path, field, objectId }) => ({ path, field, object_id: objectId })),
    problems,
  };
}

/** The comparison of a tree with a snapshot. */
export interface AgainstAnswer {
  readonly verification: ManifestVerification;
  readonly against: Operand;
  /** Damaged saved snapshots that were passed over. */
  readonly damaged: readonly DamagedSnapshot[];
  /** The path of the manifest that is compared with, where it is in the tree itself. */
  readonly ownPath: string | undefined;
  readonly gaps: Gaps;
}

/** Prints each file that is not as the snapshot has it, then tells on stderr what was read. */
export async function renderAgainst(
  answer: AgainstAnswer,
  { json, strict }: Options,
  milliseconds: number,
  reporter: Reporter,
): Promise<ExitCode> {
  const { verification, against, damaged } = answer;
  reporter.finish();
  if (json) await writeJson(againstDocument(answer));
  else await writeLines(againstLines(verification), reporter.paintAnswer);

  const { changed, missing, moved, added, problems, complete } = verification;
  for (const line of [...problemLines(problems), ...answer.gaps.unread]) reporter.error(line);
  reportDamaged(damaged, reporter);
  reporter.note(againstSummary(verification, milliseconds));
  for (const hint of againstHints(answer)) reporter.hint(hint);
  if (damaged.length > 0) return ExitCode.incomplete;
  const differs = changed.length + missing.length + moved.length > 0 || (strict && added.length > 0);
  if (differs) return ExitCode.differences;
  return complete && against.snapshot.complete ? ExitCode.done : ExitCode.incomplete;
}

function* againstHints({ verification, against, ownPath, gaps }: AgainstAnswer): Iterable<string> {
  const { files, changed, missing, moved, added, unread } = verification;
  if (unread.length > 0) {
    yield '--no-ignore compares what ignore files leave out, --exclude leaves it out on both sides';
  }
  if (gaps.hint !== undefined) yield gaps.hint;
  if ([...changed, ...added].some(({ path }) => path === ownPath)) {
    yield `${against.name} is inside the tree that it is compared with; --exclude leaves it out`;
  }
  const inPlace = files - moved.length - added.length;
  if (!against.saved && inPlace === 0 && missing.length + moved.length > 0) {
    yield `no name in ${against.name} is one of a file here; they are looked for in the directory that is verified`;
  }
}

/** Returns a line for each file that is not as the snapshot has it. */
export function againstLines({ changed, missing, moved, added }: ManifestVerification): Line[] {
  const arrows = moved.map(({ from, to }) => ({ path: `${from} -> ${to}` }));
  return lines({ changed, missing, moved: arrows, new: added });
}

function againstSummary(found: ManifestVerification, milliseconds: number): string {
  const { changed, missing, moved, added, unknown, unread } = found;
  const kinds = { changed, missing, moved, new: added, unknown, 'not compared': unread };
  const counts = Object.fromEntries(Object.entries(kinds).map(([kind, files]) => [kind, files.length]));
  return summary(found, counts, 'all as before', milliseconds);
}

/** Returns the document that `--json` prints of a comparison with a snapshot. */
export function againstDocument({ verification: found, against, damaged }: AgainstAnswer): object {
  return {
    version: 1,
    complete: found.complete && against.snapshot.complete && damaged.length === 0,
    against: operandDocument(against),
    files: found.files,
    bytes: found.bytes,
    skipped: found.skipped,
    seed: found.seed,
    changed: found.changed,
    missing: found.missing.map(withObjectId),
    moved: found.moved.map(({ from, to, objectId }) => ({ from, to, object_id: objectId })),
    new: found.added.map(withObjectId),
    unknown: found.unknown,
    unread: found.unread,
    problems: found.problems,
    damaged: damaged.map(damagedDocument),
  };
}
