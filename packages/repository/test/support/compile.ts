import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freshDist, repository, tempDir } from '@muse/testkit';

/**
 * Compiles modules under `strict` in a project in which one package and Node's types are installed, and returns them as
 * JavaScript. Throws what the compiler says.
 */
export async function compile(name: string, modules: readonly string[]): Promise<string[]> {
  await using project = tempDir();
  for (const scope of ['@muse', '@types'])
    mkdirSync(join(project.path, 'node_modules', scope), { recursive: true });
  symlinkSync(join(freshDist(name), '..'), join(project.path, 'node_modules', name));
  symlinkSync(join(repository, 'node_modules/@types/node'), join(project.path, 'node_modules/@types/node'));
  const files = modules.map((_, i) => join(project.path, `module-${i}`));
  for (const [i, file] of files.entries()) writeFileSync(`${file}.mts`, modules[i] ?? '');
  const { status, stdout, stderr } = spawnSync(
    join(repository, 'node_modules/.bin/tsc'),
    [
      ...'--strict --declaration --module nodenext --target es2023 --types node'.split(' '),
      ...files.map((file) => `${file}.mts`),
    ],
    { cwd: project.path, encoding: 'utf8' },
  );
  if (status !== 0) throw new Error(`Cannot compile against ${name}: ${stdout}${stderr}`);
  return files.map((file) => readFileSync(`${file}.mjs`, 'utf8'));
}
