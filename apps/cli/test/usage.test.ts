import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { makeTree, tempDir } from '@muse/testkit';
import { describe, expect, it } from 'vitest';
import { lines, muse, shell } from './muse.js';

describe('muse', () => {
  it('prints its version', async () => {
    const run = await muse(['--version']);
    expect(run.stdout.toString()).toMatch(/^\d+\.\d+\.\d+\S*\n$/);
    expect(run).toMatchObject({ code: 0, stderr: '' });
  });

  it.each([
    ['--help'],
    ['help'],
    ['snapshot', '--help'],
    ['help', 'hash'],
    ['help', 'cache', 'clear'],
    ['status', '--help'],
    ['diff', '--help'],
    ['log', '--help'],
    ['show', '--help'],
  ])('prints help for %j', async (...args) => {
    const run = await muse(args);
    expect(run.stdout.toString()).toContain('Examples:');
    expect(run).toMatchObject({ code: 0, stderr: '' });
  });

  it('prints help on stderr when it is told nothing', async () => {
    const run = await muse([]);
    expect(run.stderr).toContain('Usage: muse <command>');
    expect(run).toMatchObject({ code: 2, stdout: Buffer.alloc(0) });
  });

  it.each([
    [['snapshto'], 'Did you mean snapshot?'],
    [['snapshot', '--jsn'], 'Did you mean --json?'],
    [['snapshot', 'a', 'b'], 'too many arguments'],
    [['snapshot', '--json', '--format', 'ndjson'], 'cannot be used with'],
    [['snapshot', '--threads', '0'], 'whole number above 0'],
    [['hash'], 'missing required argument'],
    [['explain'], 'missing required argument'],
    [['verify', '--sample', '1'], 'must be a percentage'],
    [['cache', 'cler'], 'Did you mean clear?'],
    [['statsu'], 'Did you mean status?'],
    [['snapshot', '-m', 'x'], "needs '--save'"],
  ])('refuses %j in one line', async (args, hint) => {
    const run = await muse(args);
    expect(run.stderr).toContain(hint);
    expect(lines(run.stderr)).toHaveLength(1);
    expect(run).toMatchObject({ code: 2, stdout: Buffer.alloc(0) });
  });

  it('shows what was typed without its control characters', async () => {
    const run = await muse(['snap\x1b[31m\u202e']);
    expect(run.stderr).toContain('snap\\x1b[31m\\u{202e}');
    expect(run.code).toBe(2);
  });

  it('shows where in the program an error is from with --debug alone', async () => {
    expect((await muse(['hash', '/nowhere'])).stderr).not.toMatch(/\.js:\d+/);
    expect((await muse(['hash', '/nowhere', '--debug'])).stderr).toMatch(/\.js:\d+/);
  });

  it('starts in another directory with -C, each from the one before it, as git does', async () => {
    await using tree = tempDir();
    await makeTree({ a: { b: { c: 'c' } } }, tree.path);
    const name = (...args: string[]) => muse([...args, 'hash', 'c'], { cwd: tree.path });
    expect(await name('-C', 'a', '-C', '', '-C', 'b')).toMatchObject({ code: 0, stderr: '' });
    expect((await muse(['hash', 'b/c', '-C', join(tree.path, 'a')])).code).toBe(0);
    const missing = await name('-C', 'b');
    expect(missing).toMatchObject({ code: 4, stdout: Buffer.alloc(0) });
    expect(missing.stderr).toBe(
      'muse: cannot change to b: no such file or directory (ENOENT); check the spelling\n',
    );
  });

  it.runIf(process.platform === 'linux')('starts in a directory whose name is not UTF-8', async () => {
    await using tree = tempDir();
    await makeTree({ '\udcff': { c: 'c' } }, tree.path);
    const run = await shell('muse -C "$(printf \'\\377\')" hash c', { cwd: tree.path });
    expect(run).toMatchObject({ code: 0, stderr: '' });
  });

  it.each([[['--version']], [['--help']], [['snapshot', '--help']], [['cache']], [['snapshto']]])(
    'loads no engine for %j',
    async (args) => {
      await using coverage = tempDir();
      await muse(args, { env: { NODE_V8_COVERAGE: coverage.path } });
      const ours = (await loadedModules(coverage.path)).filter((url) => url.includes('/cli/dist/'));
      const texts = await Promise.all(ours.map((url) => readFile(fileURLToPath(url), 'utf8')));
      expect(texts.join('').includes('CommanderError')).toBe(args[0] !== '--version');
      expect(texts.join('')).not.toMatch(/class (StatCache|TreeScan)\b|_SingleBar/);
    },
  );
});

describe('a plain snapshot', () => {
  it('loads nothing that only other commands need', async () => {
    await using tree = tempDir();
    await using coverage = tempDir();
    await makeTree({ a: 'a' }, tree.path);
    await muse(['init'], { cwd: tree.path });
    for (const args of [['snapshot'], ['snapshot', '-q'], ['hash', 'a']]) {
      const run = await muse(args, { cwd: tree.path, env: { NODE_V8_COVERAGE: coverage.path } });
      expect(run.code).toBe(0);
    }
    const ours = (await loadedModules(coverage.path)).filter((url) => url.includes('/cli/dist/'));
    const texts = await Promise.all(ours.map((url) => readFile(fileURLToPath(url), 'utf8')));
    expect(texts.join('')).toContain('function createSnapshot');
    expect(texts.join('')).not.toMatch(
      /CommanderError|function (?:decodeSaved|notKept|helpOf|statLines|shortened|tomlPositions)\b|class PatternRules\b/,
    );
  });
});

/** The addresses of the modules that ran, from a directory given as `NODE_V8_COVERAGE`. */
async function loadedModules(directory: string): Promise<string[]> {
  const reports = (await readdir(directory)).filter((name) => name.startsWith('coverage-'));
  const texts = await Promise.all(reports.map((name) => readFile(join(directory, name), 'utf8')));
  return texts.flatMap((text) =>
    (JSON.parse(text) as { result: { url: string }[] }).result.map(({ url }) => url),
  );
}
