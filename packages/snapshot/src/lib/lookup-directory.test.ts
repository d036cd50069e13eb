import { blobId, type MissReason, type ObjectId, type StatCache } from '@muse/stat-cache';
import { DirectoryNode, FILE, PackedStats, type Listing } from '@muse/walker/scan';
import { describe, expect, it } from 'vitest';
import { Breather } from './breather.js';
import type { DirectoryIds } from './directory-ids.js';
import { lookUpDirectory } from './lookup-directory.js';

const stored = blobId(Buffer.from('stored'));
const newer = blobId(Buffer.from('newer'));
/** The stored id is at offset 4; notes below 2 are no offsets. */
const lines = Buffer.from(`    ${stored}`);

/** What a cache knows apart from its lines: an id, or a reason why there is none. */
function cacheOf(overlay?: ObjectId | MissReason): StatCache {
  const isId = overlay?.startsWith('sha256:');
  return {
    hasOverlay: overlay !== undefined,
    isOverlaid: () => overlay !== undefined,
    lookup: () => (isId ? overlay : undefined),
    missReason: () => (isId ? undefined : (overlay ?? 'new')),
  } as unknown as StatCache;
}

function listingOf(note: number | undefined): Listing {
  const stats = new PackedStats();
  stats.add({ dev: 1n, ino: 2n, size: 3n, mtimeNs: 4n, ctimeNs: 5n });
  return {
    names: ['a'],
    kinds: Uint8Array.of(FILE),
    stats: stats.take(),
    notes: note === undefined ? undefined : Uint32Array.of(note),
    from: 0,
    to: 1,
  };
}

async function lookedUp(note: number | undefined, cache: StatCache) {
  const node = new DirectoryNode<DirectoryIds>('', { dev: 1n, ino: 1n }, undefined);
  const listing = listingOf(note);
  await lookUpDirectory(node, listing, { cache, lines }, new Breather());
  return { id: node.value?.idOf(listing, 0), misses: node.value?.misses ?? [], value: node.value };
}

describe('lookUpDirectory', () => {
  it('takes the id that the note leads to', async () => {
    const { id, misses, value } = await lookedUp(4, cacheOf());
    expect([id, misses, value?.matched]).toEqual([stored, [], 1]);
  });

  it.each([
    [0, 0],
    [1, 1],
  ])('has no id for the note %i', async (note, matched) => {
    const { id, misses, value } = await lookedUp(note, cacheOf());
    expect([id, misses.length, value?.matched]).toEqual([undefined, 1, matched]);
  });

  it('does not look up what the note has told already', async () => {
    const cache = Object.assign(cacheOf(), { lookup: () => newer });
    const { id, misses } = await lookedUp(1, cache);
    expect([id, misses]).toMatchObject([undefined, [{ path: 'a', reason: 'new' }]]);
  });

  it('looks everything up where there are no notes', async () => {
    const { id, misses } = await lookedUp(undefined, Object.assign(cacheOf(), { lookup: () => newer }));
    expect([id, misses]).toEqual([newer, []]);
  });

  it('takes what was recorded since for newer than the note', async () => {
    for (const note of [4, 1, 0]) {
      const { id, misses } = await lookedUp(note, cacheOf(newer));
      expect([id, misses]).toEqual([newer, []]);
    }
  });

  it('does not fall back on the note where what was recorded since is no answer', async () => {
    const { id, misses } = await lookedUp(4, cacheOf('racy'));
    expect(id).toBeUndefined();
    expect(misses).toMatchObject([{ path: 'a', reason: 'racy' }]);
  });
});
