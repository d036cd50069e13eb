import type { SnapshotDiff } from '@muse/snapshot';
import type { ValuesOf } from '../../definition.js';
import { ExitCode } from '../../errors.js';
import { problemLines, reportDamaged } from '../../failures.js';
import { damagedDocument, operandDocument, withObjectId } from '../../operands.js';
import { wantsJson } from '../../shared-options.js';
import { writeJson, writeLines, writeNulEnded, type Line } from '../../terminal/answer.js';
import { count, countOf, duration, secondOf, shortId } from '../../terminal/format.js';
import type { Reporter } from '../../terminal/reporter.js';
import { stdoutWidth } from '../../terminal/streams.js';
import type { Comparison } from './compare.js';
import type { differenceOptions } from './definition.js';
import { differences, kinds, styles } from './differences.js';

/** Prints what differs, then tells on stderr how much that is, and what could not be compared. */
export async function render(
  comparison: Comparison,
  { exitCode, html, stat, nameOnly, nul, ...request }: ValuesOf<typeof differenceOptions>,
  milliseconds: number,
  reporter: Reporter,
): Promise<ExitCode> {
  reporter.finish();
  const { before, after, diff, damaged } = comparison;
  if (html !== undefined) await (await import('../../page.js')).writePage(comparison, html, reporter);
  else if (stat) await writeStat(comparison, reporter);
  else if (wantsJson(request)) await writeJson(comparisonDocument(comparison));
  else if (nul) await writeNulEnded(differenceParts(diff, nameOnly));
  else await writeLines(differenceLines(diff, nameOnly), reporter.paintAnswer);

  reportDamaged(damaged, reporter);
  for (const [side, { snapshot }] of Object.entries({ before, after })) {
    for (const line of problemLines(snapshot.problems)) reporter.error(`${side}: ${line}`);
  }
  reporter.note(comparisonSummary(comparison, milliseconds));
  if (diff.unknown.length > 0) {
    const files = countOf(diff.unknown.length, 'file');
    reporter.hint(`${files} at or below what is named above may or may not differ; --json lists them`);
  }
  if (damaged.length > 0) return ExitCode.incomplete;
  if (exitCode && kinds.some((kind) => diff[kind].length > 0)) return ExitCode.differences;
  return comparison.complete ? ExitCode.done : ExitCode.incomplete;
}

async function writeStat({ before, after, diff }: Comparison, reporter: Reporter): Promise<void> {
  const { statLines } = await import('./stat.js');
  const sizes = new Map([...(before.taken?.sizes ?? []), ...(after.taken?.sizes ?? [])]);
  await writeLines(statLines(diff, sizes, stdoutWidth()), reporter.paintAnswer);
}

/** Returns a line for each file that differs, in path order; a renamed one stands at its new path. */
export function* differenceLines(diff: SnapshotDiff, nameOnly: boolean): Iterable<Line> {
  for (const { kind, path, from } of differences(diff)) {
    if (nameOnly) yield path;
    else
      yield [
        { style: styles[kind], text: kind.padEnd('modified'.length) },
        `  ${from === undefined ? path : `${from} -> ${path}`}`,
      ];
  }
}

/** Returns the same in parts that need no separator: the word, the path, and of a renamed file both paths. */
export function* differenceParts(diff: SnapshotDiff, nameOnly: boolean): Iterable<string> {
  for (const { kind, path, from } of differences(diff)) {
    if (!nameOnly) yield kind;
    if (!nameOnly && from !== undefined) yield from;
    yield path;
  }
}

/** Tells how much differs, in one line: `2 added, 1 modified · since 2026-03-09T16:00:00Z (sha256:…) · 0.3 s`. */
export function comparisonSummary({ before, diff }: Comparison, milliseconds: number): string {
  const found = kinds
    .filter((kind) => diff[kind].length > 0)
    .map((kind) => `${count(diff[kind].length)} ${kind}`);
  const { saved } = before;
  return [
    found.length === 0 ? 'no differences' : found.join(', '),
    ...(saved ? [`since ${secondOf(saved.savedAt)} (${shortId(saved.id)})`] : []),
    duration(milliseconds),
  ].join(' · ');
}

/** Returns the document that `--json` prints. */
export function comparisonDocument({ before, after, diff, complete, damaged }: Comparison): object {
  return {
    version: 1,
    complete,
    before: operandDocument(before),
    after: operandDocument(after),
    added: diff.added.map(withObjectId),
    modified: diff.modified,
    deleted: diff.deleted.map(withObjectId),
    renamed: diff.renamed.map(({ from, to, objectId }) => ({ from, to, object_id: objectId })),
    unknown: diff.unknown,
    damaged: damaged.map(damagedDocument),
  };
}
