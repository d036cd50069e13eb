import { lstatSync, readFileSync, readlinkSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { makeTree } from './make-tree.js';
import { removeTree } from './remove-tree.js';
import { fifo, hardlink, socket, symlink, type TreeSpec } from './tree-spec.js';

async function make(spec: TreeSpec): Promise<string> {
  const root = await makeTree(spec);
  onTestFinished(() => removeTree(root));
  return root;
}

test('makeTree makes files, directories and parents', async () => {
  const root = await make({
    'a.txt': 'x',
    'dir/b': Buffer.from([0, 255]),
    empty: {},
    nested: { 'deep/c': 'c' },
  });
  expect(readdirSync(root).sort()).toEqual(['a.txt', 'dir', 'empty', 'nested']);
  expect(readFileSync(join(root, 'dir/b'))).toEqual(Buffer.from([0, 255]));
  expect(readFileSync(join(root, 'nested/deep/c'), 'utf8')).toBe('c');
  expect(readdirSync(join(root, 'empty'))).toEqual([]);
});

test('makeTree makes links, a FIFO and a socket', async () => {
  const root = await make({
    hard: hardlink('a'),
    a: 'x',
    soft: symlink('nowhere'),
    'd/pipe': fifo(),
    'd/sock': socket(),
  });
  expect(lstatSync(join(root, 'hard')).ino).toBe(lstatSync(join(root, 'a')).ino);
  expect(readlinkSync(join(root, 'soft'))).toBe('nowhere');
  expect(lstatSync(join(root, 'd/pipe')).isFIFO()).toBe(true);
  expect(lstatSync(join(root, 'd/sock')).isSocket()).toBe(true);
  expect(readdirSync(root)).toHaveLength(4);
});

test('makeTree takes names of any bytes', async () => {
  const root = await make(
    new Map<string | Uint8Array, string>([
      [Buffer.from([0xff, 0x2f, 0xfe]), 'bytes'],
      ['\udc80', 'escaped'],
      ['__proto__', 'x'],
    ]),
  );
  const names = readdirSync(root, { encoding: 'buffer' }).map((name) => name.toString('latin1'));
  expect(names.sort()).toEqual(['__proto__', '\x80', '\xff']);
  expect(readdirSync(Buffer.concat([Buffer.from(`${root}/`), Buffer.from([0xff])]))).toHaveLength(1);
});
