const SECOND_NS = 1_000_000_000n;
const DIGITS = 9;
/** The last second that a `Date` can name, and less its sign the first. */
const LAST_SECOND = 8_640_000_000_000n;

/** Nanoseconds since the Unix epoch as seconds, exactly: `1710000000.123456789`, `-0.500000000`. */
export function epochSeconds(nanoseconds: bigint): string {
  const size = nanoseconds < 0n ? -nanoseconds : nanoseconds;
  const fraction = String(size % SECOND_NS).padStart(DIGITS, '0');
  return `${nanoseconds < 0n ? '-' : ''}${String(size / SECOND_NS)}.${fraction}`;
}

/** Nanoseconds since the Unix epoch as a time in UTC, exactly: `2024-03-09T16:00:00.123456789Z`. */
export function instant(nanoseconds: bigint): string {
  const fraction = ((nanoseconds % SECOND_NS) + SECOND_NS) % SECOND_NS;
  const seconds = (nanoseconds - fraction) / SECOND_NS;
  if (seconds > LAST_SECOND || seconds < -LAST_SECOND) return `${epochSeconds(nanoseconds)} s`;
  const second = new Date(Number(seconds) * 1000).toISOString();
  return second.replace(/\.000Z$/, `.${String(fraction).padStart(DIGITS, '0')}Z`);
}

/** A time in UTC, to the second: `2024-03-09T16:00:00Z`. */
export function secondOf(time: Date): string {
  return time.toISOString().replace(/\.\d+Z$/, 'Z');
}
