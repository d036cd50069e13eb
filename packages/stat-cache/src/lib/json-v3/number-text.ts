/** Numbers as JSON v3 writes them: times in seconds with nine decimals, everything exact. */

const TIME = /^-?(?:0|[1-9][0-9]{0,19})(?:\.[0-9]{1,9})?$/;
const COUNT = /^(?:0|[1-9][0-9]{0,19})$/;
const NANOSECOND_DIGITS = 9;

/** Returns a time in seconds with exactly nine decimals, from nanoseconds. */
export function timeText(ns: bigint): string {
  const negative = ns < 0n;
  const digits = String(negative ? -ns : ns).padStart(NANOSECOND_DIGITS + 1, '0');
  const point = digits.length - NANOSECOND_DIGITS;
  return `${negative ? '-' : ''}${digits.slice(0, point)}.${digits.slice(point)}`;
}

/** Returns nanoseconds from a time in seconds with at most nine decimals and no exponent, else `undefined`. */
export function parseTime(text: string): bigint | undefined {
  if (!TIME.test(text)) return undefined;
  const point = text.indexOf('.');
  if (point < 0) return BigInt(text) * 1_000_000_000n;
  const decimals = text.slice(point + 1).padEnd(NANOSECOND_DIGITS, '0');
  // The sign stays in front of the digits: "-0.5" is -500000000.
  return BigInt(text.slice(0, point) + decimals);
}

/** Returns a size or an inode number from its digits, else `undefined`. */
export function parseCount(text: string): bigint | undefined {
  return COUNT.test(text) ? BigInt(text) : undefined;
}
