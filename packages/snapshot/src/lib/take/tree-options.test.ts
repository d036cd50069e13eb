import { chmodSync, lchownSync } from 'node:fs';
import { join } from 'node:path';
import { fifo, makeTree, removeTree, symlink, type TreeNode } from '@muse/testkit';
import { describe, expect, it, onTestFinished } from 'vitest';
import { loadTreeDefaults } from './tree-options.js';

async function rootWith(settings: TreeNode): Promise<string> {
  const root = await makeTree({ '.muse': { 'snapshot.toml': settings } });
  onTestFinished(() => removeTree(root));
  return root;
}

describe('loadTreeDefaults()', () => {
  it('reads each option, and names its file', async () => {
    const root = await rootWith(
      [
        'gitignore = true',
        'no-ignore = false',
        '"one-file-system" = true # in quotes',
        "exclude = ['*.o', '!a']",
        "ignore-file = ['ci.toml', '/etc/x.toml']",
        'trust-owner = [0, 1000]',
      ].join('\n'),
    );
    expect(await loadTreeDefaults(root)).toEqual({
      file: join(root, '.muse/snapshot.toml'),
      options: {
        gitignore: true,
        noIgnore: false,
        oneFileSystem: true,
        exclude: ['*.o', '!a'],
        ignoreFiles: [join(root, 'ci.toml'), '/etc/x.toml'],
        trustOwners: [0, 1000],
      },
      problem: undefined,
    });
  });

  it('finds none where there is no such file, and nothing in an empty one', async () => {
    const root = await makeTree({
      a: 'a',
      b: { '.muse': {} },
      c: { '.muse': { 'snapshot.toml': '\n# none\n' } },
    });
    onTestFinished(() => removeTree(root));
    expect(await loadTreeDefaults(root)).toBeUndefined();
    expect(await loadTreeDefaults(join(root, 'b'))).toBeUndefined();
    expect((await loadTreeDefaults(join(root, 'c')))?.options).toEqual({});
  });

  it.each([
    ['gitignor = true', 1, 1, 'no setting "gitignor"; there are exclude, gitignore, ignore-file'],
    ['# x\n  [tree]\n', 2, 3, 'no setting "tree"'],
    ['a.b = 1', 1, 1, 'no setting "a"'],
    ['__proto__ = 1', 1, 1, 'no setting "__proto__"'],
    ['gitignore = "yes"', 1, 1, '"gitignore" must be true or false'],
    ['\ngitignore = [true]', 2, 1, '"gitignore" must be true or false'],
    ['exclude = "*.o"', 1, 1, '"exclude" must be an array of patterns'],
    ['exclude = ["a",\n 7]', 2, 2, '"exclude" must be an array of patterns'],
    ['exclude = [""]', 1, 12, '"exclude" must be an array of patterns'],
    ['ignore-file = true', 1, 1, '"ignore-file" must be an array of names'],
    ['trust-owner = [0, -1]', 1, 19, '"trust-owner" must be an array of numbers'],
    ['trust-owner = [4294967295]', 1, 16, '"trust-owner" must be'],
    ['trust-owner = ["root"]', 1, 16, '"trust-owner" must be'],
    ['gitignore = true\ngitignore = true', 2, 1, 'redefine'],
    ['gitignore =', 1, 12, ''],
  ])('names line and column of what is wrong in %j', async (text, line, column, reason) => {
    const root = await rootWith(text);
    const error = await loadTreeDefaults(root).catch((each: unknown) => each);
    expect(error).toMatchObject({
      name: 'IgnoreFileError',
      file: join(root, '.muse/snapshot.toml'),
      line,
      column: expect.any(Number) as number,
      message: expect.stringContaining(reason) as string,
    });
    if (reason !== 'redefine') expect((error as { column: number }).column).toBe(column);
  });

  it.each<[string, TreeNode]>([
    ['a directory', {}],
    ['a link', symlink('other.toml')],
    ['a FIFO', fifo()],
    ['larger than 1 MiB', `# ${'x'.repeat(1 << 20)}`],
    ['not UTF-8', Buffer.from([0x23, 0xff])],
  ])('refuses a file that is %s', async (_case, node) => {
    await expect(loadTreeDefaults(await rootWith(node))).rejects.toMatchObject({ name: 'IgnoreFileError' });
  });

  it.skipIf(process.getuid?.() === 0)('refuses a file that cannot be read', async () => {
    const root = await rootWith('gitignore = true');
    chmodSync(join(root, '.muse/snapshot.toml'), 0);
    await expect(loadTreeDefaults(root)).rejects.toMatchObject({ name: 'IgnoreFileError' });
  });

  it.skipIf(process.getuid?.() !== 0)(
    'does not obey one that a stranger owns, which is a problem',
    async () => {
      const stranger = 12_345;
      const root = await rootWith('gitignore = true\nbroken');
      const file = join(root, '.muse/snapshot.toml');
      lchownSync(file, stranger, 0);
      expect(await loadTreeDefaults(root)).toMatchObject({
        file,
        options: {},
        problem: { kind: 'not-trusted' },
      });
      await expect(loadTreeDefaults(root, { trustOwners: [stranger] })).rejects.toThrow('line 2');
      lchownSync(join(root, '.muse'), stranger, 0);
      expect(await loadTreeDefaults(root)).toBeUndefined();
    },
  );
});
