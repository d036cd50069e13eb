import { blobId } from '@muse/stat-cache';
import { DirectoryNode, FILE, PackedStats, type Listing } from '@muse/walker/scan';
import { describe, expect, it } from 'vitest';
import { DirectoryIds, Miss } from './directory-ids.js';

const a = blobId(Buffer.from('a'));
const b = blobId(Buffer.from('b'));

/** Three files, the first of which belongs to another directory; their size is their index. */
function idsOf(lines?: Buffer, notes?: Uint32Array) {
  const stats = new PackedStats();
  for (const i of [0n, 1n, 2n]) stats.add({ dev: 1n, ino: 10n + i, size: i, mtimeNs: -1n, ctimeNs: 5n });
  const listing: Listing = {
    names: ['other', 'x', 'y'],
    kinds: Uint8Array.of(FILE, FILE, FILE),
    stats: stats.take(),
    notes,
    from: 1,
    to: 3,
  };
  const node = new DirectoryNode<DirectoryIds>('dir', { dev: 1n, ino: 1n }, undefined);
  return { ids: new DirectoryIds(node, listing, lines), listing };
}

describe('DirectoryIds', () => {
  it('gives back what was set, and nothing for other places', () => {
    const { ids } = idsOf();
    expect([ids.has(0), ids.get(0)]).toEqual([false, undefined]);
    ids.set(1, b);
    expect([ids.has(0), ids.has(1), ids.get(0), ids.get(1)]).toEqual([false, true, undefined, b]);
    ids.set(0, a);
    ids.set(1, a);
    expect([ids.get(0), ids.get(1)]).toEqual([a, a]);
  });

  it('takes what was set before what a note leads to', () => {
    const { ids, listing } = idsOf(Buffer.from(`  ${b}`), Uint32Array.of(0, 2, 1));
    expect([ids.idOf(listing, 1), ids.idOf(listing, 2)]).toEqual([b, undefined]);
    ids.set(0, a);
    expect([ids.idOf(listing, 1), ids.idOf(listing, 2)]).toEqual([a, undefined]);
  });
});

describe('Miss', () => {
  it('has the path and the stat of its place in the listing', () => {
    const { ids } = idsOf();
    const miss = new Miss(ids, 1, 'size');
    expect([miss.path, miss.size, miss.bytes, miss.reason]).toEqual(['dir/y', 2, 2, 'size']);
    const { dev, ino, size, mtimeNs, ctimeNs } = miss.stat;
    expect([dev, ino, size, mtimeNs, ctimeNs]).toEqual([1n, 12n, 2n, -1n, 5n]);
  });
});
