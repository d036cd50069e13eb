import { describe, expect, it } from 'vitest';
import { commandLineArguments } from './argv.js';

function commandLine(...parts: (string | number[])[]): Buffer {
  return Buffer.concat(parts.flatMap((part) => [Buffer.from(part as string), Buffer.of(0)]));
}

function unread(): Buffer {
  throw new Error('must not be read');
}

describe('commandLineArguments()', () => {
  it('takes arguments that decode as they are, without reading the command line', async () => {
    expect(await commandLineArguments(['node', 'muse', 'hash', 'ä', ''], unread)).toEqual(['hash', 'ä', '']);
  });

  it('recovers bytes that are not UTF-8', async () => {
    const line = commandLine('node', 'muse', 'hash', [0xff], 'plain', [0x61, 0xc3, 0x28]);
    const argv = ['node', 'muse', 'hash', '\ufffd', 'plain', 'a\ufffd('];
    expect(await commandLineArguments(argv, () => line)).toEqual(['hash', '\udcff', 'plain', 'a\udcc3(']);
  });

  it('keeps an argument that really is U+FFFD', async () => {
    const argv = ['node', 'muse', '\ufffd'];
    expect(await commandLineArguments(argv, () => commandLine('node', 'muse', '\ufffd'))).toEqual(['\ufffd']);
  });

  it("ignores Node's own options, which stand before the script", async () => {
    const line = commandLine('node', '--stack-size=2000', 'muse', 'hash', [0xfe]);
    expect(await commandLineArguments(['node', 'muse', 'hash', '\ufffd'], () => line)).toEqual([
      'hash',
      '\udcfe',
    ]);
  });

  it('keeps empty arguments in their places', async () => {
    const line = commandLine('node', 'muse', '', [0xff], '');
    expect(await commandLineArguments(['node', 'muse', '', '\ufffd', ''], () => line)).toEqual([
      '',
      '\udcff',
      '',
    ]);
  });

  it.each([
    ['is another one', commandLine('node', 'muse', 'hash', 'other')],
    ['is cut off', Buffer.from('hash\0\xff', 'latin1')],
    ['is empty', Buffer.alloc(0)],
  ])('leaves the arguments damaged where the command line %s', async (_case, line) => {
    expect(await commandLineArguments(['node', 'muse', 'hash', '\ufffd'], () => line)).toEqual([
      'hash',
      '\ufffd',
    ]);
  });

  it('leaves the arguments damaged where there is no /proc', async () => {
    expect(await commandLineArguments(['node', 'muse', '\ufffd'], unread)).toEqual(['\ufffd']);
  });
});
