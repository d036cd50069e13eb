import { mkdir, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { tempDir } from '@muse/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { muse, noTerminal, onTerminal } from './muse.js';

const directory = tempDir();
/** Busy for longer than any test waits; no byte of it is on the disk. */
const endless = join(directory.path, 'endless');
/** Busy for about a second. */
const slow = join(directory.path, 'slow');
const output = join(directory.path, 'out');

beforeAll(async () => {
  await makeHoles(endless, 10, 10_000_000_000);
  await makeHoles(slow, 5, 200_000_000);
});

async function makeHoles(root: string, count: number, size: number): Promise<void> {
  await mkdir(join(root, '.muse/cache'), { recursive: true });
  for (let index = 0; index < count; index++) {
    const handle = await open(join(root, `hole-${index}`), 'w');
    await handle.truncate(size);
    await handle.close();
  }
}

afterAll(() => directory.remove());

describe('muse snapshot, interrupted while it hashes', () => {
  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('ends on %s with %i and leaves nothing behind', async (signal, code) => {
    const started = Date.now();
    const run = await muse(['snapshot', '--json', '-o', output, endless], { signals: [[signal, 1_500]] });
    expect(run).toMatchObject({ code, signal: null, stderr: '', stdout: Buffer.alloc(0) });
    expect(Date.now() - started).toBeLessThan(5_000);
    expect(await readdir(directory.path)).toEqual(['endless', 'slow']);
    expect(await readdir(join(endless, '.muse/cache'))).toEqual([]);
  });

  it('ends at once on the second SIGINT', async () => {
    const run = await muse(['snapshot', endless], {
      signals: [
        ['SIGINT', 1_500],
        ['SIGINT', 1_502],
      ],
    });
    expect(run).toMatchObject({ code: 130, stdout: Buffer.alloc(0) });
  });

  it('ends muse verify, too', async () => {
    const run = await muse(['verify', endless], { signals: [['SIGINT', 1_500]] });
    expect(run).toMatchObject({ code: 130, stderr: '', stdout: Buffer.alloc(0) });
    expect(await readdir(join(endless, '.muse/cache'))).toEqual([]);
  });

  it.skipIf(noTerminal)('gives the terminal its cursor back', async () => {
    const run = await onTerminal(
      `muse snapshot '${endless}' & sleep 2; kill -INT $!; wait $!; echo "exit $?"`,
    );
    const text = run.stdout.toString();
    expect(text).toContain('exit 130');
    expect(text.lastIndexOf('\x1b[?25h')).toBeGreaterThan(text.lastIndexOf('\x1b[?25l'));
  });
});

describe.skipIf(noTerminal)('muse snapshot on a terminal', () => {
  it('shows how far it is, and takes that away again', async () => {
    const { stdout, code } = await onTerminal(`muse snapshot --color never '${slow}'`);
    const text = stdout.toString();
    expect(text).toMatch(/hashing {2}\[=* *\] \d+ % {2}\d of 5 files {2}[\d.]+ \w?B of 1\.00 GB/);
    expect(text).toMatch(/ETA \d/);
    const end = text.slice(text.lastIndexOf('hashing'));
    expect(end).toMatch(/\x1b\[2K[^]*sha256:[0-9a-f]{64}\r\n5 files · 1\.00 GB/); // eslint-disable-line no-control-regex
    expect(code).toBe(0);
  });

  it('shows no progress with --quiet', async () => {
    const { stdout } = await onTerminal(`muse snapshot --quiet '${slow}'`);
    expect(stdout.toString()).toMatch(/^sha256:[0-9a-f]{64}\r\n$/);
  });
});
