import { expect, it } from 'vitest';
import { DirectoryNode, type Listing } from './directory-node.js';
import { DIRECTORY, FILE } from './kinds.js';
import { runsOf } from './runs-of.js';

/** A directory of so many files, with directories at some places among them. */
function nodeOf(path: string, entries: number, directories: readonly number[] = []): DirectoryNode<never> {
  const node = new DirectoryNode<never>(path, { dev: 1n, ino: 1n }, undefined);
  const kinds = Uint8Array.from({ length: entries }, (_, i) => (directories.includes(i) ? DIRECTORY : FILE));
  const names = Array.from({ length: entries }, (_, i) => `${i}`.padStart(5, '0'));
  const listing: Listing = { names, kinds, stats: new BigInt64Array(entries * 6), from: 0, to: entries };
  node.listing = listing;
  return node;
}

it.each([0, 1, 511, 512, 513, 1024, 1300])(
  'yields each of %i files once, in order, in short runs',
  (files) => {
    const seen: string[] = [];
    for (const { listing, from, to } of runsOf(nodeOf('', files))) {
      expect(to - from).toBeLessThanOrEqual(512);
      for (let i = from; i < to; i++) seen.push(listing.names[i] ?? '');
    }
    expect(seen).toEqual(nodeOf('', files).listing?.names);
  },
);

it.each([0, 511, 512, 513, 1199])('yields what is in the directory at place %i, there and once', (place) => {
  const root = nodeOf('', 1200, [place]);
  const name = `${place}`.padStart(5, '0');
  root.children.set(name, nodeOf(name, 600));
  const seen: string[] = [];
  for (const { directory, listing, from, to } of runsOf(root)) {
    for (let i = from; i < to; i++) seen.push(directory.prefix + (listing.names[i] ?? ''));
  }
  const inside = nodeOf(name, 600).listing?.names.map((inner) => `${name}/${inner}`) ?? [];
  const expected = root.listing?.names.flatMap((outer) => (outer === name ? inside : [outer]));
  expect(seen).toEqual(expected);
});
