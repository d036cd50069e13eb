import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { freshDist, repository, tempDir } from '@muse/testkit';

/**
 * Compiles modules under `strict` in a project in which some packages and Node's types are installed, and returns them as
 * JavaScript. Throws what the compiler says. `names` is what modules call each other, without an extension.
 */
export async function compile(
  packages: string | readonly string[],
  modules: readonly string[],
  names: readonly string[] = modules.map((_, i) => `module-${i}`),
): Promise<string[]> {
  await using project = tempDir();
  const installed = join(project.path, 'node_modules');
  for (const name of [packages].flat()) {
    mkdirSync(dirname(join(installed, name)), { recursive: true });
    symlinkSync(join(freshDist(name), '..'), join(installed, name));
  }
  mkdirSync(join(installed, '@types'));
  symlinkSync(join(repository, 'node_modules/@types/node'), join(installed, '@types/node'));
  writeFileSync(join(project.path, 'package.json'), '{ "type": "module" }');
  const files = names.map((name) => join(project.path, name));
  for (const [i, file] of files.entries()) writeFileSync(`${file}.ts`, modules[i] ?? '');
  const { status, stdout, stderr } = spawnSync(
    join(repository, 'node_modules/.bin/tsc'),
    [
      ...'--strict --skipLibCheck --declaration --module nodenext --target es2023 --types node'.split(' '),
      ...files.map((file) => `${file}.ts`),
    ],
    { cwd: project.path, encoding: 'utf8' },
  );
  if (status !== 0) throw new Error(`Cannot compile against ${String(packages)}: ${stdout}${stderr}`);
  return files.map((file) => readFileSync(`${file}.js`, 'utf8'));
}
