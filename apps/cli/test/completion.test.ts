import { spawnSync } from 'node:child_process';
import { makeTree, removeTree } from '@muse/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { allShapes, shapeOf } from '../src/commands/completion/shape.js';
import { commands } from '../src/commands.js';
import { lines, muse } from './muse.js';

const shapes = [...allShapes(shapeOf(commands))];
const noShell = (name: string) => spawnSync(name, ['-c', 'true']).status !== 0;

/** Every word that a completion must know, but for those of `muse` itself that each command takes as well. */
const words = new Set(
  shapes.flatMap(({ words: [...path], options }) => [...path, ...options.flatMap(({ names }) => names)]),
);

describe('the shape of the command line', () => {
  it('has each command and option of the grammar', () => {
    expect(shapes.map((shape) => shape.words.join(' '))).toEqual(
      expect.arrayContaining(['', 'snapshot', 'explain', 'cache', 'cache clear', 'completion']),
    );
    const snapshot = shapes.find((shape) => shape.words[0] === 'snapshot');
    expect(snapshot?.options.find(({ names }) => names.includes('--output'))).toMatchObject({
      names: ['-o', '--output'],
      offer: 'file',
    });
    expect(snapshot?.options.find(({ names }) => names.includes('--ignore-file'))).toMatchObject({
      offer: 'file',
      repeatable: true,
    });
    expect(snapshot?.options.find(({ names }) => names.includes('--color'))).toMatchObject({
      offer: ['auto', 'always', 'never'],
    });
    expect(snapshot?.offer).toBe('directory');
  });
});

describe.each(['bash', 'zsh', 'fish'])('muse completion %s', (shell) => {
  it('knows every command and option', async () => {
    const run = await muse(['completion', shell]);
    expect(run).toMatchObject({ code: 0, stderr: '' });
    const text = run.stdout.toString();
    // Fish has no dashes before the names.
    const named = (word: string) =>
      shell === 'fish'
        ? new RegExp(`(-l ${word.slice(2)}|-s ${word.slice(1)}|-a ${word})\\b`).test(text)
        : text.includes(word);
    expect([...words].filter((word) => !named(word))).toEqual([]);
    expect(words.size).toBeGreaterThan(25);
  });

  it.skipIf(noShell(shell))('is understood by that shell', async () => {
    const { stdout } = await muse(['completion', shell]);
    const run = spawnSync(shell, ['-n'], { input: stdout });
    expect(run.stderr.toString()).toBe('');
    expect(run.status).toBe(0);
  });
});

it('refuses any other shell in one line', async () => {
  const run = await muse(['completion', 'csh']);
  expect(lines(run.stderr)).toEqual([expect.stringContaining('bash, zsh, fish')]);
  expect(run).toMatchObject({ code: 2, stdout: Buffer.alloc(0) });
  expect((await muse(['completion'])).code).toBe(2);
});

it('the completion of zsh defines each of its functions once, and calls no other', async () => {
  const script = (await muse(['completion', 'zsh'])).stdout.toString();
  const defined = [...script.matchAll(/^(_\w+)\(\)/gm)].map(([, name = '']) => name);
  expect(new Set(defined).size).toBe(defined.length);
  const called = [...script.matchAll(/(?<![\w-])__?muse\w*/g)].map(([name]) => name);
  expect([...new Set(called)].filter((name) => !defined.includes(name))).toEqual([]);
});

describe.skipIf(noShell('bash'))('what bash offers', () => {
  let root: string;
  let script: Buffer;

  beforeAll(async () => {
    root = await makeTree({
      'a file': '',
      'a*': '',
      snapdir: {},
      "o'clock": {},
      '-x': '',
      '-d': {},
      'two\nlines': '',
      'line\nfeeds': {},
      '.muse/snapshots': {
        [`20260309T160000.123Z-${'0123456789abcdef'.repeat(4)}-00000000.json`]: '',
        [`20260309T160000.123Z-${'fedcba9876543210'.repeat(4)}-00000000.json`]: '',
        '20260309T160000.123Z-fedcba.json': '',
        'mine.json': '',
      },
    });
    script = (await muse(['completion', 'bash'])).stdout;
  });

  afterAll(() => removeTree(root));

  /** The words of a line, as bash takes it apart, of which the last one is to be completed. */
  function offers(...line: string[]): string[] {
    const program = `${script.toString()}
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _muse
[ \${#COMPREPLY[@]} -eq 0 ] || printf '%s\\0' "\${COMPREPLY[@]}"`;
    const run = spawnSync('bash', ['-c', program, 'bash', ...line], { cwd: root });
    // Outside a completion there is none whose options could be set.
    expect(run.stderr.toString()).toBe('');
    return run.stdout.toString().split('\0').slice(0, -1).sort();
  }

  it.each<[string[], string[]]>([
    [
      ['muse', ''],
      shapes
        .filter((shape) => shape.words.length === 1)
        .map((shape) => shape.words.join(''))
        .sort(),
    ],
    [['muse', 'sn'], ['snapshot']],
    [
      ['muse', '--color', 'never', 'cache', ''],
      ['clear', 'info'],
    ],
    [['muse', '--color', '=', 'never', 'cache', 'i'], ['info']],
    [['muse', 'snapshot', '--js'], ['--json']],
    [
      ['muse', 'cache', 'info', '--'],
      [
        '--color',
        '--debug',
        '--format',
        '--help',
        '--json',
        '--no-color',
        '--quiet',
        '--trust-owner',
        '--version',
      ],
    ],
    [
      ['muse', 'snapshot', '--format', ''],
      ['json', 'ndjson', 'sha256sum'],
    ],
    [['muse', 'snapshot', '--format', '=', 'nd'], ['ndjson']],
    [
      ['muse', 'snapshot', '--color', '='],
      ['always', 'auto', 'never'],
    ],
    [
      ['muse', 'snapshot', '-o', 'a'],
      ['a file', 'a*'],
    ],
    [['muse', 'snapshot', '--ignore-file', 'a f'], ['a file']],
    [['muse', 'snapshot', '--threads', ''], []],
    [
      ['muse', 'snapshot', ''],
      ['./-d', 'line\nfeeds', "o'clock", 'snapdir'],
    ],
    [['muse', 'snapshot', '--threads', '2', 'sna'], ['snapdir']],
    [
      ['muse', 'hash', 'a'],
      ['a file', 'a*'],
    ],
    [
      ['muse', 'hash', '--', '-'],
      ['-d', '-x'],
    ],
    [
      ['muse', 'snapshot', '-o', ''],
      ['./-d', './-x', 'a file', 'a*', 'line\nfeeds', "o'clock", 'snapdir', 'two\nlines'],
    ],
    [['muse', 'hash', 'two'], ['two\nlines']],
    [['muse', 'init', './-'], ['./-d']],
    [
      ['muse', 'completion', ''],
      ['bash', 'fish', 'zsh'],
    ],
    [['muse', 'nonsense', '--col'], ['--color']],
    [
      ['muse', 'forget', ''],
      ['0123456789ab', 'fedcba987654', 'latest', 'latest~1'],
    ],
    [['muse', 'forget', 'latest', 'fed'], ['fedcba987654']],
    [
      ['muse', 'diff', 'lat'],
      ['latest', 'latest~1'],
    ],
    [
      ['muse', 'show', ''],
      [
        '0123456789ab',
        'fedcba987654',
        'latest',
        'latest~1',
        ...['./-d', './-x', 'a file', 'a*', 'line\nfeeds', "o'clock", 'snapdir', 'two\nlines'],
      ].sort(),
    ],
    [['muse', 'verify', '--against', '012'], ['0123456789ab']],
    [['muse', '-C', 'sna'], ['snapdir']],
  ])('for %j', (line, expected) => {
    expect(offers(...line)).toEqual(expected);
  });
});
