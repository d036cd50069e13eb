import { describe, expect, it } from 'vitest';
import { commands } from './commands.js';
import { command, define, flag } from './definition.js';
import { CommandError } from './errors.js';
import { parseArguments } from './program.js';
import { treeOptionsOf } from './shared-options.js';

const common = { quiet: false, color: 'auto', noColor: false, debug: false };
const tree = { gitignore: false, noIgnore: false, oneFileSystem: false };
const snapshot = {
  command: 'snapshot',
  directory: '.',
  json: false,
  save: false,
  noCache: false,
  ...tree,
  ...common,
};
const difference = {
  exitCode: false,
  stat: false,
  json: false,
  nameOnly: false,
  nul: false,
  ...tree,
  ...common,
};
const verify = { command: 'verify', directory: '.', strict: false, json: false, ...tree, ...common };
const explain = { command: 'explain', names: ['a'], json: false, ...tree, ...common };

/** Returns the request of a command line in one object; only a command that selects a part of its answer has paths. */
function parsed(args: readonly string[]): object {
  const found = parseArguments(args);
  if ('text' in found) return found;
  const { paths, ...request } = found.request as { readonly paths: readonly string[] };
  const { name } = found.command.definition;
  return { command: name, ...request, ...(paths.length > 0 && { paths }), ...found.common };
}

function refusal(...args: string[]): string {
  return refusalOf(args).message;
}

function refusalOf(args: readonly string[]): CommandError {
  try {
    parseArguments(args);
  } catch (error) {
    if (error instanceof CommandError && error.exitCode === 2) return error;
    throw error;
  }
  throw new Error('the command line was accepted');
}

describe('parseArguments() reads', () => {
  it.each<[string[], object]>([
    [['snapshot'], snapshot],
    [['snapshot', 'dir'], { ...snapshot, directory: 'dir' }],
    [['snapshot', '\udcff'], { ...snapshot, directory: '\udcff' }],
    [['snapshot', '--json'], { ...snapshot, json: true }],
    [['snapshot', '--format', 'sha256sum'], { ...snapshot, format: 'sha256sum' }],
    [['snapshot', '--format', 'json'], { ...snapshot, format: 'json' }],
    [['status', '--format=json'], { command: 'status', directory: '.', ...difference, format: 'json' }],
    [['snapshot', '--format=ndjson'], { ...snapshot, format: 'ndjson' }],
    [['snapshot', '-o', 'file'], { ...snapshot, output: 'file' }],
    [['snapshot', '-o', '-'], { ...snapshot, output: '-' }],
    [['snapshot', '-o', 'file', '--format', 'ndjson'], { ...snapshot, format: 'ndjson', output: 'file' }],
    [['snapshot', '--save'], { ...snapshot, save: true }],
    [['snapshot', '--save', '-m', ''], { ...snapshot, save: true, note: '' }],
    [['snapshot', '--save', '-m', 'a b'], { ...snapshot, save: true, note: 'a b' }],
    [['status'], { command: 'status', directory: '.', ...difference }],
    [
      ['status', 'dir', '--exit-code', '--name-only', '-z', '--threads', '2', '--one-file-system'],
      {
        command: 'status',
        directory: 'dir',
        ...difference,
        exitCode: true,
        nameOnly: true,
        nul: true,
        threads: 2,
        oneFileSystem: true,
      },
    ],
    [
      ['status', '-q', '--', '-a'],
      { command: 'status', directory: '.', ...difference, quiet: true, paths: ['-a'] },
    ],
    [['diff', 'a'], { command: 'diff', before: 'a', ...difference }],
    [['diff', '-', 'b', '--json'], { command: 'diff', before: '-', after: 'b', ...difference, json: true }],
    [['log'], { command: 'log', directory: '.', json: false, ...common }],
    [['log', '-n', '2'], { command: 'log', directory: '.', limit: 2, json: false, ...common }],
    [['log', '-n2'], { command: 'log', directory: '.', limit: 2, json: false, ...common }],
    [['log', 'dir', '--json'], { command: 'log', directory: 'dir', json: true, ...common }],
    [
      ['show', 'latest', '-z'],
      { command: 'show', snapshot: 'latest', json: false, nameOnly: false, nul: true, ...common },
    ],
    [['snapshot', '--no-cache'], { ...snapshot, noCache: true }],
    [['snapshot', '--threads', '3'], { ...snapshot, threads: 3 }],
    [['snapshot', '--one-file-system'], { ...snapshot, oneFileSystem: true }],
    [['snapshot', '--gitignore'], { ...snapshot, gitignore: true }],
    [['snapshot', '--ignore-file', 'a', '--ignore-file=b'], { ...snapshot, ignoreFiles: ['a', 'b'] }],
    [['snapshot', '--exclude', '*.o', '--exclude=!a'], { ...snapshot, exclude: ['*.o', '!a'] }],
    [['snapshot', '--no-ignore'], { ...snapshot, noIgnore: true }],
    [
      ['snapshot', '-q', '--color', 'never', '--debug'],
      { ...snapshot, quiet: true, color: 'never', debug: true },
    ],
    [['--quiet', 'snapshot'], { ...snapshot, quiet: true }],
    [['snapshot', '--no-color'], { ...snapshot, noColor: true }],
    [['snapshot', '--no-color', '--color', 'always'], { ...snapshot, color: 'always' }],
    [['snapshot', '--color', 'always', '--no-color'], { ...snapshot, noColor: true }],
    [['-C', 'a', 'snapshot'], { ...snapshot, startIn: ['a'] }],
    [['-C', 'a', '-C', '', 'snapshot', 'b', '-Cc'], { ...snapshot, directory: 'b', startIn: ['a', '', 'c'] }],
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
    [['verify', '--threads', '3', '--one-file-system'], { ...verify, threads: 3, oneFileSystem: true }],
    [['verify', '--gitignore', '--ignore-file', 'a'], { ...verify, gitignore: true, ignoreFiles: ['a'] }],
    [['explain', 'a'], explain],
    [['explain', '--ignore-file', 'b', 'a'], { ...explain, ignoreFiles: ['b'] }],
    [['explain', 'a', '--gitignore'], { ...explain, gitignore: true }],
    [['explain', 'a', '\udcff', '--json'], { ...explain, names: ['a', '\udcff'], json: true }],
    [['explain', '--one-file-system', '--', '-a'], { ...explain, names: ['-a'], oneFileSystem: true }],
    [['cache', 'info'], { command: 'info', directory: '.', json: false, ...common }],
    [['cache', 'info', 'dir', '--json'], { command: 'info', directory: 'dir', json: true, ...common }],
    [['cache', 'clear', '-q'], { command: 'clear', directory: '.', ...common, quiet: true }],
  ])('%j', (args, request) => {
    expect(parsed(args)).toEqual(request);
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
    [['status', '--format', 'json', '--name-only'], /cannot be used with/],
    [['status', '--format', 'xml'], /Allowed choices are json/],
    [['status', '--json', '--format', 'json'], /cannot be used with/],
    [['log', '-n', '0'], /whole number above 0/],
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

  it.each<[string[], string]>([
    [['snapsht'], "see 'muse --help'"],
    [['snapsht', '--help'], "see 'muse --help'"],
    [['--jsn'], "see 'muse --help'"],
    [['status', '--jsn'], "see 'muse status --help'"],
    [['diff'], "see 'muse diff --help'"],
    [['cache', 'cleer'], "see 'muse cache --help'"],
    [['cache', 'info', '--x'], "see 'muse cache info --help'"],
    [['version'], "'muse --version' prints the version"],
  ])('%j, and names where to read more: %s', (args, advice) => {
    expect(refusalOf(args).advice).toBe(advice);
  });

  it('an argument by its name, and guesses no command for one that is an option', () => {
    expect(refusal('init', '')).toBe("invalid dir '': it must not be empty");
    expect(refusal('version')).toBe("unknown command 'version'");
  });

  it('in one line, whatever was typed', () => {
    expect(refusal('snap\nshot')).not.toContain('\n');
  });
});

describe('parseArguments() gives help', () => {
  it.each([['--help'], ['-h'], ['help']])('for muse %s', (arg) => {
    expect(parseArguments([arg])).toMatchObject({
      to: 'stdout',
      text: expect.stringMatching(/Usage: muse <command>[^]*Exit codes:[^]*Examples:/) as string,
    });
  });

  it.each(['init', 'snapshot', 'verify', 'explain', 'hash'])('with examples for %s', (command) => {
    const text = expect.stringMatching(
      new RegExp(`Usage: muse ${command} [^]*--quiet[^]*Examples:`),
    ) as string;
    expect(parseArguments([command, '--help'])).toEqual({ to: 'stdout', text });
    expect(parseArguments(['help', command])).toEqual({ to: 'stdout', text });
  });

  it.each(['info', 'clear'])('with examples for cache %s', (command) => {
    const text = expect.stringMatching(
      new RegExp(`Usage: muse cache ${command} [^]*--quiet[^]*Examples:`),
    ) as string;
    expect(parseArguments(['cache', command, '--help'])).toEqual({ to: 'stdout', text });
    expect(parseArguments(['help', 'cache', command])).toEqual({ to: 'stdout', text });
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

describe('treeOptionsOf()', () => {
  it.each(['gitignore', 'noIgnore', 'oneFileSystem'] as const)(
    'has %s only where it was given, so that a saved snapshot may decide it',
    (name) => {
      const others = { ignoreFiles: undefined, exclude: ['a'], trustOwners: undefined };
      const not = { gitignore: false, noIgnore: false, oneFileSystem: false };
      expect(treeOptionsOf({ ...others, ...not })[name]).toBeUndefined();
      expect(treeOptionsOf({ ...others, ...not, [name]: true })).toMatchObject({
        exclude: ['a'],
        [name]: true,
      });
    },
  );
});

describe('a command that is in the list', () => {
  const added = define({
    name: 'added',
    summary: 'do something new',
    description: 'Does something new.',
    arguments: {},
    options: { fast: flag('--fast', 'do it fast') },
    examples: [['muse added --fast', 'now']],
  });
  const all = [...commands, command(added, () => Promise.reject(new Error('not to be loaded')))];

  it('is parsed, and in help, without another word about it', () => {
    expect(parseArguments(['added', '--fast'], all)).toMatchObject({
      command: { definition: { name: 'added' } },
      request: { fast: true },
    });
    const text = (args: string[]): unknown => parseArguments(args, all);
    expect(text(['--help'])).toMatchObject({ text: expect.stringContaining('do something new') as string });
    expect(text(['added', '--help'])).toMatchObject({
      text: expect.stringMatching(/--fast +do it fast[^]*Examples:\n {2}muse added --fast +now/) as string,
    });
  });
});
