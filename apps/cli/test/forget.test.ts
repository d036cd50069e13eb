import { chmod, mkdir, readdir, readFile, symlink, truncate, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { TempDir } from '@muse/testkit';
import { describe, expect, it } from 'vitest';
import { lines, muse, noOrdinaryUser } from './muse.js';
import { museTree, save, savedFiles } from './saved-trees.js';

/** A tree of which snapshots with these notes were saved; each has other content, unless a note is repeated. */
async function saved(...notes: readonly string[]): Promise<TempDir> {
  const tree = await museTree({ net: { n: 'n' } });
  for (const note of notes) {
    await writeFile(join(tree.path, 'a'), note);
    await save(tree, note);
  }
  return tree;
}

const forget = (tree: TempDir, ...args: readonly string[]) => muse(['forget', ...args], { cwd: tree.path });

/** The notes of those that are saved, the newest first. */
async function notes(tree: TempDir): Promise<string[]> {
  const { stdout } = await muse(['log', '--json'], { cwd: tree.path });
  const { snapshots } = JSON.parse(stdout.toString()) as { snapshots: { note: string }[] };
  return snapshots.map(({ note }) => note);
}

describe('muse forget', () => {
  it('removes those that are named, prints them, and leaves the others alone', async () => {
    await using tree = await saved('1', '2', '3', '4');
    const { stdout } = await muse(['log', '--json'], { cwd: tree.path });
    const { snapshots } = JSON.parse(stdout.toString()) as { snapshots: { snapshot_id: string }[] };
    const run = await forget(tree, 'latest~1', snapshots[3]?.snapshot_id.slice(0, 20) ?? '', 'latest~1');
    expect(run).toMatchObject({ code: 0, stderr: 'forgot 2 saved snapshots\n' });
    expect(lines(run.stdout).map((line) => line.at(-1))).toEqual(['3', '1']);
    expect(await notes(tree)).toEqual(['4', '2']);
  });

  it.each([
    [
      'a name that no snapshot has',
      ['latest', 'latest~9'],
      /latest~9: fewer than 10 snapshots are saved that it could be; 'muse log'/,
    ],
    ['a file', ['latest', 'a'], /cannot forget a: no saved snapshot/],
    [
      'an id that two share',
      ['latest', 'ID'],
      /2 saved snapshots have that id; name one of them by latest~1/,
    ],
  ])('removes nothing at all for %s', async (_case, names, message) => {
    await using tree = await saved('1', '1', '2');
    const [first = ''] = (await savedFiles(tree)).map((file) => basename(file).split('-')[1]);
    const run = await forget(tree, ...names.map((name) => (name === 'ID' ? first.slice(0, 12) : name)));
    expect(run).toMatchObject({ code: 4, stdout: Buffer.alloc(0) });
    expect(run.stderr).toMatch(message);
    expect(lines(run.stderr)).toHaveLength(1);
    expect(await notes(tree)).toEqual(['2', '1', '1']);
    expect((await muse(['show', first.slice(0, 12)], { cwd: tree.path })).code).toBe(0);
  });

  it('keeps the last ones of each directory', async () => {
    await using tree = await saved('1', '2', '3');
    await muse(['snapshot', 'net', '--save', '-m', 'net'], { cwd: tree.path });
    const dry = await forget(tree, '--keep-last', '2', '--dry-run');
    expect(dry.stderr).toBe('would forget 1 saved snapshot, 3 kept; nothing was removed\n');
    expect(await notes(tree)).toEqual(['net', '3', '2', '1']);
    const run = await forget(tree, '--keep-last', '2');
    expect(run).toMatchObject({ code: 0, stdout: dry.stdout, stderr: 'forgot 1 saved snapshot, 3 kept\n' });
    expect(await notes(tree)).toEqual(['net', '3', '2']);
  });

  it('keeps those within a time of the newest, and what another rule keeps', async () => {
    await using tree = await saved('1', '2', '3');
    expect((await forget(tree, '--keep-within', '12h')).stderr).toBe('forgot 0 saved snapshots, 3 kept\n');
    expect((await forget(tree, '--keep-last', '1', '--keep-within', '1y6m30d')).code).toBe(0);
    expect(await notes(tree)).toEqual(['3', '2', '1']);
  });

  it.each(['', '0d', '30', 'd', '3w', '-1d', '1d1d', '1.5d', '12345d', '1D', ' 1d'])(
    'takes %j for no duration',
    async (text) => {
      const run = await muse(['forget', `--keep-within=${text}`]);
      expect(run.code).toBe(2);
      expect(run.stderr).toMatch(/must be a time|missing/);
    },
  );

  it.each([
    [[], /nothing says what to forget/],
    [['--dry-run'], /nothing says what to forget/],
    [['latest', '--keep-last', '1'], /by name and by a rule at once/],
    [['latest', '--damaged'], /by name and by a rule at once/],
    [['--keep-last', '0'], /whole number above 0/],
  ])('refuses %j', async (args, message) => {
    const run = await muse(['forget', ...args]);
    expect(run.code).toBe(2);
    expect(run.stderr).toMatch(message);
  });

  it('removes damaged ones when told to, and otherwise names them and does not count them', async () => {
    await using tree = await saved('1', '2', '3');
    const [, , newest = ''] = await savedFiles(tree);
    await truncate(newest, 300);
    const byRule = await forget(tree, '--keep-last', '2');
    expect(byRule.code).toBe(3);
    expect(byRule.stderr).toContain(newest);
    expect(await notes(tree)).toEqual(['2', '1']);
    const named = await forget(tree, 'latest');
    expect(named.code).toBe(3);
    expect(await notes(tree)).toEqual(['1']);
    const run = await forget(tree, '--damaged');
    expect(run).toMatchObject({ code: 0, stderr: 'forgot 1 saved snapshot, 1 kept\n' });
    expect(run.stdout.toString()).toBe(`damaged  ${newest}\n`);
    expect(await savedFiles(tree)).toHaveLength(1);
  });

  it('refuses the id of a damaged one, and says what removes it', async () => {
    await using tree = await saved('1', '2');
    const [oldest = ''] = await savedFiles(tree);
    await truncate(oldest, 300);
    const run = await forget(tree, basename(oldest).split('-')[1]?.slice(0, 10) ?? '');
    expect(run.code).toBe(4);
    expect(run.stderr).toContain("'muse forget --damaged'");
    expect(await savedFiles(tree)).toHaveLength(2);
  });

  it('leaves alone what is not ours, by name, content or kind', async () => {
    await using tree = await saved('1');
    const [file = ''] = await savedFiles(tree);
    const copy = (digits: string): string => file.replace(/[0-9a-f]{8}\.json$/, `${digits}.json`);
    await writeFile(copy('00000001'), 'not ours');
    await symlink(file, copy('00000002'));
    await mkdir(copy('00000003'));
    await writeFile(join(tree.path, '.muse/snapshots/mine.json'), await readFile(file));
    const before = await readdir(join(tree.path, '.muse/snapshots'));
    for (const args of [['--damaged'], ['--keep-last', '1']]) {
      expect(await forget(tree, ...args)).toMatchObject({ code: 0, stdout: Buffer.alloc(0) });
    }
    expect(await readdir(join(tree.path, '.muse/snapshots'))).toEqual(before);
  });

  it.skipIf(noOrdinaryUser)('says so where nothing may be removed', async () => {
    await using tree = await saved('1', '2');
    await chmod(tree.path, 0o755);
    const run = await muse(['forget', '--keep-last', '1', '--trust-owner', '0'], {
      cwd: tree.path,
      ordinary: true,
    });
    expect(run).toMatchObject({ code: 4, stdout: Buffer.alloc(0) });
    expect(run.stderr).toMatch(/permission denied/);
    expect(await savedFiles(tree)).toHaveLength(2);
  });

  it('says so where nothing is saved', async () => {
    await using tree = await museTree({});
    const run = await forget(tree, 'latest');
    expect(run.code).toBe(4);
    expect(run.stderr).toBe(
      "muse: cannot forget latest: no snapshot is saved that it could be; 'muse log' lists the saved snapshots\n",
    );
    expect(await forget(tree, '--keep-last', '1')).toMatchObject({ code: 0, stdout: Buffer.alloc(0) });
  });

  it('needs a tree that snapshots can be saved in', async () => {
    const run = await muse(['forget', 'latest'], { cwd: '/' });
    expect(run.code).toBe(4);
    expect(run.stderr).toMatch(/^muse: cannot forget saved snapshots: there is no \.muse/);
  });
});
