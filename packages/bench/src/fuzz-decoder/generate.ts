import { createHash } from 'node:crypto';
import { treePathFromBytes } from '@muse/paths';
import { hostileNames } from '@muse/testkit';
import { canonicalText } from './canonical-writer.js';
import type { Dice } from './dice.js';
import { looseText } from './loose-writer.js';
import type { NaiveEntry } from './canonical-writer.js';

const NAMES = [
  ...['a', 'b', 'c.ts', 'é', '💩', '\ue000', '\udcff', '\udc80', 'z\udce9', '__proto__', 'constructor', '10'],
  ...['"', '\\', '\n', '\u007f', '\u2028', 'entries', 'checksum', 'version', '{', '},', '":{"mtime":', ' '],
];
const HOSTILE = hostileNames.map((name) => treePathFromBytes(name));

const COUNTS = [
  0n,
  1n,
  5n,
  131n,
  2n ** 31n,
  2n ** 53n - 1n,
  2n ** 53n + 1n,
  2n ** 63n,
  2n ** 64n - 1n,
  10n ** 20n - 1n,
];
const TIMES = [0n, 1n, -1n, -500_000_000n, -1_000_000_000n, 999_999_999n, 1_700_000_000_123_456_789n];
const FAR_TIMES = [2n ** 63n, -(2n ** 63n), 10n ** 29n - 1n, 1n - 10n ** 29n];
const TEXTS = ['', 'a', '"', '\\', '\0', '\ud800', 'é💩', '"dimensions":{}}', '","dimensions":{}}', 'a\nb'];

/** Returns a valid cache file: mostly canonical text, else one as a person or another program may write it. */
export function generateText(dice: Dice): Buffer {
  const entries = generateEntries(dice);
  return dice.oneIn(3) ? looseText(dice, entries) : canonicalText(entries);
}

function generateEntries(dice: Dice): Map<string, NaiveEntry> {
  const most = dice.oneIn(50) ? 60 : 5;
  return new Map(dice.some(most, () => [generatePath(dice), generateEntry(dice)] as const));
}

function generatePath(dice: Dice): string {
  const names = [generateName(dice), ...dice.some(3, () => generateName(dice))];
  return names.join('/');
}

function generateName(dice: Dice): string {
  if (dice.oneIn(4)) return dice.pick(HOSTILE);
  return dice.pick(NAMES) + (dice.oneIn(3) ? String(dice.below(20)) : '');
}

function generateEntry(dice: Dice): NaiveEntry {
  const time = () => (dice.oneIn(10) ? dice.pick(FAR_TIMES) : dice.pick(TIMES));
  return {
    size: dice.pick(COUNTS),
    mtimeNs: time(),
    ctimeNs: time(),
    ino: dice.pick(COUNTS),
    objectId: `sha256:${createHash('sha256')
      .update(String(dice.below(5)))
      .digest('hex')}`,
    dimensions: new Map(
      dice.oneIn(3) ? dice.some(3, () => [dice.pick(NAMES), dice.pick(TEXTS)] as const) : [],
    ),
  };
}
