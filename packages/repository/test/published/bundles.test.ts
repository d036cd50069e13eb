import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify, stripVTControlCharacters } from 'node:util';
import {
  built,
  codeBlocks,
  freshDist,
  repository,
  tempDir,
  workspacePackages,
  type TempDir,
} from '@muse/testkit';
import { nativeEngine } from '@muse/walker/scan';
import { createSnapshot } from '@muse/snapshot';
import { build, type Format } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

/** Enough that threads are started to list and to hash. */
const FILES = 2500;

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
    const end = Date.now() + 100_000;
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
  const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 200_000 });
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
      const { warnings, ...told } = await run(await bundle(format), root, { wanted: 2 });
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

  describe.each(['esbuild', 'rolldown', 'vite', 'webpack'])('docs/in-a-bundle.md: %s', (bundler) => {
    const page = readFileSync(join(repository, 'docs/in-a-bundle.md'), 'utf8');
    const [server = '', ...builds] = codeBlocks(page, 'js');
    let project: string;

    beforeAll(async () => {
      project = newFolder();
      const modules = join(project, 'node_modules');
      mkdirSync(join(modules, '@muse'), { recursive: true });
      for (const { path, manifest } of workspacePackages()) {
        if (!manifest.private && !manifest.bin) symlinkSync(path, join(modules, manifest.name));
      }
      freshDist('@muse/snapshot');
      symlinkSync(join(repository, 'packages/repository/node_modules', bundler), join(modules, bundler));
      writeFileSync(join(project, 'package.json'), '{ "type": "module" }');
      writeFileSync(join(project, 'server.js'), server);
      const [build = '', ...others] = builds.filter((each) => each.includes(`from '${bundler}'`));
      expect(others).toEqual([]);
      writeFileSync(join(project, 'build.js'), build);
      const { stderr } = await promisify(execFile)(process.execPath, ['build.js'], { cwd: project });
      // That a part is loaded late for the command's sake is no matter here, and rolldown says so.
      const warnings = stripVTControlCharacters(stderr).split('\n').filter(Boolean);
      expect(warnings.filter((line) => !line.startsWith('[INEFFECTIVE_DYNAMIC_IMPORT]'))).toEqual([]);
    });

    /** What the bundle in a folder says; with an engine of its own, that must be there. */
    async function serve(folder: string, engine: string) {
      const options = { cwd: folder, env: { ...process.env, MUSE_ENGINE: engine }, timeout: 200_000 };
      const args = ['--no-warnings', join(folder, 'dist/server.js'), root];
      const { stdout, stderr } = await promisify(execFile)(process.execPath, args, options);
      return { stdout, stderr };
    }

    it('takes its snapshot on threads, and with the native engine where there is one', async () => {
      const right = { stdout: `${expected.id}\n`, stderr: '' };
      expect(await serve(project, 'typescript')).toEqual(right);
      if ((await nativeEngine(undefined)) !== undefined)
        expect(await serve(project, 'native')).toEqual(right);
    });

    it('takes the same snapshot where neither came along, and says why it takes longer', async () => {
      const alone = newFolder();
      cpSync(join(project, 'dist'), join(alone, 'dist'), { recursive: true });
      cpSync(join(project, 'package.json'), join(alone, 'package.json'));
      rmSync(join(alone, 'dist/worker.js'));
      const { stdout, stderr } = await serve(alone, '');
      expect(stdout).toBe(`${expected.id}\n`);
      expect(stderr).toMatch(
        /^Cannot start worker threads: Cannot find module .*; snapshots are taken in this one/,
      );
    });
  });

  it('bundled as a script loads no binary from the directory it is started in', async () => {
    const { native } = (await nativeEngine(undefined)) ?? {};
    if (native === undefined) return;
    const program = await bundle('cjs');
    const trap = join(newFolder(), 'undefined');
    for (const part of ['build', 'self-test'])
      cpSync(join(repository, 'packages/native', part), join(trap, part), { recursive: true });
    const options = { cwd: join(trap, '..'), env: { ...process.env, MUSE_ENGINE: 'native' } };
    const started = promisify(execFile)(process.execPath, ['--no-warnings', program, root], options);
    await expect(started).rejects.toThrow('it is part of a bundle: leave @muse/native out of that');
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
      const told = await run(program, root, { flags: [permission, ...read, ...flags], wanted: warnings });
      expect(told).toEqual({ ...expected, warnings: told.warnings });
      expect(told.warnings).toHaveLength(warnings);
    },
  );
});
