import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { makeTree, tempDir } from '@muse/testkit';
import { format, resolveConfig } from 'prettier';
import { describe, expect, it } from 'vitest';
import { commands } from '../src/commands.js';
import { lines, muse, shell } from './muse.js';
import { allCommands, tablesIn, withTables } from './readme-tables.js';

const file = fileURLToPath(new URL('../README.md', import.meta.url));
const readme = await readFile(file, 'utf8');
const { description } = JSON.parse(await readFile(new URL('../package.json', import.meta.url), 'utf8')) as {
  description: string;
};

describe('README.md', () => {
  it('begins with the description of the package', () => {
    expect(readme).toContain(`# @muse/cli\n\n${description}\n`);
  });

  it.runIf(process.platform === 'linux')('has examples that run', async () => {
    await using home = tempDir();
    const files = { 'README.md': 'read me\n', src: { 'main.c': 'int main;\n' }, 'packages/foo/a': 'a' };
    await makeTree({ work: files, src: { linux: files } }, home.path);
    const git = 'git -c user.name=a -c user.email=b';
    const setUp = `git init -q && git add . && ${git} commit -q -m a`;
    const [, examples = ''] = [...readme.matchAll(/```sh\n([^]*?)```/g)].map(([, code = '']) => code);
    const run = await shell(`set -e; ${setUp}\n${examples}`, {
      cwd: join(home.path, 'work'),
      env: { HOME: home.path },
    });
    expect(run.stderr).not.toContain('muse: cannot');
    expect(run.code).toBe(0);
    const ids = lines(run.stdout).filter((line) => line.startsWith('sha256:'));
    // Snapshots, then the file by its name, and the same file from a pipe.
    const [fromFile = '', fromPipe = ''] = ids.slice(-2);
    expect([fromFile, fromPipe].map((line) => line.slice(71))).toEqual(['  README.md', '  -']);
    expect(fromFile.slice(0, 71)).toBe(fromPipe.slice(0, 71));
    expect(run.stdout.toString()).toContain('src/main.c\n  ');
  });

  it('has the tables that the definitions of the commands make', async () => {
    const options = await resolveConfig(file);
    const made = await format(withTables(readme, commands), { ...options, parser: 'markdown' });
    await expect(made).toMatchFileSnapshot(file);
    expect(tablesIn(readme)).toContain('commands');
  });

  it('has a row for each command', () => {
    for (const { words } of allCommands(commands)) {
      expect(readme).toMatch(new RegExp(`^\\| \`muse ${words.join(' ')}[ \`]`, 'm'));
    }
  });

  it('names each option of each command, and no other', async () => {
    const helps = await Promise.all(allCommands(commands).map(({ words }) => muse([...words, '--help'])));
    const known = helps.flatMap(({ stdout }) => options(stdout.toString().split('\nExamples:')[0] ?? ''));
    const named = new Set(options(readme));
    expect([...new Set(known)].filter((option) => !named.has(option))).toEqual([]);
    // Those of npm and git are not ours.
    expect(
      [...named].filter(
        (option) => !known.includes(option) && !['--global', '--exclude-standard'].includes(option),
      ),
    ).toEqual([]);
  });
});

/** The long options that a text names. */
function options(text: string): string[] {
  return [...text.matchAll(/(?<![\w-])--[a-z][a-z-]*/g)].map(([option]) => option);
}
