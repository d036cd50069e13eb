import { expect, test } from 'vitest';
import { defaultMuseIgnore } from './default-muse-ignore.js';
import { IgnoreFileError } from './errors.js';
import { parseMuseIgnore } from './muse-ignore.js';

const patternsOf = (text: string, domain = 'code') =>
  parseMuseIgnore(text, { domain }).rules.map(({ pattern, table, line }) => [pattern, table, line]);

function errorOf(text: string): IgnoreFileError {
  try {
    parseMuseIgnore(text, { domain: 'code', file: '/x/.museignore' });
  } catch (error) {
    if (error instanceof IgnoreFileError) return error;
  }
  throw new Error('Not refused');
}

test('parseMuseIgnore puts the global patterns before those of the active domain', () => {
  const text = `[domain.code]\npatterns = ['c']\n[domain.music]\npatterns = ['m']\n[global]\npatterns = [\n  'g',\n]\n`;
  expect(patternsOf(text)).toEqual([
    ['g', 'global', 7],
    ['c', 'domain.code', 2],
  ]);
  expect(patternsOf(text, 'music')).toContainEqual(['m', 'domain.music', 4]);
  expect(patternsOf(text, 'none')).toHaveLength(1);
});

test('parseMuseIgnore takes any name for a domain, and nothing for no pattern', () => {
  expect(patternsOf('')).toEqual([]);
  expect(patternsOf('[global]\n[domain]\n[domain.x]\n')).toEqual([]);
  expect(patternsOf('', '__proto__')).toEqual([]);
  expect(patternsOf('[domain.__proto__]\npatterns = ["a"]', '__proto__')).toEqual([
    ['a', 'domain.__proto__', 2],
  ]);
});

test.each([
  ['domain.code.patterns = ["a"]', 1],
  ['[domain]\ncode = { patterns = ["a"] }', 2],
  ['[ "domain" . \'code\' ]\r\n"patterns" = [ # [ "\r\n  "a" ]', 3],
  ['[domain]\ncode.patterns = [\n"""\na"""]', 3],
  ['domain . "co\\u0064e" = { \'patterns\' = [ # ]\n"a", ] }', 2],
  ['\ufeff[global]\npatterns = []\n# [x]\n[domain.code]\npatterns = ["a"]', 5],
])('parseMuseIgnore finds the line of a pattern in %j', (text, line) => {
  expect(patternsOf(text)).toEqual([['a', 'domain.code', line]]);
});

test.each([
  ['[global\n', 1, 8, ''],
  ['[global]\npatterns = ["a" "b"]', 2, 17, ''],
  [
    '[global]\npatterns = [\n  "a",\n  3,\n]',
    4,
    3,
    '"patterns" in [global] must hold strings only, but holds 3',
  ],
  [
    '\n[global]\n patterns = "*.o"',
    3,
    2,
    '"patterns" in [global] must be an array of strings, but is a string',
  ],
  ['\nglobal = 1979-05-27', 2, 1, '"global" must be a table, but is a date'],
  ['\n[[global]]\npatterns = []', 2, 1, '"global" must be a table, but is an array'],
  ['domain = false', 1, 1, '"domain" must be a table, but is false'],
  ['[domain]\ncode = []', 2, 1, '"domain.code" must be a table, but is an array'],
  [
    '[domain.music]\npatterns = {}',
    2,
    1,
    '"patterns" in [domain.music] must be an array of strings, but is a table',
  ],
  ['patterns = ["*.o"]', 1, 1, '"patterns" belongs in a table: write [global] on a line above it'],
  [
    '[global]\n[globl]\npatterns = ["*.o"]',
    2,
    1,
    'there is no table [globl]: patterns belong in [global], or',
  ],
  ['title = "x"', 1, 1, 'there is no key "title": patterns belong in [global], or'],
  [
    '[global]\n  pattern = ["*.o"]',
    2,
    3,
    '[global] has no key "pattern"; write [global] and below it patterns = [',
  ],
  ['[domain.code]\nx.y = 1', 2, 1, '[domain.code] has no key "x"; write [domain.code] and below it'],
  [
    '[domain]\npatterns = ["*.o"]',
    2,
    1,
    '"patterns" does not belong in [domain] itself; write [domain.code]',
  ],
  ['# objects\n*.o\n', 2, 1, 'this line is one of a .gitignore, but the file is TOML: write [global]'],
  ['/build/\n', 1, 1, 'this line is one of a .gitignore, but the file is TOML: write [global]'],
  ['node_modules\n', 1, 13, 'this line is one of a .gitignore'],
  ['build/', 1, 6, 'this line is one of a .gitignore'],
  ['!keep', 1, 1, 'this line is one of a .gitignore'],
  ['[Bb]in/', 1, 5, 'this line is one of a .gitignore'],
  ["it's\n", 1, 3, 'this line is one of a .gitignore'],
  ['[global]\npatterns = [*.o]', 2, 13, "invalid value; a pattern is a string, such as '*.o'"],
  ['[global]\npatterns = ["a\\nb"]', 2, 13, 'in [global]: a pattern is one line, but here is a line feed'],
])('parseMuseIgnore refuses %j with its place', expectRefused);

test('parseMuseIgnore refuses a pattern that is too long with its place', () => {
  const text = `[global]\npatterns = ["a",\n"${'x'.repeat(5000)}"]`;
  expectRefused(text, 3, 1, 'in [global]: a pattern may have 4096 bytes, and this one has 5000');
});

test('parseMuseIgnore refuses one pattern too many with its place', () => {
  const text = `[global]\npatterns = [${'"a",'.repeat(100_000)}\n"b"]`;
  expectRefused(text, 3, 1, 'in [global]: it is one more than the 100000 patterns that are allowed');
});

function expectRefused(text: string, line: number, column: number, reason: string): void {
  const error = errorOf(text);
  expect(error).toMatchObject({ code: 'EMUSEIGNORE', file: '/x/.museignore', line, column });
  expect(error.message).toContain(
    `Cannot read ignore rules from "/x/.museignore": line ${line}, column ${column}: ${reason}`,
  );
  expect(error.message).not.toContain('\n');
}

test('defaultMuseIgnore leaves nothing out until its comments are removed', () => {
  expect(patternsOf(defaultMuseIgnore)).toEqual([]);
  const all = patternsOf(defaultMuseIgnore.replace(/^ {2}# (?=')/gm, '  '));
  expect(all).toContainEqual(['*~', 'global', expect.any(Number)]);
  expect(all).toContainEqual(['node_modules/', 'domain.code', expect.any(Number)]);
});

test('parseMuseIgnore takes time and memory in proportion to the text', () => {
  const long = `[domain.${'x'.repeat(20_000)}]\npatterns = [${"'a',".repeat(100_000)}]`;
  const nested = (depth: number) => `[global]\npatterns = ${'['.repeat(depth)}`;
  const started = process.cpuUsage();
  parseMuseIgnore(long, { domain: 'code' });
  expect(errorOf(nested(200_000)).message).toContain('excessively nested');
  expect(errorOf(`[global]\npatterns = ${'['.repeat(19)}${']'.repeat(19)}`).message).toContain('an array');
  expect(errorOf(`${'a.'.repeat(500_000)}a = 1`).message).toContain('a key has more than 64 parts');
  expect(errorOf(`[${"'a' . ".repeat(100_000)}a]`).message).toContain('a key has more than 64 parts');
  expect(errorOf(`[global]\npatterns = ["${',a.'.repeat(63)}", 1]`).message).toContain('must hold strings');
  for (const text of ['[', ',"', ",'", ',\t', '{a.', '\n']) errorOf(text.repeat(250_000) + '=');
  const { user } = process.cpuUsage(started);
  expect(user).toBeLessThan(5_000_000);
});
