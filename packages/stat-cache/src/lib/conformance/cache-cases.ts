import assert from 'node:assert/strict';
import { StatCache, type FileCacheEntry } from '../../index.js';
import { HOSTILE, specimen } from './specimens.js';
import type { Entries, StorageCase, StorageSubject } from './storage-subject.js';

/** A cache works on top of the storage. */
export const cacheCases: readonly StorageCase[] = [
  {
    name: 'a StatCache on top hits after reopening, and never by a racy entry',
    run: async (subject) => {
      const first = await openCache(subject);
      const boundary = await first.boundary();
      const entries = new Map([...HOSTILE].slice(0, 40));
      for (const [path, entry] of entries)
        first.record(path, { dev: 1n, ...trusted(entry) }, entry.objectId, boundary);
      first.record('racy', { dev: 1n, ...trusted(specimen(1)), ctimeNs: 2n ** 62n }, specimen(1).objectId);
      const [id] = [specimen(0).objectId];
      assert(first.setDimension(firstKey(entries), id, 'symbols', 'f'));
      await first.save();

      const second = await openCache(subject);
      assert.equal(second.discarded, undefined);
      assert.equal(second.size, entries.size);
      for (const [path, entry] of entries) {
        const stat = { dev: 2n, ...trusted(entry) };
        assert.equal(second.lookup(path, stat), entry.objectId, `a hit for ${JSON.stringify(path)}`);
        assert.equal(second.lookup(path, { ...stat, ctimeNs: stat.ctimeNs + 1n }), undefined);
      }
      assert.equal(second.getDimension(firstKey(entries), id, 'symbols'), 'f');
      assert.equal(second.dirty, false);
      second.prune(new Set([firstKey(entries)]));
      await second.save();
      assert.equal((await openCache(subject)).size, 1);
    },
  },
  {
    name: 'a StatCache on top stores what it has again and again in the middle of a run',
    run: async (subject) => {
      const cache = await openCache(subject);
      const boundary = await cache.boundary();
      const entries = [...HOSTILE].slice(0, 40);
      for (const [index, [path, entry]] of entries.entries()) {
        cache.record(path, { dev: 1n, ...trusted(entry) }, entry.objectId, boundary);
        if (index % 10 !== 9) continue;
        assert.equal(await cache.checkpoint(), true);
        const stored = await openCache(subject);
        assert.equal(stored.size, index + 1);
        for (const [known, { objectId, ...stat }] of entries.slice(0, index + 1))
          assert.equal(stored.lookup(known, { dev: 1n, ...trusted({ objectId, ...stat }) }), objectId);
      }
      assert.equal(await cache.checkpoint(), false, 'there is nothing new');
      cache.prune(new Set([entries[0]?.[0] ?? '']));
      await cache.save();
      assert.equal((await openCache(subject)).size, 1);
    },
  },
];

function openCache(subject: StorageSubject): Promise<StatCache> {
  return subject.open().then((storage) => StatCache.open({ root: '/nowhere', storage }));
}

function trusted({ size, mtimeNs, ctimeNs = 0n, ino }: FileCacheEntry) {
  return { size, mtimeNs, ctimeNs, ino };
}

function firstKey(entries: Entries): string {
  const [path] = entries.keys();
  return path ?? '';
}
