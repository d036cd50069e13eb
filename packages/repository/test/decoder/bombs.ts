import { canonicalLine, HEADER, rechecked } from './canonical-writer.js';

const ENTRY = canonicalLine('', {
  size: 1n,
  mtimeNs: 1n,
  ctimeNs: 1n,
  ino: 1n,
  objectId: `sha256:${'0'.repeat(64)}`,
  dimensions: new Map(),
}).slice('"":'.length);

/** Texts of some megabytes that cost much where the decoder does more than a little for each byte. */
const BOMBS: readonly ((size: number) => string)[] = [
  (size) => '\n'.repeat(size),
  (size) => `${HEADER}${'\n'.repeat(size)}},"checksum":""}`,
  (size) => `${HEADER}${',\n'.repeat(size / 2)}\n},"checksum":""}`,
  (size) => `${HEADER}${'"a":0,\n'.repeat(size / 7)}"a":0\n},"checksum":""}`,
  (size) => `${HEADER}${numbered(size / 12, (n) => `"${n}":0`).join(',\n')}\n},"checksum":""}`,
  (size) =>
    `${HEADER}${numbered(size / 240, (n) => `"${n.padStart(8, '0')}":${ENTRY}`).join(',\n')}\n},"checksum":""}`,
  (size) => `${HEADER}"${'a/'.repeat(size / 2)}a":${ENTRY}\n},"checksum":""}`,
  (size) => `${HEADER}"${'é'.repeat(size / 3)}":${ENTRY}\n},"checksum":""}`,
  (size) => `${HEADER}"${'\\udcff'.repeat(size / 120)}":${ENTRY}\n},"checksum":""}`,
  (size) =>
    `${HEADER}"a":${ENTRY.replace('{}', `{${numbered(size / 9, (n) => `"${n}":""`).join(',')}}`)}\n},"checksum":""}`,
  (size) => `${HEADER}"a":{"mtime":${'1'.repeat(size)}}\n},"checksum":""}`,
  (size) => '['.repeat(size),
  (size) => '{"":'.repeat(size / 4),
  (size) => `[${'0,'.repeat(size / 2)}0]`,
  (size) => `[${'[],'.repeat(size / 3)}0]`,
  (size) => `{${'"":0,'.repeat(size / 5)}"version":3}`,
  (size) => `{"version":3,"entries":{${'"a":{},'.repeat(size / 7)}"b":{}}}`,
  (size) => `{"version":3,"entries":{${numbered(size / 12, (n) => `"${n}":{}`).join(',')}}}`,
  (size) => `{"version":3,"entries":{"a":{${'"x":0,'.repeat(size / 6)}"size":1}}}`,
  (size) => `{"version":3${'0'.repeat(size)}}`,
  (size) => `{"version":3${' '.repeat(size)}}`,
  (size) => `"${'\\'.repeat(size)}`,
  (size) => `"${'\\u0061'.repeat(size / 6)}"`,
];

/** Yields each of them once, as it is and with a checksum that matches. */
export function* everyBomb(): Iterable<Buffer> {
  for (const make of BOMBS) {
    const bytes = Buffer.from(make(2 ** 17));
    yield bytes;
    yield rechecked(bytes);
  }
}

function numbered(count: number, make: (n: string) => string): string[] {
  return Array.from({ length: count }, (_, index) => make(String(index)));
}
