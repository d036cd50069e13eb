import { makeTree, removeTree, type TempDir } from '@muse/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { lines, muse, noTerminal, onTerminal } from './muse.js';
import { edit, editLines, museTree, save, spec } from './saved-trees.js';

const escape = '\x1b';
let root: string;

beforeAll(async () => {
  root = await makeTree({
    'a\x1b[31m\x7f\u202e': 'a',
    ...(process.platform === 'linux' ? { '\udcff': 'b' } : {}),
  });
});

afterAll(() => removeTree(root));

async function shown(command: string, env: Record<string, string> = {}): Promise<string> {
  return (await onTerminal(command, { cwd: root, env })).stdout.toString().replaceAll('\r\n', '\n');
}

describe.skipIf(noTerminal)('muse on a terminal', () => {
  it('shows names without their control characters', async () => {
    const text = await shown('muse snapshot -q --format sha256sum');
    expect(text).toContain('  a\\x1b[31m\\x7f\\u{202e}\n');
    expect(text).not.toContain(escape);
  });

  it('shows JSON that is still the same JSON', async () => {
    const text = await shown('muse snapshot -q --json');
    expect(text).not.toMatch(/\x1b|\x7f|\u202e/); // eslint-disable-line no-control-regex
    const onPipe = await muse(['snapshot', '-q', '--json', '--threads', '1'], { cwd: root });
    const { manifest } = JSON.parse(onPipe.stdout.toString()) as { manifest: object };
    expect((JSON.parse(text) as { manifest: object }).manifest).toEqual(manifest);
  });

  it('colours messages, unless it is told not to', async () => {
    expect(await shown('muse hash missing')).toContain(escape);
    expect(await shown('muse hash missing', { NO_COLOR: '1' })).not.toContain(escape);
    expect(await shown('muse hash missing --color never')).not.toContain(escape);
    expect(await shown('muse hash missing', { TERM: 'dumb' })).not.toContain(escape);
    expect(await shown('muse hash missing --color always', { NO_COLOR: '1' })).toContain(escape);
  });
});

describe.skipIf(noTerminal)('what is for people on a terminal', () => {
  const note =
    'a long note 漢字漢字漢字 that goes on and on over the width of many a terminal, and then a little';
  let tree: TempDir;

  beforeAll(async () => {
    tree = await museTree(spec);
    await save(tree, note);
    await muse(['snapshot', 'd', '--save', '-m', 'inner'], { cwd: tree.path });
    await edit(tree);
  });

  afterAll(() => tree[Symbol.asyncDispose]());

  const linesOn = async (command: string, columns: number, env = {}): Promise<string[]> => {
    const { stdout } = await onTerminal(command, { cwd: tree.path, columns, env });
    return lines(stdout.toString().replaceAll('\r\n', '\n'));
  };

  it.each([40, 80, 200])('has a line for each saved snapshot that fits into %d columns', async (columns) => {
    const shownLines = (await linesOn('muse log --no-color', columns)).map((line) =>
      line.replace(/[漢字]/g, '00'),
    );
    expect(shownLines).toHaveLength(2);
    for (const line of shownLines) {
      expect(line).toMatch(/^[0-9a-f]{12} {2}2\d{3}-\d\d-\d\d/);
      expect(line.length).toBeLessThanOrEqual(columns);
    }
    expect(shownLines[0]).toMatch(/ {2}of d {2}inner$/);
    expect(shownLines[1]).toMatch(
      columns < 200 ? / {2}latest {2}a.*…$/ : / {2}latest {2}a long note .*little$/,
    );
    if (columns >= 80) expect(shownLines[1]).toMatch(/4 files {2}11 B {2}latest/);
  });

  it.each([40, 80])('shows files behind ids of twelve digits in %d columns', async (columns) => {
    const shownLines = await linesOn('muse show latest --no-color', columns);
    expect(shownLines[0]).toMatch(/^snapshot {2}sha256:[0-9a-f]{12}$/);
    expect(shownLines.slice(-4).map((line) => line.replace(/^[0-9a-f]{12} {2}/, ''))).toEqual([
      'a',
      'd/e',
      'gone',
      'moved',
    ]);
  });

  it.each([40, 80])('has help that fits into %d columns', async (columns) => {
    for (const words of ['--help', 'diff --help', 'help cache info', 'forget -h']) {
      const help = await linesOn(`muse ${words}`, columns);
      expect(help.filter((line) => line.length > columns)).toEqual([]);
      expect(Math.max(...help.map((line) => line.length))).toBeGreaterThan(columns - 10);
    }
  });

  it('colours the kinds of an answer under the same rules as messages', async () => {
    const status = 'muse status -q';
    const words = editLines.map((line) => line.split('  ')[0]?.trim());
    const colored = /^\x1b\[(\d\d)m(\w+) *\x1b\[39m/; // eslint-disable-line no-control-regex
    const found = (await linesOn(status, 80)).map((line) => colored.exec(line)?.slice(1, 3));
    expect(found.map((each) => each?.[1])).toEqual(words);
    expect(new Set(found.map((each) => each?.[0])).size).toBe(4);
    expect(await linesOn(status, 80, { NO_COLOR: '1' })).toEqual(editLines);
    expect(await linesOn(`${status} --no-color`, 80)).toEqual(editLines);
    expect(await linesOn(`${status} --color never`, 80)).toEqual(editLines);
    for (const command of [
      'muse log',
      'muse show latest',
      'muse explain a',
      'muse diff latest',
      'muse verify',
    ]) {
      // One that takes long shows how far it is, without a colour.
      const text = (await linesOn(command, 80, { NO_COLOR: '1' })).join('');
      expect(text).not.toMatch(/\x1b\[[\d;]*m/); // eslint-disable-line no-control-regex
    }
    for (const command of ['log', 'show latest', 'explain a', 'diff latest', 'verify --against latest']) {
      expect((await linesOn(`muse ${command} -q`, 80)).join('')).toContain(escape);
    }
    const piped = await muse(['status', '-q'], { cwd: tree.path });
    expect(lines(piped.stdout)).toEqual(editLines);
    const forced = await muse(['status', '-q', '--color=always'], { cwd: tree.path });
    expect(forced.stdout.toString()).toContain(escape);
  });
});

describe('muse without a terminal', () => {
  it('writes no escape sequence of its own', async () => {
    const run = await muse(['snapshot', 'missing'], { cwd: root });
    expect(run.stderr).not.toContain(escape);
  });

  it('colours messages when it is told to', async () => {
    const run = await muse(['snapshot', 'missing', '--color=always'], { cwd: root });
    expect(run.stderr).toContain(escape);
    expect(lines(run.stderr)).toHaveLength(1);
  });

  it('writes names raw', async () => {
    const run = await muse(['snapshot', '-q', '--format', 'sha256sum'], { cwd: root });
    expect(run.stdout.toString()).toContain('  a\x1b[31m\x7f\u202e\n');
  });
});
