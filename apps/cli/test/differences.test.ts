import { chmod, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { giveToOrdinaryUser, makeTree, oracle, tempDir } from '@muse/testkit';
import { describe, expect, it } from 'vitest';
import { lines, muse, noOrdinaryUser, shell, type Run } from './muse.js';
import { edit, editLines, museTree, save, savedFiles, spec } from './saved-trees.js';

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

  it('prints a table with --stat, with the bytes of what is there', async () => {
    await using tree = await museTree(spec);
    await save(tree);
    await edit(tree);
    const run = await muse(['status', '--stat', '--exit-code'], { cwd: tree.path });
    expect(run.code).toBe(1);
    expect(lines(run.stdout)).toEqual([
      ` a               | 2 B ${'~'.repeat(27)}`,
      ' moved => d/here | 5 B',
      ' gone            |   ?',
      ` new             | 3 B ${'+'.repeat(40)}`,
      ' 4 files changed, 1 added (3 B), 1 modified (2 B), 1 deleted, 1 renamed (5 B)',
    ]);
    const part = await muse(['diff', 'latest', '--stat', '--', 'new'], { cwd: tree.path });
    expect(lines(part.stdout)[1]).toBe(' 1 file changed, 1 added (3 B)');
    await using empty = await museTree({});
    const gone = await muse(['diff', tree.path, empty.path, '--stat'], { cwd: tree.path });
    expect(gone.stdout.toString()).toContain('4 files changed, 4 deleted (11 B)');
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
    expect(run.stderr).toMatch(/it is damaged[^]*an older snapshot was used instead/);
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
    expect(both.stderr).toMatch(/is both a saved snapshot and a directory; write \.\//);
    expect(both.code).toBe(2);
    expect((await muse(['diff', '-q', `sha256:${digits}`, 'latest'], { cwd: tree.path })).code).toBe(0);
    expect((await muse(['diff', '-q', `./${digits}`, 'beef'], { cwd: tree.path })).code).toBe(0);
  });

  it('means by latest that of the directory beside it', async () => {
    await using here = await museTree({ a: 'here' });
    await using other = await museTree({ a: 'other', d: { b: 'b' } });
    await save(here);
    await save(other);
    await writeFile(join(other.path, 'd/b'), 'changed');
    for (const [name, line] of [
      [other.path, 'modified  d/b'],
      [join(other.path, 'd'), 'modified  b'],
    ] as const) {
      for (const operands of [
        ['diff', 'latest', name],
        ['diff', name, 'latest'],
        ['status', name],
      ]) {
        const run = await muse(['-q', ...operands], { cwd: here.path });
        expect(lines(run.stdout), operands.join(' ')).toEqual([line]);
        expect(run).toMatchObject({ code: 0, stderr: '' });
      }
    }
  });

  it('takes a directory in the tree of a saved one for that part of both', async () => {
    await using tree = await museTree({ a: 'a', q: { a: 'a', b: 'b' }, net: { n: 'n' } });
    const whole = await save(tree);
    await writeFile(join(tree.path, 'q/b'), 'edited');
    await writeFile(join(tree.path, 'a'), 'edited');
    const net = (await muse(['snapshot', '-q', '--save', 'net'], { cwd: tree.path })).stdout
      .toString()
      .trim();
    await writeFile(join(tree.path, 'net/n'), 'edited');
    const answers: readonly [string[], string[]][] = [
      [['diff', 'latest', 'q'], ['modified  b']],
      [['status', 'q'], ['modified  b']],
      [['diff', whole, 'q'], ['modified  b']],
      [['diff', 'latest', 'net'], ['modified  n']],
      [['diff', net], ['modified  n']],
      [['diff', net, '.'], ['modified  n']],
      [['diff', 'latest~0', '--', 'q'], ['modified  q/b']],
      [['status', '--', 'a', 'gone/x'], ['modified  a']],
      [['status', 'q', '--', './b'], ['modified  b']],
      [['status', '--', 'q/a'], []],
    ];
    for (const [args, expected] of answers) {
      const run = await muse(['-q', ...args], { cwd: tree.path });
      expect(lines(run.stdout), args.join(' ')).toEqual(expected);
      expect(run.code).toBe(0);
    }
    const document = async (...args: string[]) =>
      JSON.parse((await muse(args, { cwd: tree.path })).stdout.toString()) as {
        before: { snapshot_id: string; files: number; saved_id: string };
      };
    const { before } = await document('diff', '--json', 'latest', 'q');
    expect(before).toMatchObject({ files: 2, saved_id: whole });
    expect(before.snapshot_id).not.toBe(whole);
    expect((await muse(['status', '--', '../x'], { cwd: tree.path })).code).toBe(2);
  });

  it('agrees on what latest is, also where a newer one is damaged', async () => {
    await using tree = await museTree({ a: 'a', net: { n: 'n' } });
    const first = await save(tree);
    await writeFile(join(tree.path, 'a'), 'b');
    const second = await save(tree);
    await muse(['snapshot', '-q', '--save', 'net'], { cwd: tree.path });
    const run = async (...args: string[]) => {
      const { code, stdout } = await muse([...args, '--json'], { cwd: tree.path });
      return { code, document: JSON.parse(stdout.toString()) as Record<string, unknown> };
    };
    const latest = async () => {
      const { snapshots } = (await run('log')).document as {
        snapshots: { snapshot_id: string; latest: boolean }[];
      };
      return snapshots.filter((each) => each.latest).map((each) => each.snapshot_id);
    };
    expect(await latest()).toEqual([second]);
    expect((await run('show', 'latest')).document['snapshot_id']).toBe(second);
    expect((await run('status')).document['before']).toMatchObject({ snapshot_id: second });
    const [, newest = ''] = await savedFiles(tree);
    await writeFile(newest, (await readFile(newest)).subarray(0, 300));
    expect(await latest()).toEqual([first]);
    for (const args of [
      ['status'],
      ['diff', 'latest'],
      ['diff', 'latest', '--exit-code'],
      ['status', '--exit-code'],
    ]) {
      const { code, document } = await run(...args);
      expect(document, args.join(' ')).toMatchObject({
        complete: false,
        before: { snapshot_id: first },
        damaged: [{}],
      });
      expect(code).toBe(3);
    }
    expect(await run('show', 'latest')).toMatchObject({ code: 3, document: { snapshot_id: first } });
    expect(await run('verify', '--against', 'latest')).toMatchObject({
      code: 3,
      document: { complete: false },
    });
    expect((await run('log')).code).toBe(3);
    expect((await run('status', 'net')).code).toBe(0);
  });

  it('compares by the options and the rules that a saved one was taken by', async () => {
    await using tree = await museTree({
      a: 'a',
      'x.log': 'x',
      '.gitignore': '*.log\n',
      'ci.toml': "[global]\npatterns = ['y']\n",
      y: 'y',
    });
    const options = ['--gitignore', '--ignore-file', 'ci.toml', '--exclude', '*.tmp'];
    await writeFile(join(tree.path, 'z.tmp'), 'z');
    await muse(['snapshot', '-q', '--save', ...options], { cwd: tree.path });
    await mkdir(join(tree.path, 'sub'));
    for (const args of [['status'], ['diff', 'latest'], ['verify', '--against', 'latest']]) {
      const run = await muse([...args, ...(args[0] === 'verify' ? ['--strict'] : ['--exit-code'])], {
        cwd: tree.path,
      });
      expect(run).toMatchObject({ code: 0, stdout: Buffer.alloc(0) });
      expect(run.stderr).toContain('using the options that it was saved with: ');
    }
    const other = await muse(['status', '-q', '--no-ignore'], { cwd: tree.path });
    expect(lines(other.stdout)).toEqual(['added     x.log', 'added     y']);
    expect(other.stderr).toContain('it was saved with other options (--no-ignore)');
    await writeFile(join(tree.path, '.gitignore'), '*.log\na\n');
    const changed = await muse(['status', '-q'], { cwd: tree.path });
    expect(lines(changed.stdout)).toEqual(['modified  .gitignore']);
    expect(changed.stderr).toContain(
      'it was saved with other rules (.gitignore); both sides are judged by those of today',
    );
  });

  it('compares the latest one with a copy that has no .muse, and takes a file of that name for one', async () => {
    await using tree = await museTree(spec);
    await using copy = tempDir();
    await save(tree);
    await makeTree(spec, copy.path);
    await edit(copy);
    const inTree = await muse(['diff', '-q', 'latest', copy.path], { cwd: tree.path });
    expect(lines(inTree.stdout)).toEqual(editLines);
    await muse(['snapshot', '-q', '-o', 'latest', tree.path], { cwd: copy.path });
    const inCopy = await muse(['diff', '-q', 'latest', tree.path], { cwd: copy.path });
    expect(inCopy).toMatchObject({ code: 0, stdout: Buffer.alloc(0), stderr: '' });
  });

  it.each<[string, string, RegExp]>([
    [
      'nothing of that name',
      'nowhere',
      /cannot read the manifest nowhere: no such file .*; name a saved snapshot/,
    ],
    ['an id that none has', 'sha256:0000', /no saved snapshot, file or directory has that name/],
    ['what is neither a manifest nor a list', 'a', /cannot read the list a: in line 1: .*; use what/],
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
