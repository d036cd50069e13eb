import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeTree, removeTree, tempDir } from '@muse/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { lines, shell } from './muse.js';

const linux = process.platform === 'linux';
const files = 12_000;
let root: string;

beforeAll(async () => {
  const name = 'x'.repeat(180);
  root = await makeTree(
    new Map(Array.from({ length: files }, (_, index) => [`${index}-${name}`, String(index)] as const)),
  );
});

afterAll(() => removeTree(root));

describe('muse snapshot --json on stdout', () => {
  it('arrives whole through a pipe with a slow reader', async () => {
    const run = await shell(`muse snapshot --json | { sleep 1; cat; }`, { cwd: root });
    const document = JSON.parse(run.stdout.toString()) as { manifest: object };
    expect(run.stdout.length).toBeGreaterThan(3_000_000);
    expect(Object.keys(document.manifest)).toHaveLength(files);
  });

  it('ends in silence with 141 when the reader goes away', async () => {
    const run = await shell(`{ muse snapshot --json -q; echo "exit $?" >&2; } | head -c 1`, { cwd: root });
    expect(run.stdout.toString()).toBe('{');
    expect(run.stderr).toBe('exit 141\n');
  });

  it.runIf(linux)('fails when the disk is full', async () => {
    const run = await shell('muse snapshot --json -q > /dev/full', { cwd: root });
    expect(lines(run.stderr)).toEqual([
      'muse: cannot write to stdout: no space left on device (ENOSPC); make room and try again',
    ]);
    expect(run.code).toBe(4);
  });

  it.runIf(linux)('fails when the system takes only a part', async () => {
    await using directory = tempDir();
    const run = await shell(`ulimit -f 16; muse snapshot --json -q '${root}' > '${directory.path}/out'`);
    expect(run.stderr).toMatch(/^muse: cannot write to stdout: file too large \(EFBIG\)/);
    expect(run.code).toBe(4);
  });

  it('arrives whole in a file', async () => {
    await using directory = tempDir();
    await shell(`muse snapshot --json '${root}' > '${directory.path}/out'`);
    const document = JSON.parse(await readFile(join(directory.path, 'out'), 'utf8')) as { files: number };
    expect(document.files).toBe(files);
  });

  it('is appended where the shell appends', async () => {
    await using directory = tempDir();
    const run = await shell('echo first > out; muse snapshot -q . >> out; cat out', { cwd: directory.path });
    expect(lines(run.stdout)).toEqual(['first', expect.stringMatching(/^sha256:[0-9a-f]{64}$/)]);
  });
});

describe('muse with stderr closed', () => {
  it.runIf(linux)('still answers', async () => {
    const run = await shell(
      'muse snapshot 2>&-; echo "exit $?"; muse snapshot 2> /dev/full; echo "exit $?"',
      { cwd: root },
    );
    expect(lines(run.stdout).filter((line) => line.startsWith('exit'))).toEqual(['exit 0', 'exit 0']);
  });
});

describe('muse --version on stdout', () => {
  it.runIf(linux)('fails as any command does when it cannot be written', async () => {
    const full = await shell('muse --version > /dev/full');
    expect(lines(full.stderr)).toEqual([
      'muse: cannot write to stdout: no space left on device (ENOSPC); make room and try again',
    ]);
    expect(full.code).toBe(4);
    const untilGone = `(trap '' PIPE; while echo; do sleep 0.1; done) 2> /dev/null`;
    const gone = await shell(`{ ${untilGone}; muse --version; echo "exit $?" >&2; } | true`);
    expect(gone.stderr).toBe('exit 141\n');
  });
});
