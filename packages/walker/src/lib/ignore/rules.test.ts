import { fsdecode, hostileNames } from '@muse/testkit';
import { expect, test } from 'vitest';
import type { IgnoreRules } from '../types.js';
import { PatternRules } from './pattern-rules.js';
import { inLayers } from './rules.js';

const rulesOf = (...patterns: string[]) =>
  new PatternRules(patterns.map((pattern, index) => ({ pattern, table: 'global', line: index + 1 })));

test('PatternRules tell a directory from a file', () => {
  const rules = rulesOf('build/');
  expect(rules.ignores('a/build', true)).toBe(true);
  expect(rules.ignores('a/build', false)).toBe(false);
});

test('PatternRules let the last match decide, and mind case', () => {
  const rules = rulesOf('*.log', '!keep.log', '/sub/keep.log');
  expect(rules.ignores('a.log', false)).toBe(true);
  expect(rules.ignores('A.LOG', false)).toBe(false);
  expect(rules.ignores('keep.log', false)).toBe(false);
  expect(rules.ignores('sub/keep.log', false)).toBe(true);
});

test('PatternRules without a pattern leave nothing out', () => {
  expect(rulesOf().ignores('a', false)).toBe(false);
  expect(rulesOf('*').ignores('', true)).toBe(false);
});

test('PatternRules.explain names the rule, also for what is below a directory', () => {
  const rules = rulesOf('*.log', '!keep.log', 'sub/');
  expect(rules.explain('x/a.log', false)).toEqual({ pattern: '*.log', table: 'global', line: 1 });
  expect(rules.explain('keep.log', false)).toBeUndefined();
  expect(rules.explain('sub/keep.log', false)).toEqual({ pattern: 'sub/', table: 'global', line: 3 });
});

test('PatternRules take any name, as a file, a directory and below one', () => {
  const everything = rulesOf('*');
  const nothing = rulesOf('*', '!*');
  for (const name of hostileNames.map(fsdecode)) {
    for (const path of [name, `a/${name}`, `${name}/a`]) {
      expect(everything.ignores(path, false)).toBe(true);
      expect(everything.ignores(path, true)).toBe(true);
      expect(nothing.ignores(path, false)).toBe(false);
    }
  }
});

test('PatternRules count bytes, not characters, as git does', () => {
  expect(rulesOf('?').ignores('é', false)).toBe(false);
  expect(rulesOf('??').ignores('é', false)).toBe(true);
  expect(rulesOf('?').ignores('\udcff', false)).toBe(true);
  expect(rulesOf('é*').ignores('été', false)).toBe(true);
});

test('PatternRules answer alike however many were asked before', () => {
  const rules = rulesOf('*1', 'd2/', '!*11');
  for (let index = 0; index < 20_000; index++) {
    const name = String(index);
    expect(rules.ignores(`a/${name}`, false), name).toBe(name.endsWith('1') && !name.endsWith('11'));
  }
  expect(rules.explain('d2/11', false)?.pattern).toBe('d2/');
});

test('PatternRules answer for a path of 12,000 directories', () => {
  const rules = rulesOf('leaf', '*d', '!d');
  const path = 'd/'.repeat(12_000);
  expect(rules.ignores(`${path}leaf`, false)).toBe(true);
  expect(rules.ignores(`${path}d`, false)).toBe(false);
});

test('rules entered again are those that were entered before, as long as those above are the same and none are read', async () => {
  const rules = rulesOf('/a/b');
  const enter = async (outer: IgnoreRules, path: string, before?: IgnoreRules) => {
    const entered = await outer.enter?.({ root: '/', path, mayHold: () => false, before });
    return entered?.rules ?? outer;
  };
  expect(await enter(rules, '', undefined)).toBe(rules);
  const inner = await enter(rules, 'a');
  expect(await enter(rules, 'a', inner)).toBe(inner);
  const others: [outer: IgnoreRules, path: string, before: IgnoreRules][] = [
    [rulesOf('/a/b'), 'a', inner],
    [rules, 'b', inner],
    [rules, 'a', rules],
    [rules, 'a', { ignores: () => true }],
  ];
  for (const [outer, path, before] of others) {
    const entered = await enter(outer, path, before);
    expect(entered).not.toBe(before);
    expect(entered.ignores(`${path}/b`, false)).toBe(path === 'a');
  }
  const reading: IgnoreRules = {
    ignores: () => false,
    enter: () => ({ rules: rulesOf('c'), problems: [] }),
  };
  const layered = inLayers([rules, reading]);
  const read = await enter(layered, 'a');
  expect(await enter(layered, 'a', read)).not.toBe(read);
});
