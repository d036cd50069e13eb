import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  constants,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import {
  changeLines,
  fifo,
  giveToOrdinaryUser,
  type ListedPaths,
  makeTree,
  ordinaryUser,
  tempDir,
  type TempDir,
} from '@muse/testkit';
import { nativeEngine } from '@muse/walker/scan';
import { describe, expect, it, onTestFinished } from 'vitest';
import { errors, errorsAsPublished } from './json-schemas.js';
import { lines, main, muse, noOrdinaryUser, noTerminal, shell } from './muse.js';

const linux = process.platform === 'linux';
const hasNative = (await nativeEngine(undefined)) !== undefined;
const engines = hasNative ? ['native', 'typescript'] : ['typescript'];

/** A line that `muse watch` printed. */
interface Line extends ListedPaths {
  readonly event: 'start' | 'change';
  readonly by: 'scan' | 'events';
  readonly snapshot_id?: string;
  readonly complete: boolean;
  readonly files: number;
  readonly problems: readonly unknown[];
}

interface Watching {
  readonly child: ChildProcess;
  /** Resolves with the next line, once it has come. */
  next(): Promise<Line>;
  /** Resolves with how the process ended, and all of stderr. */
  readonly ended: Promise<{ code: number | null; signal: NodeJS.Signals | null; stderr: string }>;
}

interface WatchOptions {
  readonly cwd?: string;
  readonly engine?: string;
  readonly ordinary?: boolean;
  /** Reads nothing until `next` is called. */
  readonly unread?: boolean;
}

/** Starts `muse watch`, which is ended with the test at the latest. Each line is checked against its schema. */
function watch(args: readonly string[], { cwd, engine, ordinary, unread }: WatchOptions = {}): Watching {
  const child = spawn(process.execPath, [main, 'watch', ...args], {
    cwd,
    env: { ...process.env, MUSE_ENGINE: engine },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(ordinary === true ? ordinaryUser() : {}),
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  let reading: NodeJS.AsyncIterator<string, undefined> | undefined;
  const read = () => (reading ??= createInterface({ input: child.stdout })[Symbol.asyncIterator]());
  if (unread !== true) read();
  return {
    child,
    next: async () => {
      const result = await read().next();
      if (result.done === true) throw new Error(`muse watch has ended: ${stderr}`);
      const line = JSON.parse(result.value) as Line;
      expect(errors('watch', line)).toEqual([]);
      expect(errorsAsPublished('watch', line)).toEqual([]);
      return line;
    },
    ended: new Promise((resolve) => {
      child.once('close', (code, signal) => {
        resolve({ code, signal, stderr });
      });
    }),
  };
}

/** Makes changes while `muse watch` is stopped, so that it sees all of them at once. */
function whileStopped({ child }: Watching, change: () => void): void {
  child.kill('SIGSTOP');
  const state = () => readFileSync(`/proc/${child.pid}/status`, 'utf8');
  while (linux && !/^State:\tT/m.test(state()));
  change();
  child.kill('SIGCONT');
}

/** Makes two events so many times: in turn, because the system keeps one event of several that are equal. */
function chmodInTurns(root: string, times: number): void {
  for (let time = 0; time < times; time++)
    for (const name of ['a', 'src/b']) chmodSync(join(root, name), 0o600);
}

/** Returns all that is in a pipe which does not block. */
function readAll(pipe: number): string {
  const buffer = Buffer.alloc(1 << 16);
  let text = '';
  try {
    for (let bytes; (bytes = readSync(pipe, buffer)) > 0;) text += buffer.toString('latin1', 0, bytes);
  } catch (error) {
    expect(error).toMatchObject({ code: 'EAGAIN' });
  }
  return text;
}

/** Fills a pipe which does not block with line feeds. */
function fill(pipe: number): void {
  try {
    for (;;) writeSync(pipe, '\n');
  } catch (error) {
    expect(error).toMatchObject({ code: 'EAGAIN' });
  }
}

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** A shell command that waits until `muse watch` has written its first line to a file, which need not be there yet. */
const untilStarted = (file: string) => `until grep -qs start ${file}; do sleep 0.1; done`;

async function tree(): Promise<TempDir> {
  const directory = tempDir();
  await makeTree({ root: { a: 'a', 'src/b': 'b' } }, directory.path);
  return directory;
}

describe.each(engines)('muse watch with the %s engine', (engine) => {
  const by = engine === 'native' ? 'events' : 'scan';
  const warned =
    engine === 'native'
      ? ''
      : (expect.stringMatching(
          /^muse: warning: Cannot watch ".*": the native engine, .* not in use; each snapshot is taken by a scan\n$/,
        ) as string);

  it('prints the tree as it is, then each change, with the ids that snapshots have', async () => {
    await using place = await tree();
    const root = join(place.path, 'root');
    const watching = watch([root], { engine });
    const start = await watching.next();
    expect(start).toMatchObject({ event: 'start', by: 'scan', complete: true, files: 2, bytes: 2 });
    expect(changeLines(start)).toEqual([]);
    whileStopped(watching, () => {
      writeFileSync(join(root, 'src/b'), 'edited');
      mkdirSync(join(root, 'new/deep'), { recursive: true });
      writeFileSync(join(root, 'new/deep/\u001b[2J'), 'new');
    });
    const change = await watching.next();
    expect(change).toMatchObject({ event: 'change', by, complete: true, files: 3, bytes: 10 });
    expect(changeLines(change)).toEqual(['+new/deep/\u001b[2J', '~src/b']);
    const { stdout } = await muse(['snapshot', '-q', root]);
    expect(`${change.snapshot_id}\n`).toBe(stdout.toString());
    whileStopped(watching, () => {
      renameSync(join(root, 'src'), join(root, 'lib'));
      rmSync(join(root, 'new'), { recursive: true });
    });
    expect(changeLines(await watching.next())).toEqual(['-new/deep/\u001b[2J', 'src/b>lib/b']);
    watching.child.kill('SIGINT');
    expect(await watching.ended).toEqual({ code: null, signal: 'SIGINT', stderr: warned });
  });

  it('takes what other commands take, and prints no id where none is wanted', async () => {
    await using place = await tree();
    const watching = watch(['-C', place.path, '--no-id', '--settle', '200', '--exclude', '*.log', 'root'], {
      engine,
    });
    expect(await watching.next()).not.toHaveProperty('snapshot_id');
    writeFileSync(join(place.path, 'root/x.log'), 'x');
    writeFileSync(join(place.path, 'root/c'), 'c');
    const change = await watching.next();
    expect(changeLines(change)).toEqual(['+c']);
    expect(change).not.toHaveProperty('snapshot_id');
  });

  it('watches a directory by the rules and the cache of the tree that it is in', async () => {
    await using place = tempDir();
    const rules = { '.museignore': "[global]\npatterns = ['*.log']\n" };
    await makeTree({ '.muse/cache': {}, ...rules, 'sub/a': 'a', 'sub/x.log': 'x', other: 'o' }, place.path);
    const watching = watch(['.'], { cwd: join(place.path, 'sub'), engine });
    const start = await watching.next();
    expect(start).toMatchObject({ files: 1 });
    const { stdout } = await muse(['snapshot', '-q', join(place.path, 'sub')]);
    expect(`${start.snapshot_id}\n`).toBe(stdout.toString());
    writeFileSync(join(place.path, 'other'), 'edited');
    writeFileSync(join(place.path, 'sub/y.log'), 'y');
    writeFileSync(join(place.path, 'sub/a'), 'edited');
    expect(changeLines(await watching.next())).toEqual(['~a']);
    writeFileSync(join(place.path, '.museignore'), '[global]\npattern = []\n');
    const ended = await watching.ended;
    expect(ended.code).toBe(2);
    expect(lines(ended.stderr).at(-1)).toMatch(/^muse: cannot .*\.museignore.*; correct it and try again$/);
  });

  it.skipIf(noOrdinaryUser)('says what it cannot read, and what has become of it', async () => {
    await using place = tempDir();
    await makeTree({ 'closed/kept': 'k', 'closed/gone': 'g', open: 'o' }, place.path);
    await giveToOrdinaryUser(place.path);
    const watching = watch([place.path], { engine, ordinary: true, cwd: '/' });
    await watching.next();
    chmodSync(join(place.path, 'closed'), 0);
    const hidden = await watching.next();
    expect(changeLines(hidden)).toEqual(['?closed/gone', '?closed/kept']);
    expect(hidden).toMatchObject({ complete: false, problems: [{ path: 'closed', kind: 'unreadable' }] });
    rmSync(join(place.path, 'closed/gone'));
    chmodSync(join(place.path, 'closed'), 0o755);
    const seen = await watching.next();
    expect(changeLines(seen)).toEqual(['-closed/gone']);
    expect(seen).toMatchObject({ complete: true, problems: [] });
    watching.child.kill('SIGTERM');
    const { stderr } = await watching.ended;
    expect(lines(stderr).at(-1)).toBe('muse: closed: cannot list: permission denied (EACCES)');
  });

  it('ends in silence with 141 at the first line after its reader is gone, though it has threads', async () => {
    await using place = await tree();
    // As many as start threads, where the engine has any: what a thread prints is led to the same stdout.
    for (let index = 0; index < 400; index++) writeFileSync(join(place.path, `root/${index}`), String(index));
    const state = { running: true };
    const run = shell(`{ muse watch -q --threads 2; echo "exit $?" >&2; } | head -1`, {
      cwd: join(place.path, 'root'),
      env: { MUSE_ENGINE: engine },
    }).finally(() => (state.running = false));
    for (let edits = 0; state.running; edits++) {
      writeFileSync(join(place.path, 'root/c'), String(edits));
      await sleep(500);
    }
    const { stdout, stderr } = await run;
    expect(lines(stdout)).toHaveLength(1);
    expect(stderr).toMatch(/^(?:muse: warning: .*\n)?exit 141\n$/);
  });

  it.each([
    [
      'renamed',
      'it was renamed or removed',
      (root: string) => {
        renameSync(root, `${root}-moved`);
      },
    ],
    [
      'removed',
      'it was renamed or removed',
      (root: string) => {
        rmSync(root, { recursive: true });
      },
    ],
    [
      'replaced',
      'another directory is in its place; start again to watch that one',
      (root: string) => {
        renameSync(root, `${root}-moved`);
        mkdirSync(root);
      },
    ],
    // Of this no event tells.
    [
      'away with the directory above it',
      'it was renamed or removed',
      (root: string) => {
        renameSync(join(root, '..'), `${join(root, '..')}-moved`);
      },
    ],
  ])('ends with 4 once its directory is %s', async (_case, why, lose) => {
    await using place = tempDir();
    await makeTree({ 'above/root/a': 'a' }, place.path);
    const root = join(place.path, 'above/root');
    const watching = watch(['-q', root], { engine });
    await watching.next();
    whileStopped(watching, () => {
      lose(root);
    });
    const { code, stderr } = await watching.ended;
    expect(code).toBe(4);
    expect(lines(stderr).at(-1)).toBe(`muse: cannot watch ${root} any longer: ${why}`);
  });
});

describe('muse watch', () => {
  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
    'ends by the default action of %s, and leaves no file',
    async (signal) => {
      await using place = tempDir();
      await makeTree({ '.muse/cache': {}, a: 'a' }, place.path);
      const watching = watch([place.path]);
      await watching.next();
      writeFileSync(join(place.path, 'b'), 'b');
      await watching.next();
      watching.child.kill(signal);
      expect(await watching.ended).toMatchObject({ code: null, signal });
      expect(readdirSync(join(place.path, '.muse/cache')).filter((name) => name !== 'stat.json')).toEqual([]);
    },
  );

  it.runIf(hasNative)('ends with its reader though nothing changes', async () => {
    await using place = await tree();
    const run = await shell(`{ muse watch; echo "exit $?" >&2; } | head -1`, {
      cwd: join(place.path, 'root'),
    });
    expect(lines(run.stdout)).toHaveLength(1);
    expect(run.stderr).toBe('exit 141\n');
  });

  it.runIf(hasNative)('ends with its reader though a pipe of Node is no pipe', async () => {
    await using place = await tree();
    const watching = watch([place.path]);
    await watching.next();
    watching.child.stdout?.destroy();
    expect(await watching.ended).toEqual({ code: 141, signal: null, stderr: '' });
  });

  it.skipIf(noTerminal)('ends with its terminal', async () => {
    await using place = await tree();
    const command = `echo $$ > pid; exec '${process.execPath}' '${main}' watch root`;
    const terminal = spawn('script', ['-qec', command, '/dev/null'], { cwd: place.path, stdio: 'pipe' });
    await new Promise((resolve) => terminal.stdout.once('data', resolve));
    const pid = Number(readFileSync(join(place.path, 'pid'), 'utf8'));
    const isAlive = () => spawnSync('kill', ['-0', String(pid)]).status === 0;
    expect(isAlive()).toBe(true);
    terminal.kill('SIGKILL');
    await expect.poll(isAlive).toBe(false);
  });

  it('keeps nothing for a reader that is slow: what changes meanwhile is one change', async () => {
    await using place = tempDir();
    const watching = watch(['--settle', '0', place.path], { unread: true });
    const names = Array.from({ length: 1500 }, (_, index) => `${index}-${'x'.repeat(200)}`);
    if (watching.child.stdout) await once(watching.child.stdout, 'readable');
    // More than a pipe and the reader's own buffer hold.
    for (let from = 0; from < names.length; from += 100) {
      for (const name of names.slice(from, from + 100)) writeFileSync(join(place.path, name), name);
      await sleep(20);
    }
    await sleep(500);
    const seen = new Map<string, number>();
    let count = 0;
    while (seen.size < names.length) {
      const { added } = await watching.next();
      for (const { path } of added) seen.set(path, (seen.get(path) ?? 0) + 1);
      count++;
    }
    expect([...seen.keys()].sort()).toEqual(names.sort());
    expect(Math.max(...seen.values())).toBe(1);
    expect(count).toBeLessThan(names.length / 20);
  });

  it.runIf(hasNative)('hears of changes while a pipe is full', async () => {
    await using place = await tree();
    await makeTree({ pipe: fifo() }, place.path);
    const [root, pipe] = [join(place.path, 'root'), join(place.path, 'pipe')];
    const reader = openSync(pipe, constants.O_RDONLY | constants.O_NONBLOCK);
    const filler = openSync(pipe, constants.O_WRONLY | constants.O_NONBLOCK);
    const stdout = openSync(pipe, 'w');
    const child = spawn(process.execPath, [main, 'watch', '--settle', '0', root], {
      stdio: ['ignore', stdout, 'ignore'],
    });
    onTestFinished(() => {
      child.kill('SIGKILL');
      closeSync(reader);
    });
    closeSync(stdout);
    let text = '';
    const read = () => {
      text += readAll(reader);
      return text.split('\n').filter((line) => line !== '');
    };
    await expect.poll(read).toHaveLength(1);
    fill(filler);
    closeSync(filler);
    const status = () => readFileSync(`/proc/${child.pid}/status`, 'utf8');
    const naps = () => Number(/^voluntary_ctxt_switches:\t(\d+)$/m.exec(status())?.[1]);
    // More events than the system keeps, but not of one batch.
    for (let batch = 0; batch < 4; batch++) {
      writeFileSync(join(root, 'b'), String(batch));
      chmodInTurns(root, 2500);
      const before = naps();
      // It looks at the events before each of them.
      await expect.poll(naps).toBeGreaterThan(before + 2);
    }
    await expect.poll(() => read().length).toBeGreaterThan(2);
    const ended = once(child, 'close');
    rmSync(root, { recursive: true });
    await ended;
    const [start, ...changes] = read().map((line) => JSON.parse(line) as Line);
    expect(start?.event).toBe('start');
    expect(changes.filter(({ by }) => by !== 'events')).toEqual([]);
  });

  it.runIf(linux)(
    'covers what changed while it was stopped, also more than the system keeps events of',
    async () => {
      await using place = await tree();
      const root = join(place.path, 'root');
      const watching = watch([root]);
      await watching.next();
      whileStopped(watching, () => {
        chmodInTurns(root, 9000);
        writeFileSync(join(root, 'src/c'), 'c');
        rmSync(join(root, 'a'));
      });
      const change = await watching.next();
      expect(changeLines(change)).toEqual(['+src/c', '-a']);
      expect(change.by).toBe('scan');
      writeFileSync(join(root, 'src/b'), 'edited');
      expect(changeLines(await watching.next())).toEqual(['~src/b']);
    },
  );

  const unshare = ['unshare', '-U', '-r', '-m'];
  const cannotMount =
    spawnSync(unshare[0] ?? '', [...unshare.slice(1), 'mount', '-t', 'tmpfs', 'none', '/mnt']).status !== 0;

  it.skipIf(cannotMount)(
    'ends with 4 once its directory is unmounted, and calls no file deleted',
    async () => {
      await using place = await tree();
      const run = await shell(
        `exec ${unshare.join(' ')} sh -c '
        mount -t tmpfs none root; echo a > root/a
        "$0" "$1" watch root > out & ${untilStarted('out')}
        until umount root 2> umount; do sleep 0.1; done; wait $!; code=$?; cat out; echo "exit $code"' '${process.execPath}' '${main}'`,
        { cwd: place.path },
      );
      expect(run.stderr).toBe(
        'muse: cannot watch root any longer: another directory is in its place; start again to watch that one\n',
      );
      expect(lines(run.stdout)).toEqual([expect.stringContaining('"event":"start"'), 'exit 4']);
    },
  );

  it.runIf(linux)(
    'refuses to write into the tree that it watches, where that would be a change',
    async () => {
      await using place = await tree();
      const cwd = join(place.path, 'root');
      const refused = await shell('muse watch > src/out.ndjson', { cwd });
      expect([refused.code, refused.stderr]).toEqual([
        2,
        'muse: stdout is src/out.ndjson, a file of the tree, so that each line would be a change; write to a place outside, or leave it out by a rule\n',
      ]);
      const run = await shell(
        `for out in ../out out; do
          '${process.execPath}' '${main}' watch --exclude out > $out & ${untilStarted('$out')}
          kill $!; wait $!; cat $out
        done`,
        { cwd },
      );
      expect(lines(run.stdout).map((line) => (JSON.parse(line) as Line).event)).toEqual(['start', 'start']);
    },
  );

  it.each(['-1', 'x', '1.5', ''])('refuses a settling time of %j', async (text) => {
    const { code, stderr } = await muse(['watch', '--settle', text]);
    expect(code).toBe(2);
    expect(stderr).toContain('It must be a whole number of milliseconds');
  });

  it('fails for a directory that is not there', async () => {
    const { code, stderr } = await muse(['watch', 'missing'], { cwd: '/' });
    expect([code, stderr]).toEqual([
      4,
      'muse: cannot watch missing: no such file or directory (ENOENT); check the spelling\n',
    ]);
  });
});
