import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { effort, fifo, makeTree, removeTree, symlink } from '@muse/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { lines, muse, noTerminal, onTerminal, shell } from './muse.js';

const linux = process.platform === 'linux';
let root: string;

beforeAll(async () => {
  root = await makeTree({
    'a.txt': 'a',
    'b.txt': 'b',
    empty: '',
    '-dash': 'dash',
    link: symlink('a.txt'),
    dangling: symlink('nowhere'),
    directory: { file: 'x' },
    pipe: fifo(),
    ...(linux ? { '\udcff': 'bytes', 'esc\x1b[31m\u202e': 'hostile', 'line\nfeed': 'two lines' } : {}),
  });
});

afterAll(() => removeTree(root));

function id(content: string | Uint8Array): string {
  return `sha256:${createHash('sha256').update(content).digest('hex')}`;
}

describe('muse hash', () => {
  it('prints id and name of each file, in the order given', async () => {
    const run = await muse(['hash', 'b.txt', 'empty', 'a.txt'], { cwd: root });
    expect(run.stdout.toString()).toBe(`${id('b')}  b.txt\n${id('')}  empty\n${id('a')}  a.txt\n`);
    expect(run).toMatchObject({ code: 0, stderr: '' });
  });

  it('takes the names as they were given', async () => {
    const run = await muse(['hash', join(root, 'a.txt'), './a.txt', '--', '-dash'], { cwd: root });
    expect(lines(run.stdout)).toEqual([
      `${id('a')}  ${join(root, 'a.txt')}`,
      `${id('a')}  ./a.txt`,
      `${id('dash')}  -dash`,
    ]);
  });

  it('follows a link that is named', async () => {
    expect((await muse(['hash', 'link'], { cwd: root })).stdout.toString()).toBe(`${id('a')}  link\n`);
  });

  it('names a file that fails, prints the others, and exits with 3', async () => {
    const run = await muse(['hash', 'a.txt', 'missing', 'directory', 'b.txt'], { cwd: root });
    expect(lines(run.stdout)).toEqual([`${id('a')}  a.txt`, `${id('b')}  b.txt`]);
    expect(lines(run.stderr)).toEqual([
      expect.stringMatching(/^muse: cannot hash missing: no such file or directory \(ENOENT\); /),
      expect.stringMatching(
        /^muse: cannot hash directory: it is not a regular file; name the files in it, or run: muse snapshot directory$/,
      ),
    ]);
    expect(run.code).toBe(3);
  });

  it.each(['missing', 'directory', 'dangling', 'pipe', ''])(
    'exits with 4 when only %j was asked for',
    async (name) => {
      const run = await muse(['hash', name], { cwd: root });
      expect(lines(run.stderr)).toHaveLength(1);
      expect(run).toMatchObject({ code: 4, stdout: Buffer.alloc(0) });
    },
  );

  it('says what kept it from a file even with --quiet', async () => {
    expect((await muse(['hash', '-q', 'missing'], { cwd: root })).stderr).toContain('ENOENT');
  });

  it('does not wait for somebody to write to a pipe', async () => {
    const run = await muse(['hash', 'pipe'], { cwd: root });
    expect(run.stderr).toContain('it is not a regular file');
  });
});

describe.runIf(linux)('muse hash with names that are not text', () => {
  it('finds a file by bytes that are not UTF-8, and prints them raw', async () => {
    const run = await shell(`muse hash "$(printf '\\377')"`, { cwd: root });
    expect(run.stdout).toEqual(Buffer.concat([Buffer.from(`${id('bytes')}  `), Buffer.of(0xff, 0x0a)]));
    expect(run.code).toBe(0);
  });

  it('finds it below a working directory with such a name, too', async () => {
    const run = await shell(
      `d="$(printf 'd\\376')"; mkdir "$d" && cd "$d" && printf x > f && muse hash f && rm f && rmdir "../$d"`,
      { cwd: root },
    );
    expect(run.stdout.toString()).toBe(`${id('x')}  f\n`);
  });

  it('prints names raw where stdout is no terminal', async () => {
    const run = await muse(['hash', 'esc\x1b[31m\u202e'], { cwd: root });
    expect(run.stdout.toString()).toBe(`${id('hostile')}  esc\x1b[31m\u202e\n`);
  });

  it('names a missing file without its control characters', async () => {
    const run = await shell(`muse hash "$(printf 'x\\033[31m\\377')"`, { cwd: root });
    expect(run.stderr).toContain('cannot hash x\\x1b[31m\\xff: no such file');
  });

  it.skipIf(noTerminal)('shows names without their control characters on a terminal', async () => {
    const run = await onTerminal(
      `muse hash "$(printf 'esc\\033[31m\\342\\200\\256')" "$(printf 'line\\nfeed')"`,
      {
        cwd: root,
      },
    );
    expect(lines(run.stdout.toString().replaceAll('\r\n', '\n'))).toEqual([
      `${id('hostile')}  esc\\x1b[31m\\u{202e}`,
      `${id('two lines')}  line\\x0afeed`,
    ]);
  });
});

describe('muse hash -', () => {
  it('reads stdin', async () => {
    const run = await muse(['hash', 'a.txt', '-'], { cwd: root, input: 'from stdin' });
    expect(lines(run.stdout)).toEqual([`${id('a')}  a.txt`, `${id('from stdin')}  -`]);
  });

  it('reads a stdin that is a file, or nothing', async () => {
    expect((await shell('muse hash - < a.txt', { cwd: root })).stdout.toString()).toBe(`${id('a')}  -\n`);
    expect((await shell('muse hash - < /dev/null')).stdout.toString()).toBe(`${id('')}  -\n`);
  });

  it('takes a directory on stdin for the error it is', async () => {
    const run = await shell('muse hash - < .', { cwd: root });
    expect(run.stderr).toContain('cannot hash stdin: illegal operation on a directory (EISDIR)');
    expect(run.code).toBe(4);
  });

  it('hashes more than fits in memory', async () => {
    const file = join(root, 'large');
    const handle = await open(file, 'w');
    await handle.truncate(effort(200_000_000, 600_000_000));
    await handle.close();
    const run = await shell('muse hash - < large && muse hash large', {
      cwd: root,
      env: { NODE_OPTIONS: '--max-old-space-size=40' },
    });
    const [fromStdin = '', fromFile = ''] = lines(run.stdout);
    expect(fromStdin.split('  ')[0]).toBe(fromFile.split('  ')[0]);
    expect(run.code).toBe(0);
  });

  it.each(['SIGINT', 'SIGTERM'] as const)('dies of %s while it waits for input', async (signal) => {
    const run = await muse(['hash', '-'], { signals: [[signal, 1_500]] });
    expect(run).toMatchObject({ code: null, signal, stderr: '', stdout: Buffer.alloc(0) });
  });
});
