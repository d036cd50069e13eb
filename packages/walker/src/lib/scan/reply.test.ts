import { treePathFromBytes, treePathToBytes } from '@muse/paths';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  BAD_LINE,
  CTIME_CHANGED,
  Details,
  DIRECTORY,
  FAILED,
  FIRST_HIT,
  INODE_CHANGED,
  isFile,
  LEFT_OUT,
  listingsIn,
  NEW,
  ReplyWriter,
  SKIPPED_BY_ENGINE,
  type Join,
  type LineRange,
  type Listing,
} from './reply.js';

interface Entry {
  readonly name: string;
  readonly kind: typeof NEW | typeof DIRECTORY | typeof FAILED;
  /** The join's answer for a file. */
  readonly match: number;
  /** The join's answer for a directory. */
  readonly slice: LineRange;
  readonly stat: { dev: bigint; ino: bigint; size: bigint; mtimeNs: bigint; ctimeNs: bigint };
  readonly failure: { errno: number; type: number };
}

type Directory =
  | {
      readonly entries: readonly Entry[];
      readonly skipped: readonly number[];
      readonly gone: readonly LineRange[];
      readonly allDetails: boolean;
    }
  | {
      readonly outcome: 'moved' | 'failed' | 'too-large';
      readonly errno: number;
      readonly operation: 'open' | 'lstat';
    };

const unsigned = (bits: number) => fc.bigInt(0n, 2n ** BigInt(bits) - 1n);
const word = fc.nat(2 ** 32 - 1);
const ranges = fc.record({ from: word, to: word });
/** Any bytes, also such as are not UTF-8. */
const names = fc
  .uint8Array({ minLength: 1, maxLength: 12 })
  .map((bytes) =>
    treePathFromBytes(Buffer.from(bytes.map((byte) => (byte === 0 || byte === 0x2f ? 0xff : byte)))),
  );
const entries: fc.Arbitrary<Entry> = fc.record({
  name: names,
  kind: fc.constantFrom(NEW, DIRECTORY, FAILED),
  match: fc.oneof(
    fc.constantFrom(NEW, INODE_CHANGED, BAD_LINE),
    fc.integer({ min: FIRST_HIT, max: 2 ** 32 - 1 }),
  ),
  slice: ranges,
  stat: fc.record({
    dev: unsigned(64),
    ino: unsigned(64),
    size: unsigned(45),
    mtimeNs: fc.bigInt(-(2n ** 63n), 2n ** 63n),
    ctimeNs: fc.bigInt(-(2n ** 63n), 2n ** 63n),
  }),
  failure: fc.record({ errno: fc.nat(4000), type: fc.nat(15) }),
});
const directories: fc.Arbitrary<Directory> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      entries: fc.array(entries, { maxLength: 20 }),
      skipped: fc.array(fc.nat(2 ** 31 - 1), { minLength: 6, maxLength: 6 }),
      gone: fc.array(ranges, { maxLength: 4 }),
      allDetails: fc.boolean(),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      outcome: fc.constantFrom('moved', 'failed', 'too-large'),
      errno: fc.nat(4000),
      operation: fc.constantFrom('open', 'lstat'),
    }),
  },
);

/** Writes directories whose entries are given to the writer in the opposite order. */
function replyOf(all: readonly Directory[]): Uint8Array<ArrayBuffer> {
  const reply = new ReplyWriter();
  for (const directory of all) {
    if ('outcome' in directory) reply.addUnlisted(directory.outcome, directory.errno, directory.operation);
    else addListed(reply, directory);
  }
  return reply.take();
}

function addListed(
  reply: ReplyWriter,
  { entries, skipped, gone, allDetails }: Extract<Directory, { entries: unknown }>,
): void {
  const given = entries.toReversed();
  const details = new Details();
  for (const { kind, stat, failure } of given) {
    if (kind === FAILED) details.addFailure(failure.errno, failure.type);
    else details.add(stat);
  }
  const asked: string[] = [];
  const about = (bytes: Uint8Array, from: number, to: number): Entry => {
    const entry = entries.filter(({ kind }) => kind !== FAILED)[asked.length];
    asked.push(treePathFromBytes(Buffer.from(bytes.subarray(from, to))));
    if (!entry || entry.name !== asked.at(-1)) throw new Error(`Asked about ${asked.join()}`);
    return entry;
  };
  const join: Join = {
    file: (bytes, from, to) => about(bytes, from, to).match,
    directory: (bytes, from, to) => about(bytes, from, to).slice,
    gone: () => gone,
  };
  const order = entries.map((_, i) => entries.length - 1 - i);
  const kinds = given.map(({ kind }) => kind);
  reply.addListed(
    { names: given.map(({ name }) => name), kinds, details: details.words, order, skipped },
    { join, allDetails },
  );
}

function read(listing: Listing) {
  const { outcome, errno, operation, gone, length } = listing;
  const skipped = SKIPPED_BY_ENGINE.map((_, kind) => listing.skipped(kind));
  const found = [];
  const cursor = listing.entries();
  for (let entry = 0; entry < length; entry++, cursor.next()) {
    const match = listing.match(entry);
    const { name } = cursor;
    if (cursor.entry !== entry || cursor.match !== match) throw new Error(`${name} is not entry ${entry}`);
    if (listing.nameAt(cursor.from) !== name) throw new Error(`${name} has two names`);
    const text = listing.bytes.toString('latin1', cursor.from, cursor.to);
    if (match === FAILED) found.push({ name, match, text, failure: cursor.failure });
    else if (match === DIRECTORY) {
      const { dev, ino, ctimeNs } = cursor.stat;
      // After the slice, and which entry it is, nothing is left of the stat that the engine had.
      found.push({ name, match, text, dev, ino, ctimeNs, slice: cursor.slice });
    } else if (!cursor.hasDetail) {
      expect(() => cursor.stat).toThrow(RangeError);
      found.push({ name, match, text });
    } else {
      const stat = cursor.stat.copy();
      if (BigInt(cursor.size) !== stat.size) throw new Error(`${name} has two sizes`);
      found.push({ name, match, text, ...stat });
    }
  }
  const { files, fileBytes, failed, hasOnlyHits, hasLinesAlone, hasAllDetails } = listing;
  const directories = directoriesIn(listing);
  const counts = { files, fileBytes, failed, hasOnlyHits, hasLinesAlone, directories };
  return { outcome, errno, operation, skipped, gone, found, counts, hasAllDetails };
}

/** Returns the names of the directories, found without a look at the other names. */
function directoriesIn(listing: Listing): string[] {
  return listing.subdirectories().map(({ name }) => name);
}

const readAll = (reply: Uint8Array) => Array.from(listingsIn(reply), read);

function expected(directory: Directory) {
  if ('outcome' in directory) {
    const counts = {
      files: 0,
      fileBytes: 0,
      failed: 0,
      hasOnlyHits: true,
      hasLinesAlone: true,
      directories: [],
    };
    const nothing = { skipped: [0, 0, 0, 0, 0, 0], gone: [], found: [], hasAllDetails: true };
    return { ...directory, ...nothing, counts };
  }
  const { entries, skipped, gone, allDetails } = directory;
  const isHit = ({ kind, match }: Entry) => kind === NEW && match >= FIRST_HIT;
  const found = entries.map((entry) => {
    const { name, kind, match, slice, stat, failure } = entry;
    const text = treePathToBytes(name).toString('latin1');
    if (kind === FAILED) return { name, match: FAILED, text, failure };
    if (kind === DIRECTORY)
      return { name, match: DIRECTORY, text, dev: stat.dev, ino: stat.ino, ctimeNs: 0n, slice };
    if (!isHit(entry)) return { name, match, text, ...stat };
    return { name, match, text, ...(allDetails && stat) };
  });
  const files = entries.filter(({ kind }) => kind === NEW);
  const directories = entries.filter(({ kind }) => kind === DIRECTORY).map(({ name }) => name);
  const counts = {
    files: files.length,
    fileBytes: files.reduce((sum, { stat }) => sum + Number(stat.size), 0),
    failed: entries.length - files.length - directories.length,
    hasOnlyHits: files.every(isHit),
    hasLinesAlone: entries.every((entry) => entry.kind === DIRECTORY || isHit(entry)),
    directories,
  };
  const hasAllDetails = allDetails || !entries.some(isHit);
  return { outcome: 'listed', errno: 0, operation: '', skipped, gone, found, counts, hasAllDetails };
}

describe('A reply', () => {
  it('says what was written, whatever the names', () => {
    fc.assert(
      fc.property(fc.array(directories, { maxLength: 6 }), (all) => {
        expect(readAll(replyOf(all))).toEqual(all.map(expected));
      }),
    );
  });

  it('has room for more than it began with, and for the longest names', () => {
    const wide = Array.from({ length: 3000 }, (_, i) => `${'\uffff'.repeat(80)}${i}`);
    const details = new Details();
    for (const [i] of wide.entries())
      details.add({ dev: 1n, ino: BigInt(i), size: 0n, mtimeNs: 0n, ctimeNs: 0n });
    const listed = {
      names: wide,
      kinds: wide.map(() => NEW),
      details: details.words,
      order: undefined,
      skipped: [],
    };
    const many = Array.from({ length: 50_000 }, (_, from) => ({ from, to: from + 1 }));
    const reply = new ReplyWriter();
    reply.addUnlisted('moved');
    const join: Join = {
      file: () => CTIME_CHANGED,
      directory: () => ({ from: 0, to: 0 }),
      gone: () => many,
    };
    reply.addListed(listed, { join });
    reply.addListed(listed);
    const [moved, joined, plain] = readAll(reply.take());
    expect(moved?.outcome).toBe('moved');
    expect(joined?.gone).toEqual(many);
    expect(joined?.found.every(({ match }) => match === CTIME_CHANGED)).toBe(true);
    expect(plain?.found.map(({ name }) => name)).toEqual(wide);
    expect(plain?.found.every(({ match }) => match === NEW)).toBe(true);
  });

  it('can be read where it does not begin its memory', () => {
    const reply = replyOf(fc.sample(directories, 5));
    const memory = new Uint8Array(reply.length + 24).fill(0xa5);
    memory.set(reply, 16);
    expect(readAll(memory.subarray(16, 16 + reply.length))).toEqual(readAll(reply));
  });
});

describe('A broken reply', () => {
  it('throws a RangeError where it was cut, or has whole directories alone', () => {
    fc.assert(
      fc.property(fc.array(directories, { minLength: 1, maxLength: 3 }), fc.nat(), (all, seed) => {
        const reply = replyOf(all);
        const ends = all.map((_, i) => replyOf(all.slice(0, i)).length);
        const length = seed % reply.length;
        const read = () => readAll(reply.subarray(0, length));
        if (ends.includes(length)) expect(read()).toEqual(all.slice(0, ends.indexOf(length)).map(expected));
        else expect(() => [...listingsIn(reply.subarray(0, length))]).toThrow(RangeError);
      }),
    );
  });

  // The bytes of the record, the outcome, the operation, the entries, the bytes of the text, the gone, and the counts of
  // files, directories, hits and details.
  it.each([0, 1, 3, 4, 5, 6, 14, 15, 16, 18])(
    'throws a RangeError for any other number in word %i, or says the same',
    (at) => {
      const inRange = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
      const near = fc.integer({ min: -200, max: 200 });
      fc.assert(
        fc.property(directories, directories, fc.oneof(near, inRange), (first, second, number) => {
          const reply = replyOf([first, second]);
          const whole = readAll(reply);
          const words = new Int32Array(reply.buffer, 0, reply.length >> 2);
          words[at] = number;
          let said;
          try {
            said = readAll(reply);
          } catch (error) {
            expect(error).toBeInstanceOf(RangeError);
            return;
          }
          // These two are no lengths: another one that there is, is no damage that can be seen.
          if (at === 1 || at === 3)
            said = said.map((one, i) => ({
              ...whole[i],
              ...one,
              outcome: whole[i]?.outcome,
              operation: whole[i]?.operation,
            }));
          // Nor are the counts.
          if (at >= 14) said = said.map((one, i) => ({ ...whole[i], ...one, counts: whole[i]?.counts }));
          expect(said).toEqual(whole);
        }),
        { numRuns: 500 },
      );
    },
  );

  it('comes to an end where lengths cancel each other out', () => {
    // A record of no bytes, whose names are as long as its header, backwards.
    const words = new Int32Array(24);
    words[5] = -96;
    expect(() => readAll(new Uint8Array(words.buffer))).toThrow(RangeError);
  });

  it('throws a RangeError for any other byte among the names, or reads as many names', () => {
    const full = directories.filter((directory) => 'entries' in directory && directory.entries.length > 0);
    fc.assert(
      fc.property(full, fc.nat(), fc.nat(255), (directory, seed, byte) => {
        const reply = replyOf([directory]);
        const [textBytes = 0, gone = 0] = new Int32Array(reply.buffer, 20, 2);
        const [before] = readAll(reply);
        const text = reply.length - gone * 8 - ((textBytes + 7) & ~7);
        reply[text + (seed % textBytes)] = byte;
        try {
          const [after] = readAll(reply);
          expect(after?.found.map(({ match }) => match)).toEqual(before?.found.map(({ match }) => match));
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError);
        }
      }),
    );
  });
});

describe('A listing', () => {
  const entry = (name: string, kind: Entry['kind']): Entry => ({
    name,
    kind,
    match: NEW,
    slice: { from: 0, to: 0 },
    stat: { dev: 1n, ino: 1n, size: 0n, mtimeNs: 0n, ctimeNs: 0n },
    failure: { errno: 5, type: 0 },
  });
  function listingOf(
    all: readonly Entry[],
    skipped: Partial<Record<(typeof SKIPPED_BY_ENGINE)[number], number>> = {},
  ) {
    const counts = SKIPPED_BY_ENGINE.map((kind) => skipped[kind] ?? 0);
    const plain = { gone: [], allDetails: false };
    const [listing] = listingsIn(replyOf([{ entries: all, skipped: counts, ...plain }]));
    if (!listing) throw new Error('The reply has no record');
    return listing;
  }

  it('may hold what it lists but for directories, and what could not be statted', () => {
    const listing = listingOf([entry('a', NEW), entry('b', FAILED), entry('c', DIRECTORY)]);
    expect(['a', 'b', 'c', 'd'].map((name) => listing.mayHold(name))).toEqual([true, true, false, false]);
  });

  it('may hold any name where something was skipped, and a reserved one where one was', () => {
    const held = (skipped: Parameters<typeof listingOf>[1]) =>
      ['x', '.git'].map((name) => listingOf([], skipped).mayHold(name));
    expect(held({})).toEqual([false, false]);
    for (const kind of ['symlink', 'fifo', 'socket', 'device', 'unknown'])
      expect(held({ [kind]: 1 })).toEqual([true, false]);
    expect(held({ reserved: 1 })).toEqual([false, true]);
  });

  it('says of an entry that it is left out, and keeps the rest', () => {
    const listing = listingOf([entry('a', NEW), entry('é', NEW), entry('z', DIRECTORY)]);
    const cursor = listing.entries();
    cursor.next();
    listing.leaveOut(cursor);
    expect([0, 1, 2].map((i) => listing.match(i))).toEqual([NEW, LEFT_OUT, DIRECTORY]);
    expect(read(listing).found.map(({ name }) => name)).toEqual(['a', 'é', 'z']);
  });

  it.each([false, true])('counts what is not left out, all details %s', (allDetails) => {
    const stat = { ...entry('', NEW).stat, size: 10n };
    const all = [
      { ...entry('a', NEW), match: 40, stat },
      { ...entry('b', NEW), stat },
      { ...entry('c', NEW), match: 50, stat },
      entry('d', DIRECTORY),
    ];
    const counts = { skipped: [0, 0, 0, 0, 0, 0], gone: [], allDetails };
    const [listing] = listingsIn(replyOf([{ entries: all, ...counts }]));
    if (!listing) throw new Error('The reply has no record');
    const shown = () => [listing.files, listing.fileBytes, listing.hasOnlyHits, listing.hasLinesAlone];
    expect(shown()).toEqual([3, 30, false, false]);
    const cursor = listing.entries();
    listing.leaveOut(cursor);
    // Without its detail only its line tells the size of a hit.
    expect([...shown(), ...listing.leftOutHits]).toEqual([
      2,
      allDetails ? 20 : 30,
      false,
      false,
      ...(allDetails ? [] : [40]),
    ]);
    cursor.next();
    listing.leaveOut(cursor);
    expect(shown()).toEqual([1, allDetails ? 10 : 20, true, false]);
    cursor.next().next();
    listing.leaveOut(cursor);
    const names = [];
    for (const each = listing.entries(); each.entry < listing.length; each.next()) names.push(each.name);
    expect(names).toEqual(['a', 'b', 'c', 'd']);
    expect(directoriesIn(listing)).toEqual([]);
  });

  it('has no lines alone once a directory in it is left out', () => {
    const listing = listingOf([{ ...entry('a', NEW), match: 40 }, entry('d', DIRECTORY)]);
    expect(listing.hasLinesAlone).toBe(true);
    const cursor = listing.entries();
    cursor.next();
    listing.leaveOut(cursor);
    expect(listing.hasLinesAlone).toBe(false);
  });

  /** Entries in path order, of unique names; a failed one stands where a file would. */
  const inOrder = (all: readonly Entry[]) => {
    const bytesOf = ({ name, kind }: Entry) => treePathToBytes(kind === DIRECTORY ? `${name}/` : name);
    return [...new Map(all.map((each) => [each.name, each])).values()].sort((a, b) =>
      Buffer.compare(bytesOf(a), bytesOf(b)),
    );
  };
  const someEntries = fc.array(entries, { maxLength: 20 }).map(inOrder);

  it('finds what has a name and is no directory, whatever stands between', () => {
    fc.assert(
      fc.property(someEntries, fc.array(names), fc.nat(), (all, others, seed) => {
        const listing = listingOf(all);
        const wanted = [...others, ...all.map(({ name }) => name)].sort(
          (a, b) => ((a.length + seed) % 7) - ((b.length + seed) % 7),
        );
        const found = [...all.entries()].filter(([, { kind }]) => kind !== DIRECTORY);
        expect(listing.find(wanted)).toEqual(new Map(found.map(([i, { name }]) => [name, i])));
      }),
    );
  });

  it('has cursors that compare by name, and pass over directories', () => {
    fc.assert(
      fc.property(someEntries, someEntries, (all, others) => {
        const [own, its] = [listingOf(all).entries().skipDirectories(), listingOf(others)];
        const files = [];
        for (; own.entry < all.length; own.next().skipDirectories()) {
          files.push(own.name);
          for (const other = its.entries(); other.entry < its.length; other.next()) {
            const [a, b] = [treePathToBytes(own.name), treePathToBytes(other.name)];
            expect(Math.sign(own.compare(other))).toBe(Buffer.compare(a, b));
          }
        }
        expect(files).toEqual(all.filter(({ kind }) => kind !== DIRECTORY).map(({ name }) => name));
      }),
    );
  });

  it('has cursors that tell whether two files are the same: by all of the stat, and by the match', () => {
    const file = (match: number, change: Partial<Entry['stat']> = {}, allDetails = true) => {
      const { stat, ...rest } = entry('a', NEW);
      // The next one has the detail that would be taken for its own.
      const all = [entry('A', NEW), { ...rest, match, stat: { ...stat, ...change } }, entry('b', NEW)];
      const [listing] = listingsIn(
        replyOf([{ entries: all, skipped: [0, 0, 0, 0, 0, 0], gone: [], allDetails }]),
      );
      if (!listing) throw new Error('The reply has no record');
      return listing.entries().next();
    };
    for (const match of [NEW, INODE_CHANGED, 40]) {
      expect(file(match).isSameFile(file(match))).toBe(true);
      expect(file(match).isSameFile(file(match === 40 ? 41 : match + 1))).toBe(false);
      for (const field of ['dev', 'ino', 'size', 'mtimeNs', 'ctimeNs'] as const)
        for (const value of [3n, 1n << 32n])
          expect(file(match).isSameFile(file(match, { [field]: value }))).toBe(false);
    }
    // Without its detail, nobody knows.
    for (const [a, b] of [
      [true, false],
      [false, true],
      [false, false],
    ] as const)
      expect(file(40, {}, a).isSameFile(file(40, {}, b))).toBe(false);
  });

  it('has no name after the last', () => {
    const cursor = listingOf([entry('a', NEW)]).entries();
    cursor.next();
    expect(cursor.entry).toBe(1);
    expect(() => cursor.name).toThrow(RangeError);
  });
});

describe('isFile', () => {
  it('is true for what a join says of a file, and for nothing else', () => {
    const files = [NEW, CTIME_CHANGED, INODE_CHANGED, BAD_LINE, FIRST_HIT, 2 ** 32 - 1];
    expect(files.every(isFile)).toBe(true);
    expect([DIRECTORY, FAILED, LEFT_OUT, FIRST_HIT - 1].some(isFile)).toBe(false);
  });
});
