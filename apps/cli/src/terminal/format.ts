const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'] as const;

/** `78,579`. */
export function count(number: number): string {
  // Intl.NumberFormat takes 18 ms to load.
  return String(number).replace(/\B(?=(?:\d{3})+$)/g, ',');
}

/** `1 file`, `78,579 files`. */
export function countOf(number: number, one: string, many = `${one}s`): string {
  return `${count(number)} ${number === 1 ? one : many}`;
}

/** `999 B`, `1.30 GB`: three digits, in powers of 1000. */
export function byteSize(bytes: number): string {
  let size = bytes;
  let unit = 0;
  while (size >= 999.5 && unit < units.length - 1) {
    size /= 1000;
    unit++;
  }
  const digits = unit === 0 || size >= 99.95 ? 0 : size >= 9.995 ? 1 : 2;
  return `${size.toFixed(digits)} ${units[unit] ?? ''}`;
}

/** `23 ms`, `0.3 s`, `42 s`, `3 min 20 s`. */
export function duration(milliseconds: number): string {
  const seconds = milliseconds / 1000;
  if (milliseconds < 99.5) return `${milliseconds.toFixed(0)} ms`;
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  return wholeSeconds(Math.round(seconds));
}

/** Time that is left, `12 s` or `3 min 20 s`: never less than a second. */
export function timeLeft(milliseconds: number): string {
  return wholeSeconds(Math.max(1, Math.ceil(milliseconds / 1000)));
}

function wholeSeconds(seconds: number): string {
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

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

/** Returns the first digits of an id, without what stands before them in each, for tables on a terminal. */
export function shortDigits(id: string): string {
  return shortId(id).slice('sha256:'.length);
}

const SHORT_LENGTH = 'sha256:'.length + 12;

/** Returns the beginning of an id, enough of it for a person to tell one from another, and for `muse` to find it. */
export function shortId(id: string): string {
  return id.slice(0, SHORT_LENGTH);
}
