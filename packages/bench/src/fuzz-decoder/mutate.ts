import { HEADER, withChecksum } from './canonical-writer.js';
import type { Dice } from './dice.js';
import { CHANGES_OF_MEANING, DAMAGES } from './mutations.js';

const MOST_BYTES = 64 * 1024;

/**
 * Changes a text in one or more ways; `other` lends its parts. Half of the results that begin as canonical text does
 * have a checksum that matches, others none at all: else every change would end at the checksum.
 */
export function mutate(dice: Dice, bytes: Buffer, other: Buffer): Buffer {
  const lender = other.toString('latin1');
  let text = bytes.toString('latin1');
  const rounds = 1 + dice.below(dice.oneIn(4) ? 8 : 2);
  for (let round = 0; round < rounds; round++) {
    text = dice.pick(dice.oneIn(3) ? DAMAGES : CHANGES_OF_MEANING)(dice, text, lender);
  }
  const changed = Buffer.from(text.slice(0, MOST_BYTES), 'latin1');
  if (dice.oneIn(2)) return text.startsWith(HEADER) || dice.oneIn(8) ? rechecked(changed) : changed;
  return dice.oneIn(2) ? withoutChecksum(changed) : changed;
}

/** Returns a text with a matching checksum: in place of the last one it has, else at its end. */
export function rechecked(bytes: Buffer): Buffer {
  const found = bytes.lastIndexOf('"checksum":"');
  if (found >= 0) return withChecksum(bytes.subarray(0, found));
  const end = bytes.lastIndexOf('}');
  return withChecksum(Buffer.concat([bytes.subarray(0, end < 0 ? bytes.length : end), Buffer.from(',')]));
}

const CHECKSUM = /,"checksum":"[0-9a-f]{64}"\}$/;

/** Returns a text without its checksum, where it ends as canonical text does; else the very same. */
export function withoutChecksum(bytes: Buffer): Buffer {
  const found = CHECKSUM.exec(bytes.toString('latin1', Math.max(0, bytes.length - 100)));
  if (!found) return bytes;
  return Buffer.concat([bytes.subarray(0, bytes.length - found[0].length), Buffer.from('}')]);
}
