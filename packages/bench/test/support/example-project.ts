import { spawnSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { tempDir } from '@muse/testkit';

/** What a program did. */
export interface Run {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs a program in a project that has our packages installed and a script `build`, which writes `out/built.txt`.
 * The project is removed afterwards.
 */
export async function runInProject(repository: string, program: string): Promise<Run> {
  await using project = tempDir();
  const installed = join(project.path, 'node_modules', '@muse');
  mkdirSync(installed, { recursive: true });
  for (const name of ['paths', 'stat-cache', 'walker', 'snapshot']) {
    symlinkSync(join(repository, 'packages', name), join(installed, name));
  }
  const build = `node -e "fs.mkdirSync('out'); fs.writeFileSync('out/built.txt', 'built')"`;
  const manifest = { type: 'module', scripts: { build } };
  writeFileSync(join(project.path, 'package.json'), JSON.stringify(manifest));
  writeFileSync(join(project.path, 'example.js'), program);
  const { status, stdout, stderr } = spawnSync(process.execPath, ['example.js'], {
    cwd: project.path,
    encoding: 'utf8',
    // Of a test runner around this one, a test in the program must know nothing.
    env: { ...process.env, NODE_TEST_CONTEXT: undefined },
  });
  return { status, stdout, stderr };
}
