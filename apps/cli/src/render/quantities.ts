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
