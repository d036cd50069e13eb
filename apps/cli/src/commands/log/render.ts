import type { SavedSnapshotInfo, SavedSnapshotList } from '@muse/snapshot';
import { damagedDocument } from '../../operands.js';
import type { Line } from '../../terminal/answer.js';
import { shortened, widthOf } from '../../terminal/fit.js';
import { byteSize, countOf, secondOf, shortDigits } from '../../terminal/format.js';

const GAP = '  ';

/**
 * Returns a line for each: id, time, files, bytes, and what else there is to say. For a terminal the columns stand below
 * each other, and no line is wider than it: ids are shortened, then columns are left out, then the rest is cut.
 */
export function logLines(
  snapshots: readonly SavedSnapshotInfo[],
  latest: string | undefined,
  width: number | undefined,
): Line[] {
  const rest = snapshots.map((each) => restOf(each, each.file === latest).join(GAP));
  if (width === undefined) {
    return snapshots.map((each, index) =>
      [each.id, ...factsOf(each), rest[index] ?? ''].filter((part) => part !== '').join(GAP),
    );
  }
  const facts = columnsFor(snapshots, rest, width);
  return snapshots.map(({ id }, index) => {
    const digits = shortDigits(id);
    const beside = (facts[index] ?? []).map((part) => GAP + part).join('');
    const room = width - digits.length - beside.length - GAP.length;
    const text = shortened(rest[index] ?? '', room);
    return [{ style: 'yellow', text: digits }, (beside + GAP + text).trimEnd()];
  });
}

/** The fewest columns for what is last that are worth leaving out others. */
const LEAST_REST = 24;

/** Returns the columns between the id and the rest, as many as leave room for that. */
function columnsFor(
  snapshots: readonly SavedSnapshotInfo[],
  rest: readonly string[],
  width: number,
): string[][] {
  const wanted = Math.min(LEAST_REST, Math.max(0, ...rest.map(widthOf)));
  const all = aligned(snapshots.map(factsOf));
  const dates = snapshots.map(({ savedAt }) => [secondOf(savedAt).slice(0, '2026-03-09'.length)]);
  const narrower = [all, all.map((row) => row.slice(0, 2)), all.map((row) => row.slice(0, 1)), dates];
  const room = ([row = []]: string[][]): number =>
    width - SHORT_ID - row.reduce((sum, part) => sum + GAP.length + part.length, 0) - GAP.length;
  return narrower.find((rows) => room(rows) >= wanted) ?? (room(dates) >= 0 ? dates : []);
}

const SHORT_ID = 12;

function factsOf({ savedAt, files, bytes }: SavedSnapshotInfo): string[] {
  return [secondOf(savedAt), countOf(files, 'file'), byteSize(bytes)];
}

/** Pads each column to one width, on the left, since all but the first are numbers. */
function aligned(rows: readonly string[][]): string[][] {
  const widths = rows.reduce<number[]>(
    (most, row) => row.map((part, at) => Math.max(most[at] ?? 0, part.length)),
    [],
  );
  return rows.map((row) => row.map((part, at) => part.padStart(widths[at] ?? 0)));
}

function restOf({ subtree, complete, note }: SavedSnapshotInfo, isLatest: boolean): string[] {
  const [subject = ''] = note.split(/[\n\r]/, 1);
  return [
    ...(subtree === '' ? [] : [`of ${subtree}`]),
    ...(isLatest ? ['latest'] : []),
    ...(complete ? [] : ['incomplete']),
    ...(subject === '' ? [] : [subject]),
  ];
}

/** Returns the document that `--json` prints. */
export function logDocument({ snapshots, damaged }: SavedSnapshotList, latest: string | undefined): object {
  return {
    version: 1,
    snapshots: snapshots.map(({ id, savedAt, note, subtree, complete, files, bytes, file }) => ({
      snapshot_id: id,
      saved_at: savedAt.toISOString(),
      note,
      subtree,
      latest: file === latest,
      complete,
      files,
      bytes,
      file,
    })),
    damaged: damaged.map(damagedDocument),
  };
}
