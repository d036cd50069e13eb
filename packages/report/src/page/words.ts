const integers = new Intl.NumberFormat('en');
const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte', 'petabyte'];
const sizes = units.map(
  (unit) =>
    new Intl.NumberFormat('en', { style: 'unit', unit, unitDisplay: 'short', maximumSignificantDigits: 3 }),
);

/** `78,579`. */
export function count(number: number): string {
  return integers.format(number);
}

/** `1 file`, `78,579 files`. */
export function countOf(number: number, one: string, many = `${one}s`): string {
  return `${count(number)} ${number === 1 ? one : many}`;
}

/** `999 byte`, `1.3 GB`: at most three digits, in powers of 1000. */
export function byteSize(bytes: number): string {
  const power = bytes < 999.5 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(bytes * 1.0005) / 3));
  return power === 0 ? countOf(bytes, 'byte') : (sizes[power]?.format(bytes / 1000 ** power) ?? '');
}

/** `2026-03-09 16:00:00 UTC`. */
export function time(iso: string): string {
  return iso.replace('T', ' ').replace(/(?:\.\d+)?Z$/, ' UTC');
}

/** The beginning of an id, enough of it to tell one from another. */
export function shortId(id: string): string {
  return id.slice(0, 'sha256:'.length + 12);
}
