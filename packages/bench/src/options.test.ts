import { readFileSync } from 'node:fs';
import { codeBlocks } from '@muse/testkit';
import { describe, expect, it } from 'vitest';
import { parseOptions } from './options.js';

describe('parseOptions()', () => {
  it('takes a plain run for a whole one', () => {
    const options = parseOptions([]);
    expect(options).toMatchObject({ whole: true, quick: false, rounds: 7, directory: undefined });
    expect(options.cases.has('threads')).toBe(false);
  });

  it('reads what pnpm hands over with dashes of its own', () => {
    const options = parseOptions(['--', '--quick', '--cases', 'cold,sizes', '--peers', 'git', '/tree']);
    expect(options).toMatchObject({
      quick: true,
      rounds: 3,
      peers: ['git'],
      directory: '/tree',
      whole: false,
    });
    expect([...options.cases]).toEqual(['cold', 'sizes']);
  });

  it.each([['--check'], ['--from'], ['--cases=cold'], ['--peers=git'], ['--quick'], ['/tree']])(
    'does not take a run with %s for a whole one, which would replace the committed results',
    (argument) => {
      expect(parseOptions(/^--(check|from)$/.test(argument) ? [argument, 'file'] : [argument]).whole).toBe(
        false,
      );
    },
  );

  it('leaves all peers out when asked to', () => {
    expect(parseOptions(['--peers', 'none']).peers).toEqual([]);
  });

  it.each<[args: string[], sentence: string]>([
    [['--cases', 'cold,hot'], 'Cannot find the case "hot"'],
    [['--peers', 'svn'], 'Cannot find the peer "svn"'],
    [['--rounds', '0'], 'Cannot run "0" rounds'],
    [['/a', '/b'], 'Cannot measure 2 directories'],
    [['--copy'], 'Cannot copy'],
    [['--fast'], "Unknown option '--fast'"],
  ])('refuses %j', (args, sentence) => {
    expect(() => parseOptions(args)).toThrow(sentence);
  });
});

it('the commands in README.md are understood', () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  const lines = codeBlocks(readme, 'sh').flatMap((block) => block.split('\n'));
  const commands = lines.flatMap((line) => /^npx \S+ \S+ bench ?([^#]*)/.exec(line)?.[1] ?? []);
  expect(commands.length).toBeGreaterThan(5);
  for (const command of commands) {
    const args = command.trim().split(' ').filter(Boolean);
    if (!args.includes('--help')) expect(() => parseOptions(args), command).not.toThrow();
  }
});
