import {
  DETAIL_WORDS,
  DIRECTORY,
  FAILED,
  LEFT_OUT,
  listingsIn,
  NEW,
  ReplyWriter,
  PackedStats,
  type LineRange,
  type Listing,
} from '@muse/walker/scan';

export const FILE_STAT = { dev: 1n, ino: 2n, size: 10n, mtimeNs: 4n, ctimeNs: 5n };

/** Returns a listing of entries, given by their matches; an entry without one is a new file of 10 bytes. */
export function listingOf(
  entries: Readonly<Record<string, number | undefined>>,
  gone: readonly LineRange[] = [],
  stat: typeof FILE_STAT | ((name: string) => typeof FILE_STAT) = FILE_STAT,
  allDetails = true,
): Listing {
  const names = Object.keys(entries);
  const matches = names.map((name) => entries[name] ?? NEW);
  const details = new Int32Array(names.length * DETAIL_WORDS);
  for (const [i, name] of names.entries())
    new PackedStats(details).write(typeof stat === 'function' ? stat(name) : stat, i * DETAIL_WORDS);
  const kinds = matches.map((match) => (match === DIRECTORY || match === FAILED ? match : NEW));
  const files = matches
    .filter((match) => match !== DIRECTORY && match !== FAILED)
    .map((match) => (match === LEFT_OUT ? NEW : match))
    .values();
  const join = {
    file: () => files.next().value ?? NEW,
    directory: () => ({ from: 0, to: 0 }),
    gone: () => gone,
  };
  const writer = new ReplyWriter();
  writer.addListed(
    { names, kinds, details, order: undefined, skipped: [0, 0, 0, 0, 0, 0] },
    { join, allDetails },
  );
  const [listing] = listingsIn(writer.take());
  if (!listing) throw new Error('The reply has no record');
  for (const cursor = listing.entries(); cursor.entry < listing.length; cursor.next())
    if (matches[cursor.entry] === LEFT_OUT) listing.leaveOut(cursor);
  return listing;
}
