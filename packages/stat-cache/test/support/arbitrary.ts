import { isTreePath } from '@muse/paths';
import { fsdecode, hostileNames } from '@muse/testkit';
import fc from 'fast-check';
import type { FileCacheEntry } from '@muse/stat-cache';
import { idOf } from './entries.js';

/** What random entries are made of: names that break programs, numbers at the edges of their types. */

const unit = fc.constantFrom(
  ...['a', 'b', '0', '10', '"', '\\', '\n', '\t', '\u0001', '\u007f', '\u2028', 'é', '\ud7ff'],
  ...['\ue000', '\uffff', '💩', '\u{10ffff}', '\udc80', '\udcff', '\\u0041', '__proto__', '.', ' '],
);
const segment = fc.oneof(
  fc.constantFrom(...hostileNames.map((name) => fsdecode(name))),
  fc.array(unit, { minLength: 1, maxLength: 4 }).map((units) => units.join('')),
);

export const treePath = fc
  .array(segment, { minLength: 1, maxLength: 3 })
  .map((segments) => segments.join('/'))
  .filter(isTreePath);

const SECOND = 10n ** 9n;
/** Times of whole seconds in 64 bits and nanoseconds, as file systems keep them; those near the edges of types more often. */
export const anyTime = fc
  .tuple(
    fc.oneof(
      fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n),
      fc.bigInt(-20_000_000_000n, 20_000_000_000n),
      fc.constantFrom(0n, -1n, 1_710_000_000n, -(2n ** 31n), 2n ** 31n, 2n ** 32n, 2n ** 53n + 1n),
      fc.constantFrom(9_223_372_036n, 9_223_372_037n, -9_223_372_037n, -9_223_372_038n, 18_446_744_073n),
      fc.constantFrom(-(2n ** 63n), 2n ** 63n - 1n),
    ),
    fc.oneof(
      fc.bigInt(0n, SECOND - 1n),
      fc.constantFrom(0n, 1n, 500_000_000n, SECOND - 1n, 854_775_807n, 854_775_808n),
    ),
  )
  .map(([seconds, ns]) => seconds * SECOND + ns);
const count = fc.oneof(fc.bigInt(0n, 2n ** 64n - 1n), fc.constantFrom(0n, 2n ** 53n + 1n, 2n ** 64n - 1n));
const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom('\ud800', '","dimensions":{}}', '\0'),
);
const dimensions = fc.oneof(
  { weight: 3, arbitrary: fc.constant(new Map<string, string>()) },
  fc.array(fc.tuple(anyText, anyText), { maxLength: 3 }).map((pairs) => new Map(pairs)),
);

export const fileEntry: fc.Arbitrary<FileCacheEntry> = fc.record({
  ...{ size: count, mtimeNs: anyTime, ctimeNs: anyTime, ino: count, dimensions },
  objectId: fc.string({ maxLength: 3 }).map(idOf),
});

export const fileEntries = fc
  .array(fc.tuple(treePath, fileEntry), { maxLength: 30 })
  .map((pairs) => new Map(pairs));
