import { expect, test } from 'vitest';
import { defaultMuseIgnore } from './default-muse-ignore.js';
import { IgnoreFileError } from './ignore-file-error.js';
import { parseMuseIgnore } from './parse-muse-ignore.js';

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

test('parseMuseIgnore passes over what is not ours', () => {
  expect(patternsOf('')).toEqual([]);
  expect(patternsOf('title = "x"\n[other]\npatterns = 3\n[global]\nmore = true')).toEqual([]);
  expect(patternsOf('', '__proto__')).toEqual([]);
  expect(patternsOf('[domain.__proto__]\npatterns = ["a"]', '__proto__')).toEqual([
    ['a', 'domain.__proto__', 2],
  ]);
});

test.each([
  ['domain.code.patterns = ["a"]', 1],
  ['[domain]\ncode = { patterns = ["a"] }', 2],
  ['[ "domain" . \'code\' ]\r\n"patterns" = [ # [ "\r\n  "a" ]', 3],
  ['s = """\n[global]\n""""\nd = 1979-05-27 07:32:00\n[domain]\ncode.patterns = [\n"""\na"""]', 7],
  ["\ufeffl = '''\n\"\n'''\nx = [[1, {y = [\"]\"]}], 2]\n[domain.code]\npatterns = [\"a\"]", 6],
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
  ['x = 1\nglobal = 1979-05-27', 2, 1, '"global" must be a table, but is a date'],
  ['\n[[global]]\npatterns = []', 2, 1, '"global" must be a table, but is an array'],
  ['domain = false', 1, 1, '"domain" must be a table, but is false'],
  ['[domain]\ncode = []', 2, 1, '"domain.code" must be a table, but is an array'],
  [
    '[domain.music]\npatterns = {}',
    2,
    1,
    '"patterns" in [domain.music] must be an array of strings, but is a table',
  ],
])('parseMuseIgnore refuses %j with its place', (text, line, column, reason) => {
  const error = errorOf(text);
  expect(error).toMatchObject({ code: 'EMUSEIGNORE', file: '/x/.museignore', line, column });
  expect(error.message).toContain(
    `Cannot read ignore rules from "/x/.museignore": line ${line}, column ${column}: ${reason}`,
  );
  expect(error.message).not.toContain('\n');
});

test('defaultMuseIgnore leaves nothing out until its comments are removed', () => {
  expect(patternsOf(defaultMuseIgnore)).toEqual([]);
  const all = patternsOf(defaultMuseIgnore.replace(/^ {2}# (?=')/gm, '  '));
  expect(all).toContainEqual(['*~', 'global', expect.any(Number)]);
  expect(all).toContainEqual(['node_modules/', 'domain.code', expect.any(Number)]);
});
