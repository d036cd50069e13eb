import { createHash } from 'node:crypto';

const ID = `sha256:${'0'.repeat(64)}`;
const ENTRY = `{"mtime":0.000000001,"ctime":0.000000001,"size":1,"ino":1,"object_hash":"${ID}","dimensions":{}}`;
const withDimensions = (text: string) => ENTRY.replace('"dimensions":{}', `"dimensions":{${text}}`);

/** Joins as many parts as fill the size. */
function fill(size: number, part: string | ((n: number) => string), separator = ','): string {
  const parts: string[] = [];
  for (let length = 0, n = 0; length < size; n++) {
    const text = typeof part === 'string' ? part : part(n);
    parts.push(text);
    length += text.length + separator.length;
  }
  return parts.join(separator);
}
export const padded = (n: number): string => String(n).padStart(9, '0');
const loose = (members: string) => `{"version":3,"entries":{${members}}}`;
const canonical = (lines: string) => {
  const covered = Buffer.from(`{"version":3,"entries":{\n${lines}\n},`);
  const checksum = createHash('sha256').update(covered).digest('hex');
  return Buffer.concat([covered, Buffer.from(`"checksum":"${checksum}"}`)]);
};

/** Texts of about some size that cost much where a decoder does more than a little for each byte. */
export const hostileTexts: Record<string, (size: number) => string | Buffer> = {
  'empty objects': (size) => loose(fill(size, (n) => `"${n}":{}`)),
  'an array of empty objects': (size) => loose(`"a":[${fill(size, '{}')}]`),
  'empty objects outside of the entries': (size) => `{"version":3,"x":[${fill(size, '{}')}],"entries":{}}`,
  'tiny entries of other types': (size) => loose(fill(size, (n) => `"${n.toString(36)}":0`)),
  'one key again and again': (size) => loose(fill(size, `"a":{}`)),
  'one good entry again and again': (size) => loose(fill(size, `"a":${ENTRY}`)),
  'one key in every spelling': (size) =>
    loose(
      fill(size, (n) => {
        const spelled = Array.from('abcdefghijkl').map((c, i) =>
          (n >> i) & 1 ? `\\u00${c.charCodeAt(0).toString(16)}` : c,
        );
        return `"${spelled.join('')}":{}`;
      }),
    ),
  'good entries': (size) => loose(fill(size, (n) => `"${n}":${ENTRY}`)),
  'good entries, each key of escapes': (size) =>
    loose(
      fill(
        size,
        (n) =>
          `"${Array.from(String(n))
            .map((c) => `\\u003${c}`)
            .join('')}":${ENTRY}`,
      ),
    ),
  'good entries of long names of one length': (size) =>
    loose(fill(size, (n) => `"${'d/'.repeat(8200)}${padded(n)}":${ENTRY}`)),
  'one entry of many dimensions': (size) => loose(`"a":${withDimensions(fill(size, (n) => `"${n}":""`))}`),
  'dimensions of long names': (size) =>
    loose(`"a":${withDimensions(fill(size, (n) => `"${'x'.repeat(17_000)}${padded(n)}":""`))}`),
  'one key in an entry again and again': (size) => loose(`"a":{${fill(size, '"size":1')}}`),
  'unknown keys in an entry': (size) => loose(`"a":{${fill(size, (n) => `"${n}":1`)}}`),
  'a number of many digits': (size) => loose(`"a":{"mtime":${'1'.repeat(size)}}`),
  'a version of many digits': (size) => `{"version":3${'0'.repeat(size)}}`,
  'keys at the top': (size) => `{${fill(size, (n) => `"${n}":0`)},"version":3,"entries":{}}`,
  'one key at the top again and again': (size) => `{${fill(size, '"version":3')},"entries":{}}`,
  'a long string': (size) => loose(`"a":"${'x'.repeat(size)}"`),
  'a string of escapes': (size) => loose(`"a":"${'\\u0061'.repeat(size / 6)}"`),
  'a long path': (size) => loose(`"${'a/'.repeat(size / 2)}a":${ENTRY}`),
  'an object id of many digits': (size) => loose(`"a":${ENTRY.replace(ID, `${ID}${'0'.repeat(size)}`)}`),
  'white space': (size) => `{"version":3,"entries":{}${' \n'.repeat(size / 2)}}`,
  'deep nesting': (size) => '['.repeat(size),
  'deep nesting of objects': (size) => '{"":'.repeat(size / 4),
  'nesting as deep as it may, again and again': (size) =>
    `[${fill(size, `${'['.repeat(60)}${']'.repeat(60)}`)}]`,
  'a string without end': (size) => `"${'\\\\'.repeat(size / 2)}`,
  'canonical lines': (size) => canonical(fill(size, (n) => `"${padded(n)}":${ENTRY}`, ',\n')),
  'canonical lines of escaped names': (size) =>
    canonical(fill(size, (n) => `"\\"${padded(n)}":${ENTRY}`, ',\n')),
  'canonical lines of long names': (size) =>
    canonical(fill(size, (n) => `"${'d/'.repeat(8200)}${padded(n)}":${ENTRY}`, ',\n')),
  'canonical lines, all damaged': (size) => canonical(fill(size, (n) => `"${padded(n)}":{}`, ',\n')),
  'canonical lines, all the same': (size) => canonical(fill(size, `"a":${ENTRY}`, ',\n')),
  'a canonical line of many dimensions': (size) =>
    canonical(`"a":${withDimensions(fill(size, (n) => `"${padded(n)}":""`))}`),
  'a canonical line of a long dimension': (size) =>
    canonical(`"a":${withDimensions(`"x":"${'y'.repeat(size)}"`)}`),
  'a long line among short ones': (size) =>
    canonical(
      [
        fill(size / 2, (n) => `"a${padded(n)}":${ENTRY}`, ',\n'),
        `"m":${withDimensions(`"x":"${'y'.repeat(size / 2)}"`)}`,
        fill(size / 2, (n) => `"z${padded(n)}":${ENTRY}`, ',\n'),
      ].join(',\n'),
    ),
  'a long escaped key among short ones': (size) =>
    canonical(
      [
        fill(size / 2, (n) => `"a${padded(n)}":${ENTRY}`, ',\n'),
        `"m${'\\t'.repeat(size / 4)}":${ENTRY}`,
        fill(size / 2, (n) => `"z${padded(n)}":${ENTRY}`, ',\n'),
      ].join(',\n'),
    ),
  'a checksum over empty lines': (size) => canonical('\n'.repeat(size)),
  'a checksum over lines of a backslash': (size) => canonical('\\\n'.repeat(size / 2)),
  'a checksum over lines of a quote': (size) => canonical('"\n'.repeat(size / 2)),
  'a checksum over one line of empty objects': (size) => canonical(`"a":[${fill(size, '{}')}]`),
};
