import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Script } from 'node:vm';
import { effort, makeTree, tempDir } from '@muse/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { lines, main, muse, shell, type Run } from './muse.js';

const directory = tempDir();
const tree = join(directory.path, 'tree');
const copy = join(directory.path, 'installed');
const dist = dirname(main);

beforeAll(async () => {
  await makeTree({ tree: { a: 'a', '.muse': { cache: {} } } }, directory.path);
  cpSync(dist, join(copy, 'dist'), { recursive: true, filter: (file) => !/\.(?:map|d\.ts)$/.test(file) });
  cpSync(join(dist, '../package.json'), join(copy, 'package.json'));
});

afterAll(() => directory.remove());

/** Whether a run answered, or failed as a run may: code 4 and one line, after warnings if any. */
function isProper({ code, stdout, stderr }: Run): boolean {
  if (code === 0) return stdout.length > 0;
  const errors = lines(stderr).filter((line) => !line.startsWith('muse: warning: '));
  return (
    code === 4 && stdout.length === 0 && errors.length === 1 && errors.every((line) => /^muse: \S/.test(line))
  );
}

/** Runs it with at most two seconds of a processor. */
function bounded(words: string, program = `'${process.execPath}' '${main}'`): Promise<Run> {
  return shell(`ulimit -t 2; exec ${program} ${words}`, { cwd: tree });
}

describe('an installation with a file that is', () => {
  const commands = ['snapshot -q --no-cache', 'show -q .', 'completion bash', '--help', '--version'];

  it.each([
    [
      'missing',
      (file: string) => {
        rmSync(file);
      },
    ],
    [
      'empty',
      (file: string) => {
        writeFileSync(file, '');
      },
    ],
    [
      'not JavaScript',
      (file: string) => {
        writeFileSync(file, '<html>');
      },
    ],
  ])('%s fails in one line, or does not need it', async (kind, damage) => {
    const failed = new Set<string>();
    const installed = readdirSync(join(copy, 'dist'));
    const parts = installed.filter((name) => name.endsWith('.js') && name !== 'main.js');
    for (const part of parts) {
      const file = join(copy, 'dist', part);
      const whole = readFileSync(file);
      damage(file);
      const asked = kind === 'missing' ? effort(3, 5) : effort(1, 2);
      for (const words of commands.slice(0, asked)) {
        const run = await bounded(words, `'${process.execPath}' '${join(copy, 'dist/main.js')}'`);
        expect([part, words, isProper(run) || run]).toEqual([part, words, true]);
        if (run.code === 4) failed.add(part);
      }
      writeFileSync(file, whole);
    }
    expect(failed.size).toBeGreaterThan(4);
  });
});

describe.skipIf(process.platform === 'win32')('a shortage of descriptors', () => {
  /** With fewer than that Node itself does not come as far as our first line. */
  let enough = 3;

  beforeAll(async () => {
    const script = join(directory.path, 'empty.cjs');
    writeFileSync(script, '');
    const starts = async () =>
      (await shell(`ulimit -n ${enough}; exec '${process.execPath}' '${script}'`)).code === 0;
    while (!(await starts())) enough++;
  });

  it('is told of in one line, or does not matter', async () => {
    const failures = new Set<string>();
    for (let limit = enough; limit <= 64; limit += limit < 30 ? 1 : 8) {
      for (const words of ['snapshot -q', 'show missing']) {
        const run = await shell(
          `ulimit -n ${limit}; ulimit -t 2; exec '${process.execPath}' '${main}' ${words}`,
          {
            cwd: tree,
          },
        );
        expect([limit, words, isProper(run) || run]).toEqual([limit, words, true]);
        if (run.code === 4) failures.add(run.stderr);
      }
    }
    expect([...failures].some((text) => text.includes('(ulimit -n)'))).toBe(true);
  });

  it('does not keep a process busy that Node gives up', async () => {
    for (const limit of [3, 8, 12, 16, 18]) {
      const run = await bounded(
        'snapshot -q',
        `sh -c 'ulimit -n ${limit}; exec "$@"' sh '${process.execPath}' '${main}'`,
      );
      expect(run.code).not.toBe(0);
      expect(['SIGXCPU', 'SIGKILL']).not.toContain(run.signal);
    }
  });
});

/** The option that has Node run this first. */
const first = (code: string) => ({
  NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(code)}`,
});

/** Has Node run this once the program listens to errors that nobody caught, while it waits for stdin. */
const laterOn = (code: string) =>
  first(`setInterval(() => { if (process.listenerCount('uncaughtException') > 0) { ${code} } }, 20)`);

describe('an error that nobody caught', () => {
  it('ends it with one line and code 4', async () => {
    const env = laterOn('throw new Error("oh\\nno");');
    const run = await muse(['hash', '-'], { env });
    expect(run.stderr).toBe('muse: Error: oh; this is a bug in muse: run again with --debug and report it\n');
    expect(run.code).toBe(4);
  });

  it('ends it where that cannot even be told', async () => {
    const env = laterOn('throw { toString() { throw new Error("second"); } };');
    const run = await muse(['hash', '-'], { env });
    expect(run).toMatchObject({ code: 4, stderr: '' });
  });

  it.runIf(process.platform === 'linux')('ends it where nobody can be told', async () => {
    const env = laterOn('throw new Error("oh");');
    const run = await shell('muse hash - 2> /dev/full; echo "exit $?"', { env });
    expect(run.stdout.toString()).toBe('exit 4\n');
  });
});

describe('a Node that is too old', () => {
  it('is told so in one line', async () => {
    for (const version of ['18.20.4', '20.18.3', '8.17.0']) {
      const env = first(`Object.defineProperty(process.versions, 'node', { value: '${version}' })`);
      const run = await muse(['snapshot'], { env, cwd: tree });
      expect(run.stderr).toMatch(/^muse: it needs Node 20\.19 [^\n]*, and this is Node [\d.]+\n$/);
      expect(run.stderr).toContain(version);
      expect(run).toMatchObject({ code: 4, stdout: Buffer.alloc(0) });
    }
  });

  it('can parse the file that tells it, as a script and as a module', () => {
    const text = readFileSync(main, 'utf8');
    expect(() => new Script(text)).not.toThrow();
    // Syntax that Node 12 does not have.
    expect(text.replace(/`[^`]*`/g, '')).not.toMatch(/\?\?|\?\.|\bclass\b|^\s*(?:im|ex)port\b/m);
  });
});
