import { describe, expect, it } from 'vitest';
import { CommandError } from './command-error.js';
import { parseArguments } from './parse-arguments.js';

const tree = { tree: {} };
const common = { quiet: false, color: 'auto', debug: false };
const snapshot = {
  command: 'snapshot',
  directory: '.',
  form: 'id',
  output: undefined,
  save: false,
  note: '',
  cache: true,
  threads: undefined,
  ...tree,
  ...common,
};

const difference = {
  exitCode: false,
  json: false,
  nameOnly: false,
  nul: false,
  threads: undefined,
  paths: [],
  ...tree,
};

const verify = {
  command: 'verify',
  directory: '.',
  sample: undefined,
  strict: false,
  json: false,
  threads: undefined,
  ...tree,
  ...common,
};
const explain = { command: 'explain', paths: ['a'], json: false, ...tree, ...common };

function refusal(...args: string[]): string {
  try {
    parseArguments(args);
  } catch (error) {
    if (error instanceof CommandError && error.exitCode === 2) return error.message;
    throw error;
  }
  throw new Error('the command line was accepted');
}

describe('parseArguments() reads', () => {
  it.each<[string[], object]>([
    [['snapshot'], snapshot],
    [['snapshot', 'dir'], { ...snapshot, directory: 'dir' }],
    [['snapshot', '\udcff'], { ...snapshot, directory: '\udcff' }],
    [['snapshot', '--json'], { ...snapshot, form: 'json' }],
    [['snapshot', '--format', 'sha256sum'], { ...snapshot, form: 'sha256sum' }],
    [['snapshot', '--format=ndjson'], { ...snapshot, form: 'ndjson' }],
    [['snapshot', '-o', 'file'], { ...snapshot, form: 'json', output: 'file' }],
    [['snapshot', '-o', '-'], { ...snapshot, form: 'json' }],
    [['snapshot', '-o', 'file', '--format', 'ndjson'], { ...snapshot, form: 'ndjson', output: 'file' }],
    [['snapshot', '--save'], { ...snapshot, save: true }],
    [['snapshot', '--save', '-m', ''], { ...snapshot, save: true }],
    [['snapshot', '--save', '-m', 'a b'], { ...snapshot, save: true, note: 'a b' }],
    [['status'], { command: 'status', directory: '.', ...difference, ...common }],
    [
      ['status', 'dir', '--exit-code', '--name-only', '-z', '--threads', '2', '--one-file-system'],
      {
        command: 'status',
        directory: 'dir',
        exitCode: true,
        json: false,
        nameOnly: true,
        nul: true,
        threads: 2,
        paths: [],
        tree: { oneFileSystem: true },
        ...common,
      },
    ],
    [
      ['status', '-q', '--', '-a'],
      { command: 'status', directory: '.', ...difference, ...common, quiet: true, paths: ['-a'] },
    ],
    [['diff', 'a'], { command: 'diff', before: 'a', after: undefined, ...difference, ...common }],
    [
      ['diff', '-', 'b', '--json'],
      { command: 'diff', before: '-', after: 'b', ...difference, json: true, ...common },
    ],
    [['log'], { command: 'log', directory: '.', json: false, ...common }],
    [['log', 'dir', '--json'], { command: 'log', directory: 'dir', json: true, ...common }],
    [
      ['show', 'latest', '-z'],
      { command: 'show', snapshot: 'latest', json: false, nameOnly: false, nul: true, ...common },
    ],
    [['snapshot', '--no-cache'], { ...snapshot, cache: false }],
    [['snapshot', '--threads', '3'], { ...snapshot, threads: 3 }],
    [['snapshot', '--one-file-system'], { ...snapshot, tree: { oneFileSystem: true } }],
    [['snapshot', '--gitignore'], { ...snapshot, tree: { gitignore: true } }],
    [
      ['snapshot', '--ignore-file', 'a', '--ignore-file=b'],
      { ...snapshot, tree: { ignoreFiles: ['a', 'b'] } },
    ],
    [['snapshot', '--exclude', '*.o', '--exclude=!a'], { ...snapshot, tree: { exclude: ['*.o', '!a'] } }],
    [['snapshot', '--no-ignore'], { ...snapshot, tree: { noIgnore: true } }],
    [
      ['snapshot', '-q', '--color', 'never', '--debug'],
      { ...snapshot, quiet: true, color: 'never', debug: true },
    ],
    [['--quiet', 'snapshot'], { ...snapshot, quiet: true }],
    [['snapshot', '--', '--json'], { ...snapshot, directory: '--json' }],
    [['init'], { command: 'init', directory: '.', ...common }],
    [['init', 'dir'], { command: 'init', directory: 'dir', ...common }],
    [['hash', 'a', '-'], { command: 'hash', files: ['a', '-'], ...common }],
    [['hash', '--', '-a'], { command: 'hash', files: ['-a'], ...common }],
    [['verify'], verify],
    [['verify', 'dir', '--strict', '--json'], { ...verify, directory: 'dir', strict: true, json: true }],
    [['verify', '--sample', '1%'], { ...verify, sample: 0.01 }],
    [['verify', '--sample=12.5%'], { ...verify, sample: 0.125 }],
    [['verify', '--sample', '100%'], { ...verify, sample: 1 }],
    [
      ['verify', '--threads', '3', '--one-file-system'],
      { ...verify, threads: 3, tree: { oneFileSystem: true } },
    ],
    [
      ['verify', '--gitignore', '--ignore-file', 'a'],
      { ...verify, tree: { gitignore: true, ignoreFiles: ['a'] } },
    ],
    [['explain', 'a'], explain],
    [['explain', '--ignore-file', 'b', 'a'], { ...explain, tree: { ignoreFiles: ['b'] } }],
    [['explain', 'a', '--gitignore'], { ...explain, tree: { gitignore: true } }],
    [['explain', 'a', '\udcff', '--json'], { ...explain, paths: ['a', '\udcff'], json: true }],
    [
      ['explain', '--one-file-system', '--', '-a'],
      { ...explain, paths: ['-a'], tree: { oneFileSystem: true } },
    ],
    [['cache', 'info'], { command: 'cache info', directory: '.', json: false, ...common }],
    [['cache', 'info', 'dir', '--json'], { command: 'cache info', directory: 'dir', json: true, ...common }],
    [['cache', 'clear', '-q'], { command: 'cache clear', directory: '.', ...common, quiet: true }],
  ])('%j', (args, request) => {
    expect(parseArguments(args)).toEqual(request);
  });
});

describe('parseArguments() refuses', () => {
  it.each<[string[], RegExp]>([
    [['snapshto'], /unknown command 'snapshto' \(Did you mean snapshot\?\)/],
    [['snapshto', '--help'], /unknown command 'snapshto'/],
    [['help', 'snapshto'], /unknown command 'snapshto'/],
    [['stauts'], /unknown command 'stauts'/],
    [['snapshot', '--jsn'], /unknown option '--jsn' \(Did you mean --json\?\)/],
    [['snapshot', 'a', 'b'], /too many arguments/],
    [['init', 'a', 'b'], /too many arguments/],
    [['snapshot', '--json', '--format', 'ndjson'], /--json.*cannot be used with.*--format/],
    [['snapshot', '--format', 'ndjson', '--json'], /cannot be used with/],
    [['snapshot', '--format', 'xml'], /'xml' is invalid/],
    [['snapshot', '--color', 'blue'], /'blue' is invalid/],
    [['snapshot', '-m', 'note'], /needs '--save'/],
    [['snapshot', '--save', '-m'], /argument missing/],
    [['status', '--json', '-z'], /cannot be used with/],
    [['status', '--json', '--name-only'], /cannot be used with/],
    [['diff'], /missing required argument/],
    [['diff', ''], /must not be empty/],
    [['diff', '-', '-'], /cannot read stdin twice/],
    [['diff', 'a', 'b', 'c'], /too many arguments/],
    [['show'], /missing required argument/],
    [['snapshot', '-o'], /argument missing/],
    [['snapshot', '-o', ''], /must not be empty/],
    [['snapshot', '--ignore-file', ''], /must not be empty/],
    [['snapshot', '--ignore-file'], /argument missing/],
    [['snapshot', '--exclude', ''], /must not be empty/],
    [['snapshot', ''], /must not be empty/],
    [['init', ''], /must not be empty/],
    [['hash'], /missing required argument/],
    [['hash', '-', 'a', '-'], /stdin twice/],
    [['verify', 'a', 'b'], /too many arguments/],
    [['verify', ''], /must not be empty/],
    [['explain'], /missing required argument/],
    [['explain', 'a', ''], /must not be empty/],
    [['cache', 'cleer'], /unknown command 'cleer' \(Did you mean clear\?\)/],
    [['cache', 'clear', '--json'], /unknown option '--json'/],
    [['cache', 'info', ''], /must not be empty/],
    ...['1', '0.5', '0%', '-1%', '101%', '%', '1e1%', '.5%', ''].map((share): [string[], RegExp] => [
      ['verify', `--sample=${share}`],
      /must be a percentage|missing/,
    ]),
    ...['0', '-1', '1.5', '1e3', '0x10', 'two', '', ' 2', '9007199254740993'].map(
      (threads): [string[], RegExp] => [['snapshot', `--threads=${threads}`], /whole number above 0|missing/],
    ),
  ])('%j', (args, message) => {
    expect(refusal(...args)).toMatch(message);
  });

  it('in one line, whatever was typed', () => {
    expect(refusal('snap\nshot')).not.toContain('\n');
  });
});

describe('parseArguments() gives help', () => {
  it.each([['--help'], ['-h'], ['help']])('for muse %s', (arg) => {
    expect(parseArguments([arg])).toMatchObject({
      to: 'stdout',
      text: expect.stringMatching(/Usage: muse <command>[^]*Examples:[^]*Exit codes:/) as string,
    });
  });

  it.each(['init', 'snapshot', 'verify', 'explain', 'hash'])('with examples for %s', (command) => {
    const text = expect.stringMatching(
      new RegExp(`Usage: muse ${command} [^]*--quiet[^]*Examples:`),
    ) as string;
    expect(parseArguments([command, '--help'])).toEqual({ command: 'text', to: 'stdout', text });
    expect(parseArguments(['help', command])).toEqual({ command: 'text', to: 'stdout', text });
  });

  it.each(['info', 'clear'])('with examples for cache %s', (command) => {
    const text = expect.stringMatching(
      new RegExp(`Usage: muse cache ${command} [^]*--quiet[^]*Examples:`),
    ) as string;
    expect(parseArguments(['cache', command, '--help'])).toEqual({ command: 'text', to: 'stdout', text });
    expect(parseArguments(['help', 'cache', command])).toEqual({ command: 'text', to: 'stdout', text });
  });

  it.each([[[]], [['cache']]])('on stderr where there is no command after %j', (args) => {
    expect(parseArguments(args)).toMatchObject({
      to: 'stderr',
      text: expect.stringContaining('Usage:') as string,
    });
  });

  it('and the version', () => {
    expect(parseArguments(['--version'])).toMatchObject({
      text: expect.stringMatching(/^\d+\.\d+\.\d+\S*\n$/) as string,
    });
  });
});
