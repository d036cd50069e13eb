import { spawnSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { built, freshDist, tempDir, workspacePackages } from '@muse/testkit';

/** What a program did. */
export interface Run {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A project of somebody else, in which our packages and examples are installed, and the command. */
export interface ExampleProject extends AsyncDisposable {
  readonly path: string;
  /** With the command `muse` among the programs, and the project as the temporary directory. */
  readonly env: NodeJS.ProcessEnv;
}

/** Makes a project with a file `src/index.js` and a script `build`, which writes `out/built.txt`. */
export function exampleProject(): ExampleProject {
  const project = tempDir();
  for (const { folder, path, manifest } of workspacePackages()) {
    if (manifest.private && !folder.startsWith('examples/')) continue;
    freshDist(manifest.name);
    const installed = join(project.path, 'node_modules', manifest.name);
    mkdirSync(dirname(installed), { recursive: true });
    symlinkSync(path, installed);
  }
  const programs = join(project.path, 'node_modules/.bin');
  mkdirSync(programs);
  const command = [process.execPath, fileURLToPath(built('@muse/cli'))].map((word) => `'${word}'`);
  writeFileSync(join(programs, 'muse'), `#!/bin/sh\nexec ${command.join(' ')} "$@"\n`, { mode: 0o755 });
  mkdirSync(join(project.path, 'src'));
  writeFileSync(join(project.path, 'src/index.js'), 'export {};\n');
  const build = `node -e "fs.mkdirSync('out', { recursive: true }); fs.writeFileSync('out/built.txt', 'built')"`;
  const manifest = { type: 'module', scripts: { build, test: 'node -e 0' } };
  writeFileSync(join(project.path, 'package.json'), JSON.stringify(manifest));
  const { PATH = '' } = process.env;
  return {
    path: project.path,
    // Of a test runner around this one, a test in the program must know nothing.
    env: {
      ...process.env,
      NODE_TEST_CONTEXT: undefined,
      PATH: `${programs}:${PATH}`,
      TMPDIR: project.path,
    },
    [Symbol.asyncDispose]: () => project[Symbol.asyncDispose](),
  };
}

/** Runs a program in an example project of its own, beside some modules; the project is removed afterwards. */
export async function runInProject(
  program: string,
  modules: Readonly<Record<string, string>> = {},
): Promise<Run> {
  await using project = exampleProject();
  for (const [name, code] of Object.entries({ ...modules, 'example.js': program })) {
    writeFileSync(join(project.path, name), code);
  }
  const options = { cwd: project.path, encoding: 'utf8', env: project.env } as const;
  const { status, stdout, stderr } = spawnSync(process.execPath, ['example.js'], options);
  return { status, stdout, stderr };
}

/** Runs a shell script in a project, as CI does: it ends at the first command that fails. */
export function runScript(project: ExampleProject, script: string): Run {
  const options = { cwd: project.path, encoding: 'utf8', env: project.env } as const;
  // With a socket for stdin, bash may take itself for a remote shell, and read what the user has set up.
  const bash = ['--norc', '-euo', 'pipefail', '-c', script];
  const { status, stdout, stderr } = spawnSync('bash', bash, {
    ...options,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return { status, stdout, stderr };
}
