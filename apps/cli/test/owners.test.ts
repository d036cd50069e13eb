import { chownSync, lchownSync, mkdirSync, realpathSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { makeTree, removeTree, symlink } from '@muse/testkit';
import { describe, expect, it, onTestFinished } from 'vitest';
import { lines, muse, type Run } from './muse.js';

/** Users that need not exist. */
const stranger = 12_345;
const other = 12_346;
const git = { HEAD: 'ref: refs/heads/main\n', objects: {}, refs: {}, 'info/exclude': 'excluded\n' };
const names = ['.gitignore', 'excluded', 'own', 'theirs', 'x'];

/** A tree with rules at its root, one level above the directory `sub`, which has the same files. */
async function made(): Promise<string> {
  const files = { excluded: '', own: '', theirs: '', x: '' };
  const root = await makeTree({
    '.muse': {},
    '.museignore': '[global]\npatterns = ["own"]\n',
    '.git': git,
    '.gitignore': 'theirs\n',
    ...files,
    sub: { '.gitignore': '', ...files },
  });
  onTestFinished(() => removeTree(root));
  return realpathSync(root);
}

async function listed(
  args: readonly string[],
  cwd: string,
  env = {},
): Promise<{ files: string[]; run: Run }> {
  const run = await muse(['snapshot', '--gitignore', '--format', 'sha256sum', ...args], { cwd, env });
  return { files: lines(run.stdout).map((line) => line.slice(66)), run };
}

/** What each of them leaves out, alone. */
const rules = { '.museignore': 'own', '.git': 'excluded', '.gitignore': 'theirs' } as const;

describe.skipIf(process.getuid?.() !== 0)('rules of another user', () => {
  it.each(Object.entries(rules))(
    'in a %s are not obeyed, at the directory or above it',
    async (name, file) => {
      const root = await made();
      lchownSync(join(root, name), stranger, 0);
      for (const directory of ['.', 'sub']) {
        const { files, run } = await listed([directory], root);
        const left = names.filter(
          (each) => each === file || !(Object.values(rules) as string[]).includes(each),
        );
        expect(files.filter((path) => !path.includes('/') && !path.startsWith('.mus')).sort()).toEqual(left);
        expect(run.code).toBe(3);
        const problem = `"${join(root, name)}" belongs to another user, so it is not obeyed (--trust-owner 12345 obeys it)`;
        expect(run.stderr.split(problem)).toHaveLength(2);
        expect(run.stderr).not.toContain('the answer lacks');
        expect(run.stderr).toMatch(
          /^muse: hint: the answer may hold files that the rules named above leave out$/m,
        );
        const trusting = await listed([directory, '--trust-owner', '1', '--trust-owner', '12345'], root);
        expect(trusting.run.code).toBe(0);
        expect(trusting.files).not.toContain(file);
        // Whoever owns the directory itself makes its rules.
        chownSync(join(root, directory), stranger, 0);
        expect((await listed([directory], root)).run.code).toBe(0);
        chownSync(join(root, directory), 0, 0);
      }
    },
  );

  it.each(['.git', '.gitignore'])('in a %s are obeyed below the directory', async (name) => {
    const root = await made();
    const above = join(root, '..');
    for (const each of [name, 'sub/.gitignore']) lchownSync(join(root, each), stranger, 0);
    mkdirSync(`${root}-around`);
    onTestFinished(() => {
      renameSync(`${root}-around/in`, root);
      rmSync(`${root}-around`, { recursive: true });
    });
    renameSync(root, `${root}-around/in`);
    const { files, run } = await listed([`${root}-around`], above);
    expect(run.code).toBe(0);
    expect(files).not.toContain('in/excluded');
    expect(files).not.toContain('in/theirs');
  });

  it('count with sudo, where they are of the user who called it', async () => {
    const root = await made();
    for (const name of ['.muse', ...Object.keys(rules)]) lchownSync(join(root, name), stranger, 0);
    expect((await listed([], root, { SUDO_UID: '12345' })).run.code).toBe(0);
    for (const text of ['12346', ' 12345', '12345x', '']) {
      expect((await listed([], root, { SUDO_UID: text })).run.code).toBe(3);
    }
  });

  it.each([
    ['a .git file', 'gitdir: behind\n', ['.git']],
    ['a link', symlink('behind'), ['.git']],
    ['what a .git file leads to', 'gitdir: behind\n', ['behind']],
    ['what a link leads to', symlink('behind'), ['behind']],
  ] as const)('in a repository behind %s are not obeyed', async (_, node, owned) => {
    const root = await makeTree({ '.git': node, behind: git, excluded: '', x: '' });
    onTestFinished(() => removeTree(root));
    expect((await listed([], root)).files).not.toContain('excluded');
    for (const name of owned) lchownSync(join(root, name), stranger, 0);
    const { files, run } = await listed([], root);
    expect(files).toContain('excluded');
    expect(run.code).toBe(3);
  });
});

describe.skipIf(process.getuid?.() !== 0)('the .muse of another user', () => {
  const commands: readonly (readonly [readonly string[], number])[] = [
    [['snapshot', 'sub'], 3],
    [['verify', 'sub'], 4],
    [['diff', 'm.json', 'sub'], 3],
    [['explain', 'sub/own'], 3],
    [['snapshot', '--save', 'sub'], 4],
    [['status', 'sub'], 4],
    [['log', 'sub'], 4],
    [['cache', 'info', 'sub'], 4],
    [['cache', 'clear', 'sub'], 4],
  ];

  it.each(commands)('is used by none: %j', async (args, code) => {
    const root = await made();
    expect((await muse(['snapshot', '--save', 'sub', '-m', 'theirs'], { cwd: root })).code).toBe(0);
    expect((await muse(['snapshot', '-o', 'm.json', 'sub'], { cwd: root })).code).toBe(0);
    chownSync(join(root, '.muse'), stranger, 0);
    const run = await muse(args, { cwd: root });
    expect(run.stderr).toContain(`"${join(root, '.muse')}" belongs to another user`);
    expect(run.code).toBe(code);
    const trusting = await muse([...args, '--trust-owner', '12345'], { cwd: root });
    expect(trusting.stderr).not.toContain('belongs to another user');
    expect(trusting.code).toBe(0);
  });

  it('is not used at the directory itself, where another one owns that', async () => {
    const root = await made();
    expect((await muse(['snapshot', root])).code).toBe(0);
    chownSync(join(root, '.muse'), stranger, 0);
    chownSync(root, other, 0);
    const run = await muse(['snapshot', '--json', root]);
    expect(run.code).toBe(3);
    expect(JSON.parse(run.stdout.toString())).toMatchObject({ complete: false, stats: { hits: 0 } });
    expect(run.stderr).toContain(`"${join(root, '.muse')}" belongs to another user`);
    expect((await muse(['cache', 'info', root])).code).toBe(4);
    expect((await muse(['cache', 'clear', root])).code).toBe(4);
    chownSync(root, stranger, 0);
    expect((await muse(['snapshot', root])).code).toBe(0);
  });

  it('does not hide the one further up', async () => {
    const root = await made();
    mkdirSync(join(root, 'sub/.muse'));
    chownSync(join(root, 'sub/.muse'), stranger, 0);
    const { files, run } = await listed(['sub'], root);
    expect(files).not.toContain('own');
    expect(run.code).toBe(3);
  });
});
