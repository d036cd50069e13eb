import { expect, it } from 'vitest';
import { Details, DIRECTORY, listingsIn, NEW, ReplyWriter } from './reply.js';
import { DirectoryNode, entriesInPathOrder } from './tree.js';

const NO_LINES = { from: 0, to: 0 };
const namesOf = (entries: number) => Array.from({ length: entries }, (_, i) => `${i}`.padStart(5, '0'));

/** Returns a directory of so many entries, files but for those at some places. */
function nodeOf(path: string, entries: number, others: ReadonlyMap<number, number> = new Map()) {
  const node = new DirectoryNode<never>(path, { dev: 1n, ino: 1n }, undefined, NO_LINES);
  const kinds = Array.from({ length: entries }, (_, i) => others.get(i) ?? NEW);
  const details = new Details();
  for (let i = 0; i < entries; i++) details.addFailure(0, 0);
  const reply = new ReplyWriter();
  reply.addListed({ names: namesOf(entries), kinds, details: details.words, order: undefined, skipped: [] });
  [node.listing] = listingsIn(reply.take());
  return node;
}

function pathsBelow(top: DirectoryNode<never>): string[] {
  const seen: string[] = [];
  for (const { directory, cursor, to } of entriesInPathOrder(top)) {
    expect(to - cursor.entry).toBeLessThanOrEqual(512);
    for (; cursor.entry < to; cursor.next()) seen.push(directory.prefix + cursor.name);
  }
  return seen;
}

it.each([0, 1, 511, 512, 513, 1024, 1300])(
  'yields each of %i files once, in order, in short runs',
  (files) => {
    expect(pathsBelow(nodeOf('', files))).toEqual(namesOf(files));
  },
);

it.each([0, 511, 512, 513, 1199])('yields what is in the directory at place %i, there and once', (place) => {
  const root = nodeOf('', 1200, new Map([[place, DIRECTORY]]));
  const name = `${place}`.padStart(5, '0');
  root.children = new Map([[name, nodeOf(name, 600)]]);
  const inside = namesOf(600).map((inner) => `${name}/${inner}`);
  expect(pathsBelow(root)).toEqual(namesOf(1200).flatMap((outer) => (outer === name ? inside : [outer])));
});

it('passes over a directory of which nothing is known', () => {
  const root = nodeOf(
    '',
    3,
    new Map([
      [0, DIRECTORY],
      [1, DIRECTORY],
    ]),
  );
  root.children = new Map([['00000', new DirectoryNode('00000', { dev: 1n, ino: 2n }, root, NO_LINES)]]);
  expect(pathsBelow(root)).toEqual(['00002']);
});

it('throws where the entries of a run were not read', () => {
  expect(() => [...entriesInPathOrder(nodeOf('', 2))]).toThrow('0 were read of 2');
});
