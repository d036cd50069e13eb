import { spawnSync } from 'node:child_process';
import { watch } from 'node:fs';
import { mkdir, open, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { effort, fifo, makeTree, tempDir } from '@muse/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { main, muse, noTerminal, onTerminal, shell, startMuse, type Run } from './muse.js';

const linux = process.platform === 'linux';
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
const directory = tempDir();
/** Busy for longer than any test waits; no byte of it is on the disk. */
const endless = join(directory.path, 'endless');
/** Busy for about a second. */
const slow = join(directory.path, 'slow');
const pipe = join(directory.path, 'pipe');
const quick = join(directory.path, 'quick');
/** Takes the system some milliseconds to write. */
const many = join(directory.path, 'many');

beforeAll(async () => {
  await makeHoles(endless, 4, 64 * 2 ** 30);
  await makeHoles(slow, 5, 200_000_000);
  await makeTree({ pipe: fifo(), 'quick/a': 'a' }, directory.path);
  const name = 'x'.repeat(180);
  await makeTree(
    new Map(Array.from({ length: 5000 }, (_, i) => [`many/${i}-${name}`, ''] as const)),
    directory.path,
  );
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

/** Runs the same command once for each signal, which comes after it has begun to wait. */
async function ended(args: readonly string[]): Promise<Run[]> {
  return Promise.all(signals.map((signal) => muse(args, { signals: [[signal, 1_000]] })));
}

const byTheSignal = signals.map((signal) => ({ code: null, signal, stderr: '', stdout: Buffer.alloc(0) }));

describe.skipIf(process.platform === 'win32')(
  'SIGINT, SIGTERM and SIGHUP end, by their default action,',
  () => {
    it.each([
      ['hashing on threads', ['snapshot', '--json', '-o', join(directory.path, 'out'), endless]],
      ['hashing on the main thread', ['snapshot', '--threads', '1', endless]],
      ['verifying', ['verify', endless]],
      ['waiting for a pipe to be opened for reading', ['show', pipe]],
      ['waiting for a pipe to be opened for writing', ['snapshot', '-q', '-o', pipe, quick]],
      ['waiting for stdin', ['hash', '-']],
    ])('%s', async (_case, args) => {
      expect(await ended(args)).toEqual(byTheSignal);
      expect((await readdir(directory.path)).sort()).toEqual(['endless', 'many', 'pipe', 'quick', 'slow']);
      expect(await readdir(join(endless, '.muse/cache'))).toEqual([]);
    });

    it('waiting for a reader that stopped', async () => {
      for (const signal of signals) {
        const run = await muse(['snapshot', '--json', '-q', many], {
          unread: true,
          signals: [[signal, 1_000]],
        });
        expect(run).toMatchObject({ code: null, signal, stderr: '' });
      }
    });

    it.skipIf(noTerminal)('and leave the terminal as it was', async () => {
      const run = await onTerminal(
        `muse snapshot '${endless}' & read -r line; kill -INT $!; wait $!; echo "exit $?"`,
        { reply: [/listing|hashing/, 'enough'] },
      );
      const text = run.stdout.toString();
      expect(text).toContain('exit 130');
      expect(text).not.toMatch(/\x1b\[\?(?:25l|7l)/); // eslint-disable-line no-control-regex
    });
  },
);

describe.runIf(linux)('a signal that comes while a temporary file exists', () => {
  it.each([
    ['-o', '', ['snapshot', '-q', '--json', '-o', join(many, 'out'), many]],
    ['the cache', '.muse/cache', ['snapshot', '-q', many]],
    ['a saved snapshot', '.muse/snapshots', ['snapshot', '-q', '--save', '--no-cache', many]],
  ])('ends the process after that of %s is removed', async (_case, place, args) => {
    const watched = join(many, place);
    await mkdir(join(many, '.muse/cache'), { recursive: true });
    await mkdir(watched, { recursive: true });
    const enough = effort(1, 5);
    for (const signal of signals) {
      let hits = 0;
      for (let tries = 0; hits < enough && tries < 60; tries++) {
        await rm(join(many, '.muse/cache/stat.json'), { force: true });
        const child = startMuse(args);
        const watcher = watch(watched, (_event, name) => {
          if (name?.endsWith('.tmp')) child.kill(signal);
        });
        const run = await child.ended;
        watcher.close();
        expect([run.code, run.signal]).toSatisfy(
          ([code, by]) => (code === 0 && by === null) || (code === null && by === signal),
        );
        if (run.signal === signal) hits++;
        expect((await readdir(watched)).filter((name) => name.endsWith('.tmp'))).toEqual([]);
      }
      expect(hits).toBe(enough);
    }
  });
});

describe.runIf(linux)('a SIGHUP that was ignored at the start', () => {
  const noBash = spawnSync('bash', ['-c', 'nohup true']).status !== 0;
  const isThere = (pid: string) => `[ -e /proc/${pid}/exe ]`;
  /** Waits until a process reads the tree, by when it has done what it does about signals, or has ended. */
  const untilReading = (pid: string) =>
    `while ${isThere(pid)} && ! ls -l /proc/${pid}/fd 2>&1 | grep -q hole-; do sleep 0.02; done`;

  it.skipIf(noBash)('stays so where nohup says so to bash', async () => {
    const run = await shell(
      `bash -c 'nohup "$0" "$@"; true' '${process.execPath}' '${main}' snapshot --no-cache '${slow}' &
       while ${isThere('$!')} && ! pid=$(pgrep -P $!); do sleep 0.02; done
       ${untilReading('$pid')}; pkill -HUP -P $!; wait`,
    );
    expect(run.stdout.toString()).toMatch(/^sha256:/);
  });

  it('stays so where the shell ignores it', async () => {
    const run = await shell(
      `trap '' HUP; '${process.execPath}' '${main}' snapshot --no-cache '${slow}' &
       ${untilReading('$!')}; kill -HUP $!; wait $!`,
    );
    expect(run.stdout.toString()).toMatch(/^sha256:/);
    expect(run.code).toBe(0);
  });
});

/** The words before a command that is to be the first process of its own, if the system lets it. */
const asFirst = [[], ['-U', '-r']]
  .map((more) => ['unshare', ...more, '-p', '-f', '--kill-child'])
  .find(([program = '', ...words]) => spawnSync(program, [...words, 'true']).status === 0);

describe.skipIf(asFirst === undefined)('as the first process of a container', () => {
  const alone = asFirst?.join(' ') ?? '';
  const command = `${alone} '${process.execPath}' '${main}'`;

  it('answers, and fails, as any other', async () => {
    const run = await shell(`${command} snapshot -q .; ${command} snapshot -q missing; echo "exit $?"`, {
      cwd: quick,
    });
    expect(run.stdout.toString()).toMatch(/^sha256:[0-9a-f]{64}\nexit 4\n$/);
    expect(run.stderr).toMatch(/^muse: cannot take a snapshot of missing: no such file [^\n]*\n$/);
  });

  it.each([
    ['INT', 130],
    ['TERM', 143],
    ['HUP', 129],
  ] as const)('ends on SIG%s with %i, whatever it waits for', async (signal, code) => {
    // Until it has said what to do about a signal, the system lets none get through.
    const run = await shell(
      `for words in "show ${pipe}" "snapshot ${endless}"; do
         ${command} $words & first=$!; sleep 1
         while pkill -${signal} -P $first; sleep 0.1; do true; done & wait $first; echo "exit $?"; kill $!
       done`,
    );
    expect(run.stdout.toString()).toBe(`exit ${code}\n`.repeat(2));
  });
});

describe.skipIf(noTerminal)('muse snapshot on a terminal', () => {
  it('shows how far it is, and takes that away again', async () => {
    const { stdout, code } = await onTerminal(`muse snapshot --no-cache --color never '${slow}'`);
    const text = stdout.toString();
    expect(text).toMatch(/hashing {2}\[=* *\] \d+ % {2}\d of 5 files {2}[\d.]+ \w?B of 1\.00 GB/);
    const end = text.slice(text.lastIndexOf('hashing'));
    expect(end).toMatch(/\x1b\[2K[^]*sha256:[0-9a-f]{64}\r\n5 files · 1\.00 GB/); // eslint-disable-line no-control-regex
    expect(code).toBe(0);
  });

  it('shows no progress with --quiet', async () => {
    const { stdout } = await onTerminal(`muse snapshot --quiet '${slow}'`);
    expect(stdout.toString()).toMatch(/^sha256:[0-9a-f]{64}\r\n$/);
  });
});
