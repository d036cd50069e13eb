import { describe, expect, it } from 'vitest';
import { canonicalCases } from './support/canonical-cases.js';
import { canonicalText, contentsOf, lineText, outcome } from './support/canonical.js';
import { asMap, cacheEntry } from './support/entries.js';

describe('canonical text with a matching checksum', () => {
  it.each(canonicalCases)('holds %s', (_, lines, becomes) => {
    expect(outcome(canonicalText(lines))).toBe(becomes);
  });

  it('keeps the numbers exact to the last digit', () => {
    const max = '18446744073709551615';
    const text = canonicalText([
      lineText('a', { size: max, ino: max, mtime: '-9223372036.854775808', ctime: '18446744073.709551615' }),
    ]);
    expect(contentsOf(text).get('a')).toEqual(
      cacheEntry({
        size: 2n ** 64n - 1n,
        ino: 2n ** 64n - 1n,
        mtimeNs: -(2n ** 63n),
        ctimeNs: 2n ** 64n - 1n,
      }),
    );
  });

  it('keeps what looks like its own syntax inside keys and dimensions', () => {
    const tricky = '","dimensions":{}}';
    const names = ['":{"mtime":1', ',"size":', tricky].sort();
    const dimensions = JSON.stringify(Object.fromEntries(names.map((name) => [name, tricky])));
    const contents = contentsOf(canonicalText(names.map((name) => lineText(name, { dimensions }))));
    for (const name of names) {
      expect(contents.get(name)?.dimensions).toEqual(new Map(names.map((key) => [key, tricky])));
    }
    expect([...asMap(contents).keys()]).toEqual(names);
  });
});

describe('the frame', () => {
  const text = canonicalText([lineText('a')]).toString();

  it.each<[what: string, text: string, becomes: string]>([
    ['as it is', text, '1 live, 0 dropped'],
    ['a byte of the lines changed', text.replace('131', '132'), 'checksum'],
    [
      'a byte of the checksum changed',
      text.replace(/.(?="}$)/, (digit) => (digit === '0' ? '1' : '0')),
      'checksum',
    ],
    ['an upper-case checksum', text.replace(/[0-9a-f]{64}"}$/, (digits) => digits.toUpperCase()), 'checksum'],
    ['a line feed at the end', `${text}\n`, 'checksum'],
    ['white space in front', ` ${text}`, 'checksum'],
    ['a BOM in front', `\ufeff${text}`, 'not-json'],
    ['a short checksum', text.replace(/0?.(?="}$)/, ''), 'checksum'],
    ['a checksum that is first', `{"checksum":"x",${text.slice(1)}`, 'checksum'],
    ['a key after the checksum', text.replace(/}$/, ',"x":1}'), 'checksum'],
    ['version 2', canonicalText([lineText('a')], '2').toString(), 'version'],
    ['version 99', canonicalText([lineText('a')], '99').toString(), 'version'],
    ['version 3.0', canonicalText([lineText('a')], '3.0').toString(), 'version'],
    ['no version', text.replace('"version":3,', ''), 'shape'],
    ['a second version', text.replace('"version":3,', '"version":3,"version":3,'), 'shape'],
  ])('is judged: %s', (_, changed, becomes) => {
    expect(outcome(changed)).toBe(becomes);
  });
});
