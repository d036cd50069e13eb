import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addPath, PathMap, PathSet, withPath } from './tree-path.js';

const DEEP = `${'n'.repeat(255)}/`.repeat(66);
const path = fc.oneof(
  fc.constantFrom('a', 'b', 'd/a', ''),
  fc.nat(3).map((i) => `${DEEP}f${i}`),
  fc.nat(3).map((i) => `${DEEP.replace('n', String(i))}f`),
  fc.nat(3).map((i) => `${String(i)}${'x'.repeat(16_383)}`),
);

describe('PathMap and PathSet', () => {
  it('do what a Map and a Set do, whatever the length of the paths', () => {
    const step = fc.record({
      act: fc.constantFrom('set', 'set', 'set', 'delete', 'clear'),
      path,
      value: fc.nat(),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), fc.array(path), (steps, asked) => {
        const [map, set] = [new PathMap<number>(), new PathSet()];
        const [plainMap, plainSet] = [new Map<string, number>(), new Set<string>()];
        for (const { act, path, value } of steps) {
          if (act === 'set') {
            expect(map.set(path, value)).toBe(map);
            expect(set.add(path)).toBe(set);
            plainMap.set(path, value);
            plainSet.add(path);
          } else if (act === 'delete') {
            expect(map.delete(path)).toBe(plainMap.delete(path));
            expect(set.delete(path)).toBe(plainSet.delete(path));
          } else {
            for (const each of [map, set, plainMap, plainSet]) each.clear();
          }
        }
        for (const each of asked) {
          expect([map.has(each), map.get(each), set.has(each)]).toEqual([
            plainMap.has(each),
            plainMap.get(each),
            plainSet.has(each),
          ]);
        }
        expect([map.size, set.size]).toEqual([plainMap.size, plainSet.size]);
        expect([...map]).toEqual([...plainMap]);
        expect([...map.keys()]).toEqual([...plainMap.keys()]);
        expect([...map.values()]).toEqual([...plainMap.values()]);
        expect([...set]).toEqual([...plainSet]);
        expect([...set.entries()]).toEqual([...plainSet.entries()]);
        expect([...new PathMap(plainMap)]).toEqual([...plainMap]);
        expect([...new PathSet(plainSet)]).toEqual([...plainSet]);
        const visited: unknown[] = [];
        map.forEach((value, path) => visited.push([path, value]));
        set.forEach((path) => visited.push(path));
        expect(visited).toEqual([...plainMap, ...plainSet]);
      }),
    );
  });

  it.each([
    ['files of one directory', (i: number) => `${DEEP}f${i}`],
    ['directories of one length', (i: number) => `${String(i).padStart(9, '0')}/${DEEP}f`],
  ])('take paths that V8 does not hash in linear time: 5,000 %s', (_, pathOf) => {
    const map = new PathMap<number>();
    const started = process.cpuUsage();
    for (let i = 0; i < 5000; i++) map.set(pathOf(i), i);
    for (let i = 0; i < 5000; i++) if (map.get(pathOf(i)) !== i) throw new Error(`lost ${i}`);
    // A plain Map takes 25 s and more.
    expect(process.cpuUsage(started).user).toBeLessThan(5_000_000);
  });
});

describe('withPath and addPath', () => {
  it('keep a plain set while it is as good', () => {
    const set = addPath(new Set<string>(), 'a');
    expect(Object.getPrototypeOf(set)).toBe(Set.prototype);
    expect([...addPath(set, `${DEEP}f`)]).toEqual(['a', `${DEEP}f`]);
  });

  it('keep a plain map while it is as good', () => {
    const map = withPath(new Map<string, number>(), 'a', 1);
    expect(Object.getPrototypeOf(map)).toBe(Map.prototype);
    const long = withPath(map, `${DEEP}f`, 2);
    expect([...long]).toEqual([
      ['a', 1],
      [`${DEEP}f`, 2],
    ]);
    expect(withPath(long, 'b', 3)).toBe(long);
  });
});
