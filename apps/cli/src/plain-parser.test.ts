import { effort, seededRandom } from '@muse/testkit';
import { describe, expect, it } from 'vitest';
import { commands } from './commands.js';
import type { Word } from './definition.js';
import { parsePlain } from './plain-parser.js';
import { parseArguments } from './program.js';

/** Returns what a parser makes of a command line, errors included. */
function outcome(parse: () => unknown): unknown {
  try {
    return parse();
  } catch (error) {
    return error;
  }
}

const definitions = commands.flatMap((each) => ('definition' in each ? [each] : each.commands));
const flags = definitions.flatMap(({ definition }) =>
  Object.values<Word<unknown>>(definition.options).flatMap(({ syntax }) => syntax.split(/[ ,]+/)),
);
const names = definitions.map(({ definition }) => definition.name);
const values = [
  '',
  '-',
  '--',
  'a',
  'b',
  '.',
  '1',
  '1%',
  'json',
  'ndjson',
  'bash',
  'auto',
  'sha256sum',
  '-a',
  '--x=1',
];
const groups = [
  'cache',
  'help',
  '-h',
  '--version',
  '-q',
  '--quiet',
  '--color',
  '--no-color',
  '-C',
  '--debug',
  '-qz',
  '--json=1',
  '-ofile',
];

describe('parsePlain()', () => {
  it('makes of a command line what commander makes of it, or leaves it to that', () => {
    const random = seededRandom(12);
    const one = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
    let plain = 0;
    for (let round = 0; round < effort(2000, 50_000); round++) {
      const args = random() < 0.9 ? [one(names)] : [];
      if (args[0] === 'info' || args[0] === 'clear') args.unshift('cache');
      const words = Math.floor(random() * 6);
      for (let i = 0; i < words; i++) args.push(one(one([flags, values, flags, values, names, groups])));
      const found = outcome(() => parsePlain(args, commands));
      if (found === undefined) continue;
      plain++;
      expect([args, found]).toEqual([args, outcome(() => parseArguments(args))]);
    }
    expect(plain).toBeGreaterThan(effort(200, 5000));
  });

  it.each([
    [['snapshot']],
    [['snapshot', '.', '--json']],
    [['snapshot', '-q', '-o', 'm.json', 'src']],
    [['snapshot', '--save', '-m', 'a note', '--threads', '2']],
    [['-q', 'snapshot', '--no-cache', '--exclude', '*.o', '--exclude', 'b']],
    [['status', '--exit-code', '--', '-a', 'b']],
    [['diff', 'latest', '.']],
    [['hash', 'a', 'b']],
    [['cache', 'info', '--json']],
    [['-C', 'a', 'log', '-C', 'b', '-n', '3']],
    [['status', '--format', 'json', '--no-color']],
  ])('reads %j by itself', (args) => {
    const found = parsePlain(args, commands);
    expect(found).toBeDefined();
    expect(found).toEqual(parseArguments(args));
  });

  it.each([
    [[]],
    [['--help']],
    [['snapshot', '--help']],
    [['snapsht']],
    [['snapshot', 'a', 'b']],
    [['snapshot', '--jsn']],
    [['snapshot', '--json', '--format', 'ndjson']],
    [['snapshot', '--threads', '0']],
    [['snapshot', '--no-color', '--color', 'always']],
    [['snapshot', '--', 'a']],
    [['snapshot', '-o']],
    [['snapshot', '-o', '-']],
    [['snapshot', '-o', 'a', '-o', 'b']],
    [['hash']],
    [['completion', 'csh']],
  ])('leaves %j to commander', (args) => {
    expect(parsePlain(args, commands)).toBeUndefined();
  });
});
