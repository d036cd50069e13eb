import { createHash } from 'node:crypto';
import { packDigestRequest, type DigestPiece } from '@muse/native';
import { describe, expect, it } from 'vitest';
import { hasNative, native, shared } from './support/engine.js';

const ID = `sha256:${'0123456789abcdef'.repeat(4)}`;
const sha256 = (...parts: (string | Uint8Array)[]) => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('hex');
};

/** Returns a line as a cache has it; `key` is its key as JSON, without the quotes. */
function line(key: string, dimensions = '{}', end = ',\n'): string {
  const numbers = '"mtime":1.000000000,"ctime":-2.500000000,"size":5,"ino":131';
  return `"${key}":{${numbers},"object_hash":"${ID}","dimensions":${dimensions}}${end}`;
}

function both(pieces: readonly DigestPiece[], text: Uint8Array | string = ''): Promise<string> {
  const { digest, digestSync } = native;
  if (!digest || !digestSync) throw new Error('This Node does not hash');
  const lines = shared(Buffer.from(text));
  const now = digestSync(pieces, lines);
  return digest(pieces, lines).then((later) => {
    expect(later).toBe(now);
    return now;
  });
}

const entries = (text: string, skip?: number): DigestPiece => {
  return { of: 'entries', from: 0, to: Buffer.byteLength(text), skip };
};

describe.skipIf(!hasNative)('digest()', () => {
  it('hashes text, and bytes of the lines as they are, with a NUL between two pieces', async () => {
    expect(await both([])).toBe(sha256());
    expect(await both([Buffer.from('abc')])).toBe(sha256('abc'));
    const pieces: DigestPiece[] = [
      Buffer.alloc(0),
      { of: 'bytes', from: 1, to: 3 },
      Buffer.from('seventeen bytes..'),
      { of: 'bytes', from: 3, to: 3 },
    ];
    expect(await both(pieces, 'xyz!')).toBe(sha256('\0yz\0seventeen bytes..\0'));
  });

  it.each([65_535, 65_536, 65_537, 1_000_000])('hashes %i bytes', async (size) => {
    const text = Buffer.alloc(size, 'abcdefg');
    const more = Buffer.from('more');
    expect(await both([more, text, more])).toBe(sha256('more\0', text, '\0more'));
    expect(await both([{ of: 'bytes', from: 0, to: size }, more], text)).toBe(sha256(text, '\0more'));
  });

  it.each([
    ['plain', 'src/a.c', 'src/a.c'],
    ['other scripts', 'é/💩', 'é/💩'],
    ['escapes', String.raw`\"\\\n\u0001\ud83d\udca9`, '"\\\n\u0001💩'],
    ['one of any length', 'x'.repeat(70_000), 'x'.repeat(70_000)],
  ])('hashes the path and the object id of a line: %s', async (_, key, path) => {
    const text = line(key) + line('z', '{}', '\n');
    expect(await both([entries(text)], text)).toBe(sha256(`${path}\0${ID}\0z\0${ID}`));
  });

  it('takes an escaped byte for that byte, and leaves out bytes at the start of each path', async () => {
    const text = line(String.raw`\udcff\udc80é`) + line(String.raw`\udcffabc`);
    const path = Buffer.from('\xff\x80\xc3\xa9', 'latin1');
    const whole = [path, `\0${ID}\0`, Buffer.of(0xff), `abc\0${ID}`];
    expect(await both([entries(text)], text)).toBe(sha256(...whole));
    const cut = [path.subarray(2), `\0${ID}\0`, 'bc', `\0${ID}`];
    expect(await both([entries(text, 2)], text)).toBe(sha256(...cut));
  });

  it.each(['{"a":"b"}', String.raw`{"a":"\",\"dimensions\":{}}"}`, '{"a":"1,2,3","é":""}'])(
    'finds the object id of a line with dimensions %s',
    async (dimensions) => {
      const text = line('a', dimensions) + line('b', dimensions, '\n');
      expect(await both([entries(text)], text)).toBe(sha256(`a\0${ID}\0b\0${ID}`));
    },
  );

  it.each([
    ['a key that does not end', '"abc'],
    ['no key', 'abc\n'],
    ['no object id', '"a":{"mtime":1}\n'],
    ['an empty line', '\n'],
    ['another algorithm', line('a').replace('sha256', 'sha512')],
    ['one cut in its object id', line('a').slice(0, -40)],
    ['a path shorter than what is left out', line('ab'), 3],
  ])('refuses lines that no scan calls hits: %s', (_, text, skip = 0) => {
    expect(() => native.digestSync?.([entries(text, skip)], shared(Buffer.from(text)))).toThrow(RangeError);
  });

  it('hashes files of a directory by their names and digests', async () => {
    const digests = Buffer.concat(['x', 'y', 'z'].map((text) => createHash('sha256').update(text).digest()));
    const ids = ['x', 'y', 'z'].map((text) => `sha256:${sha256(text)}`);
    const files = (prefix: string, names: string): DigestPiece => {
      return { of: 'files', prefix: Buffer.from(prefix), names: Buffer.from(names), digests };
    };
    const expected = sha256(`a\0${ids[0]}\0bc\0${ids[1]}\0${'d'.repeat(300)}\0${ids[2]}\0last`);
    expect(await both([files('', `a\0bc\0${'d'.repeat(300)}\0`), Buffer.from('last')])).toBe(expected);
    const below = sha256(`é/a\0${ids[0]}\0é/\0${ids[1]}\0é/c\0${ids[2]}`);
    expect(await both([files('é/', 'a\0\0c\0')])).toBe(below);
    for (const names of ['', 'a\0b\0', 'a\0b\0c', 'a\0b\0c\0d\0', 'a\0b\0c\0d'])
      expect(() => native.digestSync?.([files('', names)], shared(0)), names).toThrow(RangeError);
    const request = packDigestRequest([files('prefix/', 'a\0bc\0d\0')]);
    expect(request.length).toBe(16 + 8 + 8 + 96);
  });

  it('refuses a request that is not as it should be', () => {
    const lines = shared(16);
    const pieces: DigestPiece[] = [
      { of: 'bytes', from: 0, to: 17 },
      { of: 'entries', from: 9, to: 8 },
    ];
    for (const piece of pieces) expect(() => native.digestSync?.([piece], lines)).toThrow(RangeError);
    expect(packDigestRequest([Buffer.from('abc')]).length).toBe(24);
  });
});
