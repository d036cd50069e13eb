import { lstatSync } from 'node:fs';
import { StatCache, type FileStat, type MissReason } from '@muse/stat-cache';
import { describe, expect, it } from 'vitest';
import { asMap, cacheEntry, fileStat, idOf, LONG_AGO, NOTHING } from './support/entries.js';
import { contentsOf, encodeAll } from './support/canonical.js';
import { ScriptedStorage } from './support/scripted-storage.js';

/** A cache that trusts what is recorded with this boundary. */
async function openCache(storage = new ScriptedStorage()): Promise<{ cache: StatCache; boundary: bigint }> {
  const cache = await StatCache.open({ root: '/r', storage });
  return { cache, boundary: await cache.boundary() };
}

/** A cache whose storage held these entries. */
async function loadedWith(entries: [string, ReturnType<typeof cacheEntry>][]): Promise<StatCache> {
  const storage = new ScriptedStorage();
  await storage.save({ base: NOTHING, put: new Map(entries), remove: new Set() });
  return (await openCache(storage)).cache;
}

describe('lookup', () => {
  it('gives the object id while size, mtime, ctime and inode are as recorded', async () => {
    const { cache, boundary } = await openCache();
    cache.record('a', fileStat(), idOf('hello'), boundary);
    expect(cache.lookup('a', fileStat())).toBe(idOf('hello'));
    expect(cache.missReason('a', fileStat())).toBeUndefined();
    expect(cache.lookup('b', fileStat())).toBeUndefined();
    expect(cache.missReason('b', fileStat())).toBe('new');
  });

  const differences: [reason: MissReason, stat: Partial<FileStat>][] = [
    ['size', { size: 6n }],
    ['mtime', { mtimeNs: LONG_AGO + 1n }],
    ['mtime', { mtimeNs: LONG_AGO - 1n }],
    ['ctime', { ctimeNs: LONG_AGO + 1n }],
    ['ctime', { ctimeNs: LONG_AGO - 1n }],
    ['inode', { ino: 132n }],
    ['size', { size: 6n, mtimeNs: 0n, ctimeNs: 0n, ino: 1n }],
  ];

  it.each(differences)('misses by a difference in %s, to the nanosecond: %o', async (reason, difference) => {
    const { cache, boundary } = await openCache();
    cache.record('a', fileStat(), idOf('hello'), boundary);
    const loaded = await loadedWith([['a', cacheEntry()]]);
    for (const each of [cache, loaded]) {
      expect(each.lookup('a', fileStat(difference))).toBeUndefined();
      expect(each.missReason('a', fileStat(difference))).toBe(reason);
    }
  });

  it('does not mind another device number', async () => {
    const cache = await loadedWith([['a', cacheEntry()]]);
    expect(cache.lookup('a', fileStat({ dev: 99n }))).toBe(idOf('hello'));
  });

  it('tells inode numbers apart beyond 2^53', async () => {
    const { cache, boundary } = await openCache();
    cache.record('a', fileStat({ ino: 2n ** 60n + 1n }), idOf('hello'), boundary);
    expect(cache.lookup('a', fileStat({ ino: 2n ** 60n + 1n }))).toBe(idOf('hello'));
    expect(cache.missReason('a', fileStat({ ino: 2n ** 60n }))).toBe('inode');
  });

  it('knows an inode number above 2^63, which Node shows as negative, again', async () => {
    const { cache, boundary } = await openCache();
    cache.record('a', fileStat({ ino: -5n }), idOf('hello'), boundary);
    const stored = await loadedWith([['a', cacheEntry({ ino: 2n ** 64n - 5n })]]);
    for (const each of [cache, stored]) {
      expect(each.lookup('a', fileStat({ ino: -5n }))).toBe(idOf('hello'));
      expect(each.missReason('a', fileStat({ ino: 5n }))).toBe('inode');
      expect(asMap(each).get('a')?.ino).toBe(2n ** 64n - 5n);
    }
  });

  it('never answers from a racy entry', async () => {
    const { cache, boundary } = await openCache();
    cache.record('no boundary', fileStat(), idOf('hello'));
    cache.record('too late', fileStat({ ctimeNs: boundary }), idOf('hello'), boundary);
    for (const [path, stat] of [
      ['no boundary', fileStat()],
      ['too late', fileStat({ ctimeNs: boundary })],
    ] as const) {
      expect(cache.has(path)).toBe(true);
      expect(cache.lookup(path, stat)).toBeUndefined();
      expect(cache.missReason(path, stat)).toBe('racy');
      expect(cache.missReason(path, { ...stat, size: 9n })).toBe('size');
    }
    expect(cache.racy).toBe(2);
    expect(cache.size).toBe(2);
  });

  it('never answers from an entry without ctime', async () => {
    const storage = new ScriptedStorage();
    const entries = new Map([['a', { ...cacheEntry(), ctimeNs: undefined }]]);
    storage.loads = () =>
      Promise.resolve({
        dropped: 0,
        contents: {
          ...NOTHING,
          size: 1,
          has: (path) => entries.has(path),
          get: (path) => entries.get(path),
          entries: () => entries,
        },
      });
    const { cache } = await openCache(storage);
    expect(cache.lookup('a', fileStat())).toBeUndefined();
    expect(cache.missReason('a', fileStat())).toBe('ctime');
    expect(cache.setDimension('a', idOf('hello'), 'symbols', 'x')).toBe(false);
  });
});

describe('record', () => {
  it('replaces what was known, trusted or not', async () => {
    const { cache, boundary } = await openCache();
    cache.record('a', fileStat(), idOf('old'), boundary);
    cache.record('a', fileStat({ size: 7n }), idOf('new'));
    expect(cache.lookup('a', fileStat())).toBeUndefined();
    expect([cache.size, cache.racy]).toEqual([1, 1]);
    cache.record('a', fileStat({ size: 7n }), idOf('new'), boundary);
    expect(cache.lookup('a', fileStat({ size: 7n }))).toBe(idOf('new'));
    expect([cache.size, cache.racy]).toEqual([1, 0]);
  });

  it('makes a stored entry racy without a boundary', async () => {
    const cache = await loadedWith([['a', cacheEntry()]]);
    cache.record('a', fileStat(), idOf('hello'));
    expect(cache.lookup('a', fileStat())).toBeUndefined();
    expect(cache.size).toBe(1);
  });

  it.each(['', '/a', 'a//b', '../a', 'a/..', './a', 'a\0b', '\ud800'])(
    'refuses %j as a path',
    async (path) => {
      const { cache, boundary } = await openCache();
      expect(() => {
        cache.record(path, fileStat(), idOf('hello'), boundary);
      }).toThrow(TypeError);
      expect([cache.size, cache.dirty]).toEqual([0, false]);
    },
  );

  it.each(['', 'sha256:', `sha256:${'A'.repeat(64)}`, `sha1:${'a'.repeat(64)}`, `sha256:${'a'.repeat(65)}`])(
    'refuses %j as an object id',
    async (id) => {
      const { cache, boundary } = await openCache();
      expect(() => {
        cache.record('a', fileStat(), id as `sha256:${string}`, boundary);
      }).toThrow(`Cannot record "a": "${id}" is not an object id`);
    },
  );

  it('refuses a stat with numbers, which would lose nanoseconds', async () => {
    const { cache, boundary } = await openCache();
    const stat = lstatSync('.') as unknown as FileStat;
    expect(() => {
      cache.record('a', stat, idOf('hello'));
    }).toThrow(TypeError);
    expect(() => {
      cache.record('a', stat, idOf('hello'), boundary);
    }).toThrow(/bigint/);
    expect(cache.size).toBe(0);
  });

  it('are refused where the next load would drop the entry for them', async () => {
    const { cache, boundary } = await openCache();
    cache.record('a', fileStat(), idOf('hello'), boundary);
    const set = (name: string, value: string) => cache.setDimension('a', idOf('hello'), name, value);
    expect(() => set('n'.repeat(1001), '')).toThrow(RangeError);
    expect(() => set('n', 'v'.repeat(2 * 1024 * 1024))).toThrow(RangeError);
    for (let n = 0; n < 999; n++) set(String(n), '');
    expect(set('n'.repeat(1000), '\u0001'.repeat(2 * 1024 * 1024 - 10_000))).toBe(true);
    expect(() => set('one more', '')).toThrow(RangeError);
    const [, entry] = [...cache.entries()][0] ?? [];
    const text = encodeAll([['a', entry ?? cacheEntry()]]);
    expect(contentsOf(text).get('a')?.dimensions.size).toBe(1000);
  });

  it('keeps names apart that a plain object would not', async () => {
    const { cache, boundary } = await openCache();
    const names = ['__proto__', 'constructor', 'toString', '10', '9', 'caf\udce9', 'café'];
    for (const name of names) expect(cache.has(name)).toBe(false);
    for (const name of names) cache.record(name, fileStat(), idOf(name), boundary);
    for (const name of names) expect(cache.lookup(name, fileStat())).toBe(idOf(name));
    expect([...asMap(cache).keys()]).toEqual([...names].sort());
  });
});

describe('entries', () => {
  it('yields each entry once, with its own fields and no others', async () => {
    const cache = await loadedWith([
      ['kept', cacheEntry()],
      ['replaced', cacheEntry()],
      ['removed', cacheEntry()],
    ]);
    const boundary = await cache.boundary();
    cache.record('replaced', fileStat({ size: 1n }), idOf('x'), boundary);
    cache.record('new', fileStat({ size: 2n }), idOf('y'), boundary);
    cache.record('racy', fileStat({ size: 3n }), idOf('z'));
    cache.prune(new Set(['kept', 'replaced', 'new', 'racy']));
    expect(asMap(cache)).toEqual(
      new Map([
        ['kept', cacheEntry()],
        ['new', cacheEntry({ size: 2n, objectId: idOf('y') })],
        ['racy', cacheEntry({ size: 3n, objectId: idOf('z') })],
        ['replaced', cacheEntry({ size: 1n, objectId: idOf('x') })],
      ]),
    );
    expect(cache.size).toBe(4);
  });
});

describe('dirty', () => {
  it('is false after loading and after a miss, true after record, setDimension and prune', async () => {
    const stored: [string, ReturnType<typeof cacheEntry>][] = [['a', cacheEntry()]];
    const fresh = await loadedWith(stored);
    fresh.lookup('a', fileStat());
    fresh.lookup('b', fileStat());
    expect(fresh.prune(new Set(['a']))).toBe(0);
    expect(fresh.setDimension('b', idOf('hello'), 'n', 'v')).toBe(false);
    expect(fresh.dirty).toBe(false);

    const recorded = await loadedWith(stored);
    recorded.record('a', fileStat(), idOf('hello'));
    expect(recorded.dirty).toBe(true);

    const set = await loadedWith(stored);
    set.setDimension('a', idOf('hello'), 'n', 'v');
    expect(set.dirty).toBe(true);

    const pruned = await loadedWith(stored);
    pruned.prune(new Set());
    expect(pruned.dirty).toBe(true);
    await pruned.save();
    expect(pruned.dirty).toBe(false);
  });
});

describe('dimensions', () => {
  const id = idOf('hello');

  it('are given back for the content they were set for alone', async () => {
    const cache = await loadedWith([['a', cacheEntry()]]);
    expect(cache.getDimension('a', id, 'symbols')).toBeUndefined();
    expect(cache.setDimension('a', id, 'symbols', 'f g')).toBe(true);
    expect(cache.setDimension('a', id, '__proto__', 'own')).toBe(true);
    expect(cache.getDimension('a', id, 'symbols')).toBe('f g');
    expect(cache.getDimension('a', id, '__proto__')).toBe('own');
    expect(cache.getDimension('a', id, 'constructor')).toBeUndefined();
    expect(cache.getDimension('a', idOf('other'), 'symbols')).toBeUndefined();
    expect(cache.setDimension('a', idOf('other'), 'symbols', 'h')).toBe(false);
    expect(cache.setDimension('none', id, 'symbols', 'h')).toBe(false);
    expect(cache.lookup('a', fileStat())).toBe(id);
  });

  it('stay with the entry when the same content is recorded under another stat, and go with the content', async () => {
    const cache = await loadedWith([['a', cacheEntry({ dimensions: new Map([['symbols', 'f']]) })]]);
    const boundary = await cache.boundary();
    cache.record('a', fileStat({ ino: 7n }), id, boundary);
    expect(cache.getDimension('a', id, 'symbols')).toBe('f');
    cache.record('a', fileStat({ ino: 7n }), idOf('other'), boundary);
    expect(cache.getDimension('a', idOf('other'), 'symbols')).toBeUndefined();
    cache.record('a', fileStat({ ino: 7n }), id, boundary);
    expect(cache.getDimension('a', id, 'symbols')).toBeUndefined();
  });

  it('do not make a racy entry trusted', async () => {
    const { cache } = await openCache();
    cache.record('a', fileStat(), id);
    expect(cache.setDimension('a', id, 'symbols', 'f')).toBe(true);
    expect(cache.lookup('a', fileStat())).toBeUndefined();
    expect(cache.racy).toBe(1);
  });

  it('do not change maps that were given out', async () => {
    const cache = await loadedWith([['a', cacheEntry()]]);
    const before = asMap(cache).get('a')?.dimensions;
    cache.setDimension('a', id, 'symbols', 'f');
    expect(before?.size).toBe(0);
  });

  it('change nothing when the same value is set again', async () => {
    const cache = await loadedWith([['a', cacheEntry({ dimensions: new Map([['symbols', 'f']]) })]]);
    expect(cache.setDimension('a', id, 'symbols', 'f')).toBe(true);
    expect(cache.dirty).toBe(false);
  });
});

describe('prune', () => {
  const paths = ['a', 'src', 'src-x/a', 'src/a', 'src/b/c', 'srcs/a'];

  async function full(): Promise<StatCache> {
    const cache = await loadedWith(paths.filter((_, at) => at % 2 === 0).map((path) => [path, cacheEntry()]));
    for (const path of paths) if (!cache.has(path)) cache.record(path, fileStat(), idOf(path));
    return cache;
  }

  it('removes what is not known, stored or recorded, and counts it', async () => {
    const cache = await full();
    expect(cache.prune(new Set(['a', 'src/a']))).toBe(4);
    expect([...asMap(cache).keys()]).toEqual(['a', 'src/a']);
    expect(cache.size).toBe(2);
    expect(cache.has('src')).toBe(false);
    expect(cache.lookup('src/b/c', fileStat())).toBeUndefined();
    expect(cache.missReason('src/b/c', fileStat())).toBe('new');
    expect(cache.prune(new Set(['a', 'src/a']))).toBe(0);
  });

  it('spares everything outside the directory it is told', async () => {
    const cache = await full();
    expect(cache.prune(new Set(['src/a']), { below: 'src' })).toBe(1);
    expect([...asMap(cache).keys()]).toEqual(['a', 'src', 'src-x/a', 'src/a', 'srcs/a']);
    expect(cache.prune(new Set(), { below: 'none' })).toBe(0);
    expect(cache.prune(new Set(), { below: '' })).toBe(5);
    expect(cache.size).toBe(0);
  });

  it('takes a map of what is known', async () => {
    const cache = await full();
    expect(cache.prune(new Map(paths.map((path) => [path, 1])))).toBe(0);
  });

  it('lets a path be recorded again', async () => {
    const cache = await full();
    cache.prune(new Set());
    expect(cache.racy).toBe(0);
    cache.record('a', fileStat(), idOf('again'), await cache.boundary());
    expect(cache.lookup('a', fileStat())).toBe(idOf('again'));
    expect(cache.size).toBe(1);
  });
});
