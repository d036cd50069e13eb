import { CACHE_VERSION } from '../limits.js';

/** The fixed parts of the canonical text; FORMAT.md says how they go together. */

/** What canonical text begins with. */
export const HEADER = Buffer.from(`{"version":${CACHE_VERSION},"entries":{\n`);
/** What stands between two entries. */
export const SEPARATOR = Buffer.from(',\n');
/** What follows the last entry; the checksum covers everything up to its end. */
export const BEFORE_CHECKSUM = Buffer.from('},');
/** What stands before the checksum's 64 hex digits, and is covered by none. */
export const CHECKSUM_KEY = Buffer.from('"checksum":"');
/** What the text ends with. */
export const END = Buffer.from('"}');

const DIGEST_LENGTH = 64;
/** Bytes from `BEFORE_CHECKSUM` to the end of the text. */
export const FOOTER_LENGTH = BEFORE_CHECKSUM.length + CHECKSUM_KEY.length + DIGEST_LENGTH + END.length;

/** Where the parts of a canonical text lie. */
export interface Layout {
  /** Offset of the first entry's line. */
  readonly bodyStart: number;
  /** Offset after the line feed of the last entry's line. */
  readonly bodyEnd: number;
  /** Offset after the bytes that the checksum covers. */
  readonly covered: number;
  /** The checksum, 64 hex digits. */
  readonly checksum: string;
}

/** Returns where the parts lie, or `undefined` for a text that is not framed as canonical text is. */
export function layoutOf(bytes: Buffer): Layout | undefined {
  const bodyEnd = bytes.length - FOOTER_LENGTH;
  if (bodyEnd < HEADER.length || bytes[bodyEnd - 1] !== 0x0a) return undefined;
  const covered = bodyEnd + BEFORE_CHECKSUM.length;
  const digest = covered + CHECKSUM_KEY.length;
  const framed =
    holds(bytes, 0, HEADER) &&
    holds(bytes, bodyEnd, BEFORE_CHECKSUM) &&
    holds(bytes, covered, CHECKSUM_KEY) &&
    holds(bytes, digest + DIGEST_LENGTH, END);
  if (!framed) return undefined;
  return {
    bodyStart: HEADER.length,
    bodyEnd,
    covered,
    checksum: bytes.toString('latin1', digest, digest + DIGEST_LENGTH),
  };
}

function holds(bytes: Buffer, offset: number, part: Buffer): boolean {
  return bytes.compare(part, 0, part.length, offset, offset + part.length) === 0;
}
