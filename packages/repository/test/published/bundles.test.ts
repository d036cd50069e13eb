import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { built, freshDist, repository, tempDir, type TempDir } from '@muse/testkit';
import { createSnapshot } from '@muse/snapshot';
import { build, type Format } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

/** Enough that threads are started to list and to hash. */
const FILES = 6000;

const PROGRAM = `
import { createSnapshot } from '@muse/snapshot';
import { walk } from '@muse/walker';
const warnings = [];
const logger = { debug() {}, warn: (message) => void warnings.push(message), error: console.error };
const [, , root, wanted = '0'] = process.argv;
// A walk that is over before its threads have said a word hears no warning: this one waits for as many as are wanted, in
// its last directories, when there are threads.
let entered = 0;
const ignore = {
  ignores: () => false,
  async enter() {
    const end = Date.now() + 10_000;
    if (++entered > 35)
      while (warnings.length < Number(wanted) && Date.now() < end) await new Promise((next) => setTimeout(next, 5));
    return { rules: ignore, problems: [] };
  },
};
const main = async () => {
  const { id, complete, stats } = await createSnapshot(root, { threads: 3, logger });
  const { files } = await walk(root, { threads: 3, logger, ignore });
  console.log(JSON.stringify({ id, complete, hashed: stats.hashedFiles, walked: files.length, warnings }));
};
void main();
`;

interface Told {
  readonly id: string;
  readonly complete: boolean;
  readonly hashed: number;
  readonly walked: number;
  readonly warnings: readonly string[];
}

async function run(
  program: string,
  root: string,
  { flags = [], wanted = 0 }: { readonly flags?: readonly string[]; readonly wanted?: number } = {},
): Promise<Told> {
  const args = ['--no-warnings', ...flags, program, root, String(wanted)];
  const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 60_000 });
  return JSON.parse(stdout) as Told;
}

describe('a program of its own', () => {
  let root: string;
  const folders: TempDir[] = [];

  function newFolder(): string {
    const folder = tempDir();
    folders.push(folder);
    return folder.path;
  }

  afterAll(() => Promise.all(folders.map((folder) => folder[Symbol.asyncDispose]())));

  let expected: Omit<Told, 'warnings'>;

  beforeAll(async () => {
    root = join(newFolder(), 'tree');
    for (let i = 0; i < FILES; i++) {
      const directory = join(root, `d${i % 40}`);
      if (i < 40) mkdirSync(directory, { recursive: true });
      writeFileSync(join(directory, `f${i}`), String(i));
    }
    const { id } = await createSnapshot(root);
    expected = { id, complete: true, hashed: FILES, walked: FILES };
  });

  async function bundle(format: Format, ...entries: readonly string[]): Promise<string> {
    freshDist('@muse/snapshot');
    const folder = newFolder();
    const program = join(folder, 'program.js');
    await build({
      stdin: { contents: PROGRAM, resolveDir: fileURLToPath(new URL('.', import.meta.url)) },
      outfile: program,
      bundle: true,
      platform: 'node',
      format,
      logLevel: 'error',
      logOverride: { 'empty-import-meta': 'silent' },
    });
    writeFileSync(
      join(folder, 'package.json'),
      JSON.stringify({ type: format === 'esm' ? 'module' : 'commonjs' }),
    );
    for (const name of entries) {
      const [specifier = '', outName = ''] = name.split(' as ');
      await build({
        entryPoints: [fileURLToPath(built(specifier))],
        outfile: join(folder, outName),
        bundle: true,
        platform: 'node',
        format,
        logLevel: 'error',
      });
    }
    return program;
  }

  it.each<Format>(['esm', 'cjs'])(
    'bundled as %s without the workers takes the same snapshot, and says why it takes longer',
    async (format) => {
      const { warnings, ...told } = await run(await bundle(format), root);
      expect(told).toEqual(expected);
      expect(warnings).toEqual([
        expect.stringMatching(/^Cannot start worker threads: .*; snapshots are taken in this one/),
        expect.stringMatching(/^Cannot start worker threads: .*; the tree is listed in this one/),
      ]);
    },
  );

  it('bundled with the workers beside it starts them', async () => {
    const program = await bundle(
      'esm',
      '@muse/snapshot/worker as worker.js',
      '@muse/walker/worker as scan-worker.js',
    );
    expect(await run(program, root)).toEqual({ ...expected, warnings: [] });
  });

  it('bundled beside a worker of its own takes the same snapshot', async () => {
    const program = await bundle('esm');
    for (const name of ['worker.js', 'scan-worker.js']) {
      writeFileSync(
        join(program, '..', name),
        'import { parentPort } from "node:worker_threads"; parentPort.postMessage(1);',
      );
    }
    const { warnings, ...told } = await run(program, root, { wanted: 2 });
    expect(told).toEqual(expected);
    expect(warnings).toHaveLength(2);
  });

  const permission = process.allowedNodeEnvironmentFlags.has('--permission')
    ? '--permission'
    : '--experimental-permission';

  it.each([
    { rights: 'to read its own files alone', flags: [], warnings: 2 },
    { rights: 'to start threads', flags: ['--allow-worker'], warnings: 0 },
    { rights: 'to reach descriptors', flags: ['--allow-fs-read=/proc/self/fd/'], warnings: 2 },
  ])(
    'under the permission model with rights $rights takes the same snapshot',
    async ({ flags, warnings }) => {
      const program = await bundle(
        'esm',
        '@muse/snapshot/worker as worker.js',
        '@muse/walker/worker as scan-worker.js',
      );
      const read = [join(program, '..'), root, repository].map((path) => `--allow-fs-read=${path}/`);
      const told = await run(program, root, { flags: [permission, ...read, ...flags] });
      expect(told).toEqual({ ...expected, warnings: told.warnings });
      expect(told.warnings).toHaveLength(warnings);
    },
  );
});
