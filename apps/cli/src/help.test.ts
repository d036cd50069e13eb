import { describe, expect, it } from 'vitest';
import { commands } from './commands.js';
import { command, define, flag } from './definition.js';
import { helpOf, wrapped, type HelpSubject } from './help.js';
import { museHelp } from './program.js';

const all: [string, HelpSubject][] = [
  ['muse', { ...museHelp, commands }],
  ...commands.flatMap((each): [string, HelpSubject][] =>
    'definition' in each
      ? [[`muse ${each.definition.name}`, each]]
      : [
          [`muse ${each.name}`, each],
          ...each.commands.map((inner): [string, HelpSubject] => [
            `muse ${each.name} ${inner.definition.name}`,
            inner,
          ]),
        ],
  ),
];

const words = (text: string): string => text.replace(/ \\$/gm, '').replace(/\s+/g, ' ');

describe('helpOf()', () => {
  it.each(all)('fits %s into any width from 40 columns on, without losing a word', (path, subject) => {
    const help = 'definition' in subject ? subject.definition : subject;
    for (const width of [40, 41, 50, 63, 80, 99, 100, 200]) {
      const text = helpOf(path.split(' '), subject, width);
      const tooWide = text.split('\n').filter((line) => line.length > Math.min(width, 100));
      expect([width, tooWide]).toEqual([width, []]);
      const examples = help.examples.flatMap(([line, meaning = '']) => [line, meaning]);
      const codes = (help.exitCodes ?? []).map(([, meaning]) => meaning);
      for (const part of [help.description, ...examples, ...codes]) {
        expect(words(text)).toContain(words(part));
      }
      for (const word of (help.details ?? '').split(/\s+/)) expect(text).toContain(word);
      expect(text).toContain('--no-color');
    }
  });

  it('has the terms beside their texts, or above them where there is no room', () => {
    const options = {
      fast: flag('--fast', 'do it fast, and well'),
      slow: flag('--very-slowly', 'do it slowly'),
    };
    const added = command(
      define({ name: 'a', summary: 's', description: 'D.', arguments: {}, options, examples: [['muse a']] }),
      () => Promise.reject(new Error('not to be loaded')),
    );
    expect(helpOf(['muse', 'a'], added, 80)).toContain(`Usage: muse a [options]

D.

Options:
  --fast         do it fast, and well
  --very-slowly  do it slowly

Options of every command:
`);
    expect(helpOf(['muse', 'a'], added, 30)).toContain(`Options:
  --fast
      do it fast, and well
  --very-slowly
      do it slowly
`);
  });

  it('breaks a command so that it can still be pasted', () => {
    const examples = [["muse a --note 'b c d' | sha256sum -c", 'check it with another program']] as const;
    const group = { summary: '', description: 'D.', examples, commands: [] };
    expect(helpOf(['muse'], group, 24).split('Examples:\n')[1]).toBe(`  muse a --note \\
    'b c d' |
    sha256sum -c
      check it with
      another program
`);
    expect(helpOf(['muse'], group, 26).split('Examples:\n')[1]).toContain(`  muse a --note 'b c d' |
    sha256sum -c
`);
  });
});

describe('wrapped()', () => {
  it('breaks between words alone', () => {
    expect(wrapped('aa bb cc', 5)).toEqual(['aa bb', 'cc']);
    expect(wrapped('a toolongaword b', 4)).toEqual(['a', 'toolongaword', 'b']);
    expect(wrapped('  x  aa bb cc', 8, 5)).toEqual(['  x  aa', '     bb', '     cc']);
    expect(wrapped('', 5)).toEqual(['']);
  });
});
