import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { built, fifo, makeTree, sha256Id, tempDir, type TempDir } from '@muse/testkit';
import { describe, expect, it } from 'vitest';

// docs/beside-muse-in-python.md says what of this is known of the other program, and from where.

const hex = (text: string): string => createHash('sha256').update(text).digest('hex');
const theirSnapshot = 'c'.repeat(64);

/** What Muse in Python keeps in `.muse`, as `muse init` of 0.1.5 and a commit lay it out. */
const theirs = {
  'repo.json': '{\n  "repo_id": "7c9e6679-7425-40de-944b-e07fc1f90ae7",\n  "domain": "midi"\n}\n',
  HEAD: 'ref: refs/heads/main\n',
  'config.toml': '[user]\nname = ""\ntype = "human"    # "human" | "agent"\n\n[domain]\n',
  refs: { heads: { main: hex('commit') } },
  objects: { [hex('a').slice(0, 2)]: { [hex('a').slice(2)]: 'a' } },
  commits: { [`${hex('commit')}.json`]: `{"commit_id":"${hex('commit')}","snapshot_id":"${theirSnapshot}"}` },
  snapshots: {
    [`${theirSnapshot}.json`]: `{"snapshot_id":"${theirSnapshot}","manifest":{"a":"${hex('a')}"},"created_at":"2026-03-16T12:00:00+00:00"}`,
  },
  tags: { repository: { 'tag.json': '{"tag":"v1"}' } },
  'stat_cache.json': `{"version":1,"entries":{"a":{"mtime":1.5,"size":1,"object_hash":"${hex('b')}","dimensions":{}}}}`,
};

const ignored =
  '[global]\npatterns = [\n    "*.tmp",\n]\n\n[domain.midi]\npatterns = [\n    "/renders/",\n]\n';

/** A tree that Muse in Python laid out: a file beside one that its rules leave out, and what it keeps itself. */
async function laidOut(): Promise<TempDir> {
  const tree = tempDir();
  const attributes = '[meta]\ndomain = "midi"\n';
  const files = { a: 'a', 'x.tmp': 'x', renders: { r: 'r' }, '.museignore': ignored };
  await makeTree({ ...files, '.museattributes': attributes, '.muse': theirs }, tree.path);
  return tree;
}

function muse(tree: TempDir, ...args: string[]) {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [fileURLToPath(built('@muse/cli')), '-q', ...args],
    {
      cwd: tree.path,
      encoding: 'utf8',
    },
  );
  return { status, stdout, stderr };
}

/** Each file of theirs with its content and its time of change. */
function stateOf(directory: string, spec: object = theirs): unknown[] {
  return Object.entries(spec).flatMap(([name, node]: [string, unknown]) => {
    const path = join(directory, name);
    return typeof node === 'object' && node !== null
      ? stateOf(path, node)
      : [[path, readFileSync(path, 'utf8'), statSync(path, { bigint: true }).ctimeNs]];
  });
}

describe('a tree that Muse in Python laid out', () => {
  it('keeps every file of the other, whatever is run', async () => {
    await using tree = await laidOut();
    const before = stateOf(join(tree.path, '.muse'));
    expect(before).toHaveLength(9);
    const runs: string[][] = [
      ['init'],
      ['snapshot', '--save', '-m', 'ours'],
      ['snapshot', '--save'],
      ['status', '--exit-code'],
      ['log'],
      ['show', 'latest'],
      ['diff', 'latest~1', 'latest', '--exit-code'],
      ['verify', '--against', 'latest'],
      ['explain', 'a'],
      ['cache', 'info'],
      ['forget', '--keep-last', '1'],
      ['forget', '--damaged'],
      ['cache', 'clear'],
    ];
    for (const args of runs)
      expect(muse(tree, ...args), args.join(' ')).toMatchObject({ status: 0, stderr: '' });
    expect(stateOf(join(tree.path, '.muse'))).toEqual(before);
    expect(readFileSync(join(tree.path, '.museignore'), 'utf8')).toBe(ignored);
    const added = readdirSync(join(tree.path, '.muse')).filter((name) => !(name in theirs));
    expect(added.sort()).toEqual(['.gitignore', 'cache']);
    expect(muse(tree, 'log').stdout.trimEnd().split('\n')).toHaveLength(1);
    expect(muse(tree, 'show', theirSnapshot)).toMatchObject({ status: 4, stdout: '' });
  });

  it('has its rules obeyed, those of its domain included', async () => {
    await using tree = await laidOut();
    const list = muse(tree, 'snapshot', '--format', 'sha256sum').stdout;
    const names = list.split('\n').map((line) => line.slice(66));
    expect(names).toEqual(['.museattributes', '.museignore', 'a', '']);
  });

  it('has nothing opened but repo.json and the cache of version 3', async () => {
    await using tree = tempDir();
    const unopened = ['HEAD', 'config.toml', 'stat_cache.json', `snapshots/${theirSnapshot}.json`];
    const pipes = Object.fromEntries(unopened.map((name) => [name, fifo()]));
    await makeTree({ a: 'a', '.muse': { ...pipes, refs: {}, objects: {} } }, tree.path);
    for (const args of [['snapshot', '--save'], ['log'], ['status'], ['verify']]) {
      expect(muse(tree, ...args), args.join(' ')).toMatchObject({ status: 0, stderr: '' });
    }
  });

  it('has its .muse used for the cache, without an init of Muse here', async () => {
    await using tree = await laidOut();
    expect(muse(tree, 'snapshot').status).toBe(0);
    expect(readdirSync(join(tree.path, '.muse/cache'))).toEqual(['stat.json']);
  });
});

const script = fileURLToPath(new URL('support/stat_cache_v3.py', import.meta.url));
const hasPython = spawnSync('python3', ['--version']).status === 0;

/** Lets a writer in Python look at a tree, and save its cache if told to. */
function python(tree: TempDir, mode: 'look' | 'save'): { hits: string[]; ids: Record<string, string> } {
  const run = spawnSync('python3', [script, tree.path, mode], { encoding: 'utf8' });
  expect(run).toMatchObject({ status: 0, stderr: '' });
  return JSON.parse(run.stdout) as { hits: string[]; ids: Record<string, string> };
}

interface Taken {
  readonly manifest: Record<string, string>;
  readonly stats: { readonly hits: number; readonly hashed_files: number };
}

function taken(tree: TempDir): Taken {
  const run = muse(tree, 'snapshot', '--json');
  expect(run).toMatchObject({ status: 0, stderr: '' });
  return JSON.parse(run.stdout) as Taken;
}

interface Stored {
  readonly entries: Record<string, { object_hash: string; dimensions: Record<string, string> }>;
}

/** Files that have been quiet for long enough to be trusted, none of whose times is a whole number of microseconds. */
async function sharedTree(): Promise<TempDir> {
  const tree = tempDir();
  await makeTree({ a: 'a', 'd/b': 'bb', é: 'c', '.muse/cache': {} }, tree.path);
  await new Promise((resolve) => setTimeout(resolve, 100));
  return tree;
}

const ids = { a: sha256Id('a'), 'd/b': sha256Id('bb'), é: sha256Id('c') };

describe.skipIf(!hasPython)('a cache of version 3 that Python writes, too', () => {
  it('is believed there when Muse here wrote it, and never here when Python did', async () => {
    await using tree = await sharedTree();
    expect(taken(tree)).toMatchObject({ manifest: ids, stats: { hashed_files: 3 } });
    expect(python(tree, 'save')).toEqual({ hits: ['a', 'd/b', 'é'], ids });
    expect(taken(tree)).toMatchObject({ manifest: ids, stats: { hits: 0, hashed_files: 3 } });
    expect(taken(tree)).toMatchObject({ manifest: ids, stats: { hits: 3, hashed_files: 0 } });
    expect(python(tree, 'look').hits).toHaveLength(3);
  });

  it('keeps the dimensions of content that is the same, and no others', async () => {
    await using tree = await sharedTree();
    python(tree, 'save');
    writeFileSync(join(tree.path, 'a'), 'other');
    taken(tree);
    taken(tree);
    const { entries } = JSON.parse(readFileSync(join(tree.path, '.muse/cache/stat.json'), 'utf8')) as Stored;
    expect(Object.values(entries).map(({ dimensions }) => dimensions)).toEqual([
      {},
      { symbols: `of ${hex('bb').slice(0, 12)}` },
      { symbols: `of ${hex('c').slice(0, 12)}` },
    ]);
  });

  it('gives no stale id here, where the rule of Python does', async () => {
    await using tree = await sharedTree();
    python(tree, 'save');
    const file = join(tree.path, 'a');
    const { atime, mtime } = statSync(file);
    utimesSync(file, atime, mtime);
    python(tree, 'save');
    writeFileSync(file, 'z');
    utimesSync(file, atime, mtime);
    expect(python(tree, 'look').ids['a']).toBe(ids.a);
    expect(taken(tree).manifest['a']).toBe(sha256Id('z'));
  });

  it('is replaced whole by each, and a temporary file that was left behind is swept by Muse here', async () => {
    await using tree = await sharedTree();
    const cache = join(tree.path, '.muse/cache');
    mkdirSync(cache, { recursive: true });
    writeFileSync(join(cache, '.stat_cache_0ld_py.tmp'), '{');
    utimesSync(join(cache, '.stat_cache_0ld_py.tmp'), 1, 1);
    for (let round = 0; round < 3; round++) {
      expect(python(tree, 'save').ids).toEqual(ids);
      expect(taken(tree).manifest).toEqual(ids);
    }
    expect(readdirSync(cache)).toEqual(['stat.json']);
  });
});
