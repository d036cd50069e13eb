import {
  appendFile,
  chmod,
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { giveToOrdinaryUser, makeTree, oracle, tempDir, type TempDir, type TreeNode } from '@muse/testkit';
import { describe, expect, it } from 'vitest';
import { lines, muse, noOrdinaryUser, shell, type Run } from './muse.js';

/** A tree with a `.muse`. */
async function museTree(spec: Readonly<Record<string, TreeNode>>): Promise<TempDir> {
  const directory = tempDir();
  await makeTree({ '.muse': {}, ...spec }, directory.path);
  return directory;
}

/** Saves a tree, and returns its id. */
async function save(tree: TempDir, note = ''): Promise<string> {
  const run = await muse(['snapshot', '-q', '--save', '-m', note], { cwd: tree.path });
  expect(run).toMatchObject({ code: 0, stderr: '' });
  return run.stdout.toString().trim();
}

const savedFiles = async (tree: TempDir): Promise<string[]> => {
  const directory = join(tree.path, '.muse/snapshots');
  return (await readdir(directory)).sort().map((name) => join(directory, name));
};

const spec = { a: 'a', gone: 'gone', moved: 'moved', d: { e: 'e' } };

/** An edit of each kind. */
async function edit(tree: TempDir): Promise<void> {
  await appendFile(join(tree.path, 'a'), 'b');
  await rm(join(tree.path, 'gone'));
  await rename(join(tree.path, 'moved'), join(tree.path, 'd/here'));
  await writeFile(join(tree.path, 'new'), 'new');
}

const editLines = ['modified  a', 'renamed   moved -> d/here', 'deleted   gone', 'added     new'];

describe('muse snapshot --save', () => {
  it('prints the id as ever, and keeps the snapshot', async () => {
    await using tree = await museTree(spec);
    const { id } = await oracle(tree.path);
    const run = await muse(['snapshot', '--save', '-m', 'first'], { cwd: tree.path });
    expect(run).toMatchObject({ code: 0, stdout: Buffer.from(`${id}\n`) });
    const [file = ''] = await savedFiles(tree);
    expect(run.stderr).toContain(`\nsaved as ${id.slice(0, 19)} in ${file}\n`);
    expect((await muse(['snapshot', '-q'], { cwd: tree.path })).stdout.toString()).toBe(`${id}\n`);
  });

  it('saves nothing without a .muse, and says what to do', async () => {
    await using tree = tempDir();
    const run = await muse(['snapshot', '--save', tree.path]);
    expect(lines(run.stderr)).toEqual([
      expect.stringMatching(/^muse: cannot save a snapshot of .*: there is no \.muse .*; run 'muse init'/),
    ]);
    expect(run).toMatchObject({ code: 4, stdout: Buffer.alloc(0) });
  });

  it('follows no link, and gives no answer where it cannot be kept', async () => {
    await using elsewhere = tempDir();
    await using tree = await museTree(spec);
    await symlink(elsewhere.path, join(tree.path, '.muse/snapshots'));
    const run = await muse(['snapshot', '-q', '--save'], { cwd: tree.path });
    expect(run.stderr).toMatch(
      /^muse: cannot save a snapshot of \.: .*snapshots" is a symbolic link; move it away/,
    );
    expect(run).toMatchObject({ code: 4, stdout: Buffer.alloc(0) });
    expect(await readdir(elsewhere.path)).toEqual([]);
    expect((await muse(['log'], { cwd: tree.path })).code).toBe(4);
  });

  it('leaves no half of a snapshot on a full disk', async () => {
    await using tree = await museTree(
      Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`file ${i}`, 'x'])),
    );
    const run = await shell('ulimit -f 8; muse snapshot -q --no-cache --save', { cwd: tree.path });
    expect(lines(run.stderr)).toEqual([
      expect.stringMatching(/^muse: cannot save a snapshot of \.: file too large \(EFBIG\); /),
    ]);
    expect(run.code).toBe(4);
    expect(await savedFiles(tree)).toEqual([]);
  });

  it('loses none of those that are saved at once', async () => {
    await using tree = await museTree(spec);
    const notes = ['1', '2', '3', '4', '5', '6'];
    await Promise.all(notes.map((note) => save(tree, note)));
    const { stdout } = await muse(['log', '--json'], { cwd: tree.path });
    const { snapshots } = JSON.parse(stdout.toString()) as { snapshots: { note: string }[] };
    expect(snapshots.map(({ note }) => note).sort()).toEqual(notes);
  });
});

describe('muse status', () => {
  it('tells what changed since the last one that was saved', async () => {
    await using tree = await museTree(spec);
    await save(tree);
    const clean = await muse(['status', '--exit-code'], { cwd: tree.path });
    expect(clean).toMatchObject({ code: 0, stdout: Buffer.alloc(0) });
    expect(clean.stderr).toMatch(
      /^no differences · since \d{4}-\d\d-\d\dT[\d:]+Z \(sha256:[0-9a-f]{12}\) · [\d.]+ m?s\n$/,
    );
    await edit(tree);
    const run = await muse(['status', tree.path]);
    expect(lines(run.stdout)).toEqual(editLines);
    expect(run.stderr).toMatch(/^1 added, 1 modified, 1 deleted, 1 renamed · since /);
    expect(run.code).toBe(0);
    expect((await muse(['status', '--exit-code', tree.path])).code).toBe(1);
    await save(tree);
    expect((await muse(['status', tree.path])).stdout.length).toBe(0);
  });

  it('prints names alone, and NUL between parts', async () => {
    await using tree = await museTree({ 'line\nfeed': 'x' });
    await save(tree);
    await rename(join(tree.path, 'line\nfeed'), join(tree.path, 'new\nname'));
    const answer = async (...args: string[]): Promise<string> =>
      (await muse(['status', '-q', ...args], { cwd: tree.path })).stdout.toString();
    expect(await answer('-z')).toBe('renamed\0line\nfeed\0new\nname\0');
    expect(await answer('-z', '--name-only')).toBe('new\nname\0');
    expect(await answer('--name-only')).toBe('new\nname\n');
  });

  it('prints one document with --json', async () => {
    await using tree = await museTree(spec);
    const before = await save(tree, 'note');
    await edit(tree);
    const { id } = await oracle(tree.path);
    const run = await muse(['status', '--json', '--exit-code'], { cwd: tree.path });
    expect(run.code).toBe(1);
    expect(JSON.parse(run.stdout.toString())).toMatchObject({
      version: 1,
      complete: true,
      before: { snapshot_id: before, note: 'note', files: 4 },
      after: { snapshot_id: id, files: 4 },
      added: [{ path: 'new' }],
      modified: [{ path: 'a' }],
      deleted: [{ path: 'gone' }],
      renamed: [{ from: 'moved', to: 'd/here' }],
      unknown: [],
      damaged: [],
    });
  });

  it('fails where nothing was saved', async () => {
    await using tree = await museTree(spec);
    const run = await muse(['status'], { cwd: tree.path });
    expect(run.stderr).toMatch(/no snapshot of it is saved; run 'muse snapshot --save' first\n$/);
    expect(run.code).toBe(4);
  });

  it('passes over a damaged one, names it, and does not call that a whole answer', async () => {
    await using tree = await museTree(spec);
    await save(tree);
    await edit(tree);
    await save(tree);
    const [, newest = ''] = await savedFiles(tree);
    await writeFile(newest, (await readFile(newest, 'utf8')).replace('"new"', '"old"'));
    const run = await muse(['status', '-q'], { cwd: tree.path });
    expect(lines(run.stdout)).toEqual(editLines);
    expect(run.stderr).toContain(newest);
    expect(run.stderr).toMatch(/it is damaged[^]*what is compared with is an older one/);
    expect(run.code).toBe(3);
  });

  it.skipIf(noOrdinaryUser)('calls nothing deleted that it may not read', async () => {
    await using tree = await museTree({ ...spec, locked: { x: 'x', y: 'y' } });
    await save(tree);
    await rm(join(tree.path, 'gone'));
    await giveToOrdinaryUser(tree.path);
    await chmod(join(tree.path, 'locked'), 0);
    const run = await muse(['status'], { cwd: tree.path, ordinary: true });
    await chmod(join(tree.path, 'locked'), 0o755);
    expect(lines(run.stdout)).toEqual(['deleted   gone']);
    expect(run.stderr).toMatch(/^muse: after: locked: cannot list: permission denied \(EACCES\)/m);
    expect(run.stderr).toContain('2 files at or below what is named above may or may not differ');
    expect(run.code).toBe(3);
  });
});

describe('muse log', () => {
  it('lists the newest first, with the first line of each note', async () => {
    await using tree = await museTree(spec);
    const first = await save(tree, 'one\nmore');
    await edit(tree);
    const second = await save(tree);
    const run = await muse(['log', tree.path]);
    expect(lines(run.stdout)).toEqual([
      expect.stringMatching(new RegExp(`^${second}  \\S+Z  4 files  11 B$`)),
      expect.stringMatching(new RegExp(`^${first}  \\S+Z  4 files  11 B  one$`)),
    ]);
    expect(run).toMatchObject({ code: 0, stderr: '' });
  });

  it('says so where there is none', async () => {
    await using tree = await museTree({});
    const run = await muse(['log'], { cwd: tree.path });
    expect(run).toMatchObject({ code: 0, stdout: Buffer.alloc(0) });
    expect(run.stderr).toMatch(/^muse: hint: no snapshot is saved here/);
    await using bare = tempDir();
    expect(await muse(['log'], { cwd: bare.path })).toMatchObject({ code: 4, stdout: Buffer.alloc(0) });
  });

  it('names a damaged one, and lists the others', async () => {
    await using tree = await museTree(spec);
    await save(tree, 'first');
    await edit(tree);
    const second = await save(tree, 'second');
    const [oldest = ''] = await savedFiles(tree);
    await writeFile(oldest, (await readFile(oldest)).subarray(0, 200));
    const run = await muse(['log'], { cwd: tree.path });
    expect(lines(run.stdout)).toEqual([expect.stringContaining(second)]);
    expect(run.stderr).toContain(oldest);
    expect(run.code).toBe(3);
    const { stdout } = await muse(['log', '--json'], { cwd: tree.path });
    expect(JSON.parse(stdout.toString())).toMatchObject({
      version: 1,
      snapshots: [{ snapshot_id: second, note: 'second', subtree: '', complete: true, files: 4, bytes: 11 }],
      damaged: [{ file: oldest }],
    });
  });
});

describe('a directory that is not there', () => {
  it.each([['snapshot', '--save'], ['status'], ['log']])(
    'is named as that by muse %s %s',
    async (...args) => {
      await using tree = await museTree(spec);
      const run = await muse([...args, 'none'], { cwd: tree.path });
      expect(lines(run.stderr)).toEqual([
        expect.stringMatching(
          /^muse: cannot .* none: no such file or directory \(ENOENT\); check the spelling$/,
        ),
      ]);
      expect(run).toMatchObject({ code: 4, stdout: Buffer.alloc(0) });
    },
  );
});

describe('muse show', () => {
  it('shows what is known of one, and its files', async () => {
    await using tree = await museTree({ b: 'b', a: 'a' });
    const id = await save(tree, 'two\nlines');
    const { manifest } = await oracle(tree.path);
    const run = await muse(['show', id.slice(0, 20)], { cwd: tree.path });
    expect(lines(run.stdout)).toEqual([
      `snapshot  ${id}`,
      expect.stringMatching(/^saved {5}\d{4}-/),
      'files     2',
      'size      2 B',
      'complete  yes',
      'note      two',
      'note      lines',
      '',
      ...[...manifest].map(([path, objectId]) => `${objectId}  ${path}`),
    ]);
    const names = await muse(['show', '--name-only', '-z', 'latest'], { cwd: tree.path });
    expect(names.stdout.toString()).toBe('a\0b\0');
  });

  it('prints a manifest with --json', async () => {
    await using tree = await museTree(spec);
    const id = await save(tree, 'note');
    await edit(tree);
    const run = await shell('muse show latest --json > .muse/m.json && muse diff -q .muse/m.json', {
      cwd: tree.path,
    });
    expect(lines(run.stdout)).toEqual(editLines);
    const document = JSON.parse(await readFile(join(tree.path, '.muse/m.json'), 'utf8')) as object;
    expect(document).toMatchObject({ version: 1, snapshot_id: id, note: 'note', complete: true, files: 4 });
  });
});

describe('muse diff', () => {
  it('takes saved snapshots, by id, by the beginning of it, or the latest', async () => {
    await using tree = await museTree(spec);
    const first = await save(tree);
    await edit(tree);
    const second = await save(tree);
    for (const operands of [
      [first, second],
      [first.slice(7, 15), second.slice(0, 15)],
      [first, 'latest'],
      [first],
      [first, '.'],
      [first.slice(7)],
    ]) {
      const run = await muse(['diff', '-q', ...operands], { cwd: tree.path });
      expect(run).toMatchObject({ code: 0, stderr: '' });
      expect(lines(run.stdout), operands.join(' ')).toEqual(editLines);
    }
    const same = await muse(['diff', '--exit-code', 'latest'], { cwd: tree.path });
    expect(same).toMatchObject({ code: 0, stdout: Buffer.alloc(0) });
  });

  it('takes manifests in files and on stdin, and directories', async () => {
    await using directory = tempDir();
    await makeTree({ old: spec, new: spec }, directory.path);
    await edit({ ...directory, path: join(directory.path, 'new') });
    const run = await shell(
      `muse snapshot -q -o m.json old && muse snapshot -q --format ndjson -o m.ndjson old
       for before in old m.json m.ndjson; do muse diff -q $before new; done
       muse snapshot -q -o - old | muse diff -q - new
       muse snapshot -q --json new | muse diff -q m.json -
       cd new && muse diff -q ../m.json`,
      { cwd: directory.path },
    );
    expect(run).toMatchObject({ code: 0, stderr: '' });
    expect(lines(run.stdout)).toEqual(Array.from({ length: 6 }, () => editLines).flat());
  });

  it('takes a directory that is called like the beginning of an id', async () => {
    await using tree = await museTree({ beef: { a: 'a' }, b: { a: 'b' } });
    const id = await save(tree);
    const digits = id.slice(7, 12);
    expect(lines((await muse(['diff', '-q', 'beef', 'b'], { cwd: tree.path })).stdout)).toEqual([
      'modified  a',
    ]);
    await mkdir(join(tree.path, digits));
    const both = await muse(['diff', digits], { cwd: tree.path });
    expect(both.stderr).toMatch(/is a saved snapshot, and a directory as well; write \.\//);
    expect(both.code).toBe(2);
    expect((await muse(['diff', '-q', `sha256:${digits}`, 'latest'], { cwd: tree.path })).code).toBe(0);
    expect((await muse(['diff', '-q', `./${digits}`, 'beef'], { cwd: tree.path })).code).toBe(0);
  });

  it.each<[string, string, RegExp]>([
    [
      'nothing of that name',
      'nowhere',
      /cannot read the manifest nowhere: no such file .*; name a saved snapshot/,
    ],
    ['an id that none has', 'sha256:0000', /none like it is saved/],
    ['what is no manifest', 'a', /cannot read the manifest a: it is not JSON.*; it must be what/],
    ['an edited manifest', 'edited.json', /"snapshot_id" is "sha256:/],
  ])('fails on %s', async (_, operand, reason) => {
    await using tree = await museTree(spec);
    await save(tree);
    await muse(['snapshot', '-q', '-o', 'edited.json'], { cwd: tree.path });
    const manifest = join(tree.path, 'edited.json');
    await writeFile(manifest, (await readFile(manifest, 'utf8')).replace('"gone"', '"come"'));
    const run = await muse(['diff', operand], { cwd: tree.path });
    expect(lines(run.stderr)).toEqual([expect.stringMatching(reason)]);
    expect(run).toMatchObject({ code: 4, stdout: Buffer.alloc(0) });
  });

  it('names the damaged one that was asked for, and reads the others', async () => {
    await using tree = await museTree(spec);
    const first = await save(tree);
    await edit(tree);
    const second = await save(tree);
    const [oldest = ''] = await savedFiles(tree);
    await writeFile(oldest, (await readFile(oldest, 'utf8')).replace(/(?<="a":"sha256:)..../, 'ffff'));
    const run: Run = await muse(['diff', first, second], { cwd: tree.path });
    expect(lines(run.stderr)).toEqual([expect.stringContaining(`${oldest}: it is damaged: its checksum`)]);
    expect(run.code).toBe(4);
    expect((await muse(['diff', '-q', second], { cwd: tree.path })).code).toBe(0);
  });
});
