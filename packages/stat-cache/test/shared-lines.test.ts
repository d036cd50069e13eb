import { StatCache } from '@muse/stat-cache';
import { describe, expect, it } from 'vitest';
import { encodeAll, looseText, lineText } from './support/canonical.js';
import { asMap, cacheEntry, fileStat, idOf } from './support/entries.js';
import { museRoot, storedText } from './support/muse-root.js';

/** A cache over a file that holds `a`, `b` and `c`. */
async function opened(defer: boolean): Promise<{ cache: StatCache; root: string; boundary: bigint }> {
  const text = encodeAll(['a', 'b', 'c'].map((path) => [path, cacheEntry()]));
  const root = await museRoot({ '.muse/cache/stat.json': text });
  const cache = await StatCache.open({ root, defer });
  return { cache, root, boundary: await cache.boundary() };
}

function overlaid(cache: StatCache): string[] {
  return ['a', 'b', 'c', 'd', 'e'].filter((path) => cache.isPending(path));
}

describe.each([false, true])('lines, loaded with defer: %s', (defer) => {
  it('lie in shared memory, and are as many as were loaded', async () => {
    const { cache } = await opened(defer);
    const lines = cache.lines;
    expect(lines?.count).toBe(3);
    expect(lines?.bytes.buffer).toBeInstanceOf(SharedArrayBuffer);
    const body = Buffer.from(lines?.bytes ?? []).toString('utf8', lines?.from, lines?.to);
    expect(body).toBe(`${['a', 'b', 'c'].map((path) => lineText(path)).join(',\n')}\n`);
    expect([cache.hasPending, overlaid(cache)]).toEqual([false, []]);
  });

  it('are overlaid by what is recorded, set and removed, before a save and after it', async () => {
    const { cache, boundary } = await opened(defer);
    cache.record('a', fileStat({ ino: 7n }), idOf('hello'), boundary);
    cache.record('d', fileStat(), idOf('hello'), boundary);
    cache.record('e', fileStat({ ctimeNs: boundary }), idOf('hello'));
    cache.setDimension('b', idOf('hello'), 'x', 'y');
    cache.prune(new Set(['a', 'b', 'd', 'e']));
    expect([cache.hasPending, overlaid(cache)]).toEqual([true, ['a', 'b', 'c', 'd', 'e']]);
    await cache.save();
    expect([cache.hasPending, overlaid(cache), cache.size]).toEqual([true, ['a', 'b', 'c', 'd', 'e'], 4]);
    expect([...asMap(cache).keys()]).toEqual(['a', 'b', 'd', 'e']);
  });

  it('are those of the text that was saved, once they are asked to be and much of it is new', async () => {
    const { cache, root, boundary } = await opened(defer);
    for (let n = 0; n < 2000; n++) cache.record(`n/${String(n)}`, fileStat(), idOf('hello'), boundary);
    cache.record('racy', fileStat({ ctimeNs: boundary }), idOf('hello'));
    await cache.save();
    expect([cache.lines?.count, cache.isPending('n/5')]).toEqual([3, true]);
    await cache.compact();
    const lines = cache.lines;
    expect(lines?.count).toBe(2003);
    expect(Buffer.from(lines?.bytes ?? []).toString()).toBe(storedText(root));
    expect([cache.size, cache.racy, cache.isPending('racy'), cache.isPending('n/5')]).toEqual([
      2004,
      1,
      true,
      false,
    ]);
    expect(cache.lookup('n/5', fileStat())).toBe(idOf('hello'));
    expect(cache.dirty).toBe(false);
    cache.prune(new Set(['a']));
    expect(cache.size).toBe(1);
    await cache.save();
    expect((await StatCache.open({ root })).size).toBe(1);
  });

  it('are removed by where they are, but for the pending paths', async () => {
    const { cache, root, boundary } = await opened(defer);
    cache.record('b', fileStat({ ino: 9n }), idOf('newer'), boundary);
    cache.record('d', fileStat(), idOf('hello'), boundary);
    const { lines } = cache;
    if (!lines) throw new Error('There are no lines');
    expect(cache.removeLines([lines])).toBe(2);
    expect([...asMap(cache).keys()].sort()).toEqual(['b', 'd']);
    expect([...cache.pendingPaths()].sort()).toEqual(['b', 'd']);
    expect(cache.remove(['d', 'none'])).toBe(1);
    await cache.save();
    expect([...asMap(await StatCache.open({ root })).keys()]).toEqual(['b']);
  });

  it('count what is recorded and removed while a large save is under way', async () => {
    const { cache, root, boundary } = await opened(defer);
    for (let n = 0; n < 1500; n++) cache.record(`n/${String(n)}`, fileStat(), idOf('hello'), boundary);
    const saving = cache.save();
    await new Promise((resolve) => setImmediate(resolve));
    cache.record('late', fileStat(), idOf('hello'), boundary);
    cache.record('n/1', fileStat({ ino: 9n }), idOf('hello'), boundary);
    cache.prune(new Set(['late', ...Array.from({ length: 1000 }, (_, n) => `n/${String(n)}`)]));
    await saving;
    expect(cache.size).toBe(1001);
    expect(asMap(cache).size).toBe(1001);
    expect(cache.lookup('n/1', fileStat({ ino: 9n }))).toBe(idOf('hello'));
    await cache.save();
    const again = await StatCache.open({ root });
    expect(asMap(again)).toEqual(asMap(cache));
  });
});

it('lines are undefined where there is no canonical text', async () => {
  const root = await museRoot({ '.muse/cache/stat.json': looseText(lineText('a')) });
  expect((await StatCache.open({ root })).lines).toBeUndefined();
});

it('lines are those of nothing where nothing was loaded', async () => {
  const root = await museRoot();
  for (const cache of [await StatCache.open({ root }), StatCache.empty()]) {
    expect(cache.lines).toMatchObject({ from: 0, to: 0, count: 0 });
    expect([cache.hasPending, cache.size, cache.removeLines([{ from: 0, to: 0 }])]).toEqual([false, 0, 0]);
  }
});
