import { execFileSync } from 'node:child_process';
import { hash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { beginRun } from '@muse/example-changed-since-green';
import { toNativePath, treePathFromBytes } from '@muse/paths';
import { hostileNames, makeTree, removeTree, tempDir } from '@muse/testkit';
import { describe, expect, it, onTestFinished } from 'vitest';

async function project() {
  const root = await makeTree({ '.muse/cache': {}, src: { a: 'a', b: 'b', c: 'c' } });
  const kept = tempDir();
  onTestFinished(async () => {
    await removeTree(root);
    await kept.remove();
  });
  const record = join(kept.path, 'ci/green.json');
  return { root, kept, record, begin: () => beginRun(root, record) };
}

it('has everything to test until a run was green', async () => {
  const { begin } = await project();
  expect((await begin()).changed).toEqual(['src/a', 'src/b', 'src/c']);
  const second = await begin();
  expect(second.changed).toEqual(['src/a', 'src/b', 'src/c']);
  await second.markGreen();
  expect(await begin()).toMatchObject({ changed: [], gone: [] });
});

it('names what changed since, and what is gone', async () => {
  const { root, begin } = await project();
  await (await begin()).markGreen();
  writeFileSync(join(root, 'src/a'), 'a 2');
  renameSync(join(root, 'src/b'), join(root, 'src/z'));
  rmSync(join(root, 'src/c'));
  expect(await begin()).toMatchObject({ changed: ['src/a', 'src/z'], gone: ['src/c', 'src/b'] });
});

it('does not call green what was edited while the tests ran', async () => {
  const { root, begin } = await project();
  const run = await begin();
  writeFileSync(join(root, 'src/a'), 'edited meanwhile');
  await run.markGreen();
  expect((await begin()).changed).toEqual(['src/a']);
});

it('has everything to test when the record is damaged, and leaves one file', async () => {
  const { record, kept, begin } = await project();
  await (await begin()).markGreen();
  expect(readdirSync(join(kept.path, 'ci'))).toEqual(['green.json']);
  writeFileSync(record, '{"version":1');
  expect((await begin()).changed).toHaveLength(3);
});

it('names every file by its bytes', async () => {
  const { root, begin } = await project();
  await (await begin()).markGreen();
  const paths = hostileNames.map((name) => `src/${treePathFromBytes(name)}`);
  for (const path of paths) writeFileSync(toNativePath(root, path), path);
  const { changed } = await begin();
  expect(new Set(changed)).toEqual(new Set(paths));
  await (await begin()).markGreen();
  expect((await begin()).changed).toEqual([]);
});

describe('does not believe', () => {
  it.each(['.ci/green.json', '.muse/green.json', '.git/green.json'])(
    'a record in the tree: %s',
    async (name) => {
      const { root, record, begin } = await project();
      await (await begin()).markGreen();
      mkdirSync(join(root, name, '..'), { recursive: true });
      cpSync(record, join(root, name));
      await expect(beginRun(root, join(root, name))).rejects.toThrow('it is inside');
      await expect(beginRun(root, join(root, 'none/green.json'))).rejects.toThrow('it is inside');
      expect(existsSync(join(root, 'none'))).toBe(false);
    },
  );

  it('a record whose directory leads into the tree', async () => {
    const { root, kept } = await project();
    symlinkSync(root, join(kept.path, 'link'));
    await expect(beginRun(root, join(kept.path, 'link/green.json'))).rejects.toThrow('it is inside');
    const link = join(kept.path, 'link/src');
    await expect(beginRun(link, join(root, 'src/green.json'))).rejects.toThrow('it is inside');
  });

  it('a link in the place of the record', async () => {
    const { root, record, kept, begin } = await project();
    await (await begin()).markGreen();
    const forged = join(kept.path, 'forged.json');
    renameSync(record, forged);
    symlinkSync(forged, record);
    const before = readFileSync(forged);
    writeFileSync(join(root, 'src/a'), 'a 2');
    const run = await begin();
    expect(run.changed).toEqual(['src/a', 'src/b', 'src/c']);
    await run.markGreen();
    expect(lstatSync(record).isFile()).toBe(true);
    expect(readFileSync(forged)).toEqual(before);
  });

  it('a record whose manifest is not that of its id', async () => {
    const { root, record, begin } = await project();
    await (await begin()).markGreen();
    writeFileSync(join(root, 'src/a'), 'a 2');
    const forged = JSON.parse(readFileSync(record, 'utf8')) as { manifest: Record<string, string> };
    forged.manifest['src/a'] = `sha256:${hash('sha256', 'a 2')}`;
    writeFileSync(record, JSON.stringify(forged));
    expect((await begin()).changed).toHaveLength(3);
  });

  it.skipIf(process.platform === 'win32')('a FIFO, and does not wait for it', async () => {
    const { record, begin } = await project();
    mkdirSync(join(record, '..'));
    execFileSync('mkfifo', [record]);
    expect((await begin()).changed).toHaveLength(3);
  });
});

describe('refuses a tree in which no manifest holds', () => {
  it.each([
    [
      'a link',
      '1 symlink',
      (root: string) => {
        symlinkSync('/etc/hostname', join(root, 'src/z'));
      },
    ],
    [
      'a nested .git',
      '1 reserved',
      (root: string) => {
        mkdirSync(join(root, 'src/.git'));
      },
    ],
    [
      'an ignored file',
      '1 ignored',
      (root: string) => {
        writeFileSync(join(root, '.museignore'), "[global]\npatterns = ['z']\n");
        writeFileSync(join(root, 'src/z'), '');
      },
    ],
  ])('%s', async (_what, counted, make) => {
    const { root, begin } = await project();
    make(root);
    await expect(begin()).rejects.toThrow(`(${counted})`);
  });
});

it('takes what is ignored and vouched for, and nothing more', async () => {
  const { root, record } = await project();
  writeFileSync(join(root, '.museignore'), "[global]\npatterns = ['node_modules/']\n");
  mkdirSync(join(root, 'node_modules'));
  const options = { leftOut: ['node_modules', 'not/there'] };
  expect((await beginRun(root, record, options)).changed).toHaveLength(4);
  mkdirSync(join(root, 'src/node_modules'));
  await expect(beginRun(root, record, options)).rejects.toThrow('(1 ignored)');
});
