import type { SnapshotDiff } from '@muse/snapshot';
import { wrapped } from '../../help.js';
import type { Line } from '../../terminal/answer.js';
import { shortenedStart, widthOf } from '../../terminal/fit.js';
import { byteSize, count, countOf } from '../../terminal/format.js';
import { differences, kinds, styles, type Difference } from './differences.js';

/** The bytes of contents that are known, by object id. */
export type Sizes = ReadonlyMap<string, number>;

/** What a row is drawn with; a file that was only renamed has the bytes it had. */
const marks = { added: '+', modified: '~', deleted: '-', renamed: '' } as const;

/** The most columns that a bar is worth. */
const LONGEST_BAR = 40;

/**
 * Returns a row for each file that differs, as `git diff --stat` has them, and a last one that sums up. A row has the bytes of
 * the content that is there now, of a deleted file those that it had, and a bar of them; `?` stands for bytes that are not
 * known, because a snapshot keeps none. Long paths lose their beginning, so that no row is wider than `width`.
 */
export function statLines(diff: SnapshotDiff, sizes: Sizes, width: number): Line[] {
  const all = differences(diff);
  const bytesOf = ({ objectId }: Difference): number | undefined => sizes.get(objectId);
  const amounts = all.map((each) => {
    const bytes = bytesOf(each);
    return bytes === undefined ? '?' : byteSize(bytes);
  });
  const amountWidth = largest(amounts.map((each) => each.length));
  const fixed = ' '.length + ' | '.length + amountWidth + ' '.length;
  const names = all.map(({ path, from }) => (from === undefined ? path : `${from} => ${path}`));
  // As git does: a name may have what a short bar leaves.
  const shortBar = Math.min(LONGEST_BAR, Math.floor(width / 4));
  const longest = largest(names.map(widthOf));
  const nameWidth = Math.max(1, Math.min(longest, width - fixed - shortBar));
  const barWidth = Math.max(0, Math.min(LONGEST_BAR, width - fixed - nameWidth));
  const most = largest(all.map((each) => (each.kind === 'renamed' ? 0 : (bytesOf(each) ?? 0))));
  const rows = all.map((each, index): Line => {
    const name = shortenedStart(names[index] ?? '', nameWidth);
    const bytes = bytesOf(each) ?? 0;
    const bar = marks[each.kind].repeat(bytes === 0 ? 0 : Math.max(1, Math.round((bytes / most) * barWidth)));
    const amount = (amounts[index] ?? '').padStart(amountWidth);
    const start = ` ${name}${' '.repeat(Math.max(0, nameWidth - widthOf(name)))} | ${amount}`;
    return bar === '' ? start : [`${start} `, { style: styles[each.kind], text: bar }];
  });
  return [
    ...rows,
    ...wrapped(` ${totals(all, sizes).join(', ')}`, width, 1).map((line) =>
      line.replaceAll(FIXED_SPACE, ' '),
    ),
  ];
}

/** Returns the largest of any number of numbers from 0 on. */
function largest(numbers: readonly number[]): number {
  return numbers.reduce((most, each) => Math.max(most, each), 0);
}

/** Stands for a space at which no line is broken. */
const FIXED_SPACE = '\u00a0';

/** Tells how many files of each kind there are, and how many bytes, where all of them are known. */
function totals(all: readonly Difference[], sizes: Sizes): string[] {
  const parts = kinds.flatMap((kind) => {
    const some = all.filter((each) => each.kind === kind);
    if (some.length === 0) return [];
    const known = some.map(({ objectId }) => sizes.get(objectId));
    const bytes = known.every((each) => each !== undefined)
      ? ` (${byteSize(known.reduce((sum, each) => sum + each, 0))})`
      : '';
    return [`${count(some.length)} ${kind}${bytes}`];
  });
  return [`${countOf(all.length, 'file')} changed`, ...parts].map((part) =>
    part.replaceAll(' ', FIXED_SPACE),
  );
}
