import { chmod, mkdir, readFile, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { loadCache } from '@muse/stat-cache';
import {
  fifo,
  giveToOrdinaryUser,
  hostileNames,
  makeTree,
  removeTree,
  symlink,
  tempDir,
  type TempDir,
  type TreeNode,
} from '@muse/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { commands } from '../src/commands.js';
import type { Commands } from '../src/definition.js';
import { errors, errorsAsPublished, schemas, type Schema } from './json-schemas.js';
import { lines, muse, noOrdinaryUser, type Run } from './muse.js';

const linux = process.platform === 'linux';
let tree: TempDir;

/** A tree with whatever a document can tell about: names of all kinds, links, a dimension, files that changed since. */
beforeAll(async () => {
  tree = tempDir();
  const hostile = new Map<Uint8Array, TreeNode>(hostileNames.map((name) => [name, 'hostile']));
  await makeTree(
    {
      '.muse/cache': {},
      '.git/config': '',
      '.museignore': "[global]\npatterns = ['/build/']\n",
      'build/out.o': '',
      hostile: linux ? hostile : { plain: 'hostile' },
      sub: { hit: 'h', size: 's', mtime: 'm', ctime: 'c' },
      link: symlink('sub'),
      ...(linux ? { pipe: fifo() } : {}),
    },
    tree.path,
  );
  expect((await muse(['snapshot', tree.path])).code).toBe(0);
  const cache = await loadCache(tree.path);
  for (const [path, { objectId }] of cache.entries()) {
    if (path === 'sub/hit') cache.setDimension(path, objectId, '__proto__', 'x');
  }
  await cache.save();
  await writeFile(join(tree.path, 'sub/size'), 'longer');
  await utimes(join(tree.path, 'sub/mtime'), new Date(-1500), new Date(-1500));
  await chmod(join(tree.path, 'sub/ctime'), 0o600);
  await writeFile(join(tree.path, 'new'), 'new');
});

afterAll(() => removeTree(tree.path));

const documentOf = (run: Run): Record<string, unknown> =>
  JSON.parse(run.stdout.toString()) as Record<string, unknown>;

/** The words of each command that takes `--json`, and of each `--format ndjson`, as schemas are named. */
function documents(all: Commands, before: readonly string[] = []): string[] {
  return all.flatMap((each) => {
    if (!('definition' in each)) return documents(each.commands, [...before, each.name]);
    const name = [...before, each.definition.name].join('-');
    // It prints nothing else, so that nobody has to ask for it.
    if (name === 'watch') return [name];
    return Object.values(each.definition.options).flatMap(({ syntax, offer }) => [
      ...(syntax === '--json' ? [name] : []),
      ...(offer?.includes('ndjson') === true ? [`${name}-ndjson`] : []),
    ]);
  });
}

describe('the schemas', () => {
  it('are there for each command that prints JSON, and for no other', () => {
    const names = documents(commands);
    expect(names.length).toBeGreaterThan(3);
    expect([...schemas.keys()].sort()).toEqual(names.sort());
  });

  it.each([...schemas])('%s says which version it is of, and names itself so', (name, schema) => {
    const versions = JSON.stringify(schema).match(/"version":\{[^}]*"const":\d+\}/g);
    expect(versions).toEqual([expect.stringMatching(/"const":1\}$/)]);
    expect(schema).toMatchObject({
      $id: `urn:muse:cli:${name}:1`,
      $schema: 'https://json-schema.org/draft/2020-12/schema',
    });
  });

  it('say the same of the same word', () => {
    const known = new Map<string, unknown>();
    for (const schema of schemas.values()) {
      for (const [word, meaning] of Object.entries((schema['$defs'] ?? {}) as Schema)) {
        expect(meaning, word).toEqual(known.get(word) ?? meaning);
        known.set(word, meaning);
      }
    }
  });

  it('let a field pass that a later version adds, and no wrong one', () => {
    const info = {
      version: 1,
      file: '/m',
      bytes: null,
      entries: 0,
      dropped: 0,
      discarded: null,
      dimensions: {},
    };
    expect(errorsAsPublished('cache-info', { ...info, later: 1 })).toEqual([]);
    expect(errors('cache-info', { ...info, later: 1 })).not.toEqual([]);
    expect(errorsAsPublished('cache-info', { ...info, entries: -1 })).not.toEqual([]);
    expect(errorsAsPublished('cache-info', { ...info, version: 2 })).not.toEqual([]);
  });

  it('of status and diff differ in their names alone', () => {
    const [status, diff] = ['status', 'diff'].map((name) => ({ ...schemas.get(name) }));
    const named = { $id: '', title: '', description: '' };
    expect({ ...status, ...named }).toEqual({ ...diff, ...named });
  });

  it('know what each outcome of an explanation has', () => {
    const explanation = { name: './a', root: '/r', path: 'a', outcome: 'miss', reason: 'racy' };
    const document = (...explanations: object[]): object => ({ version: 1, explanations });
    expect(errors('explain', document(explanation))).toEqual([]);
    for (const wrong of [
      { later: 1 },
      { root: undefined },
      { reason: 'size' },
      { outcome: 'hit' },
      { at: 'a' },
    ]) {
      const changed = JSON.parse(JSON.stringify({ ...explanation, ...wrong })) as object;
      expect([wrong, errors('explain', document(changed))]).not.toEqual([wrong, []]);
    }
    expect(errorsAsPublished('explain', document({ ...explanation, later: 1 }))).toEqual([]);
  });

  it.each(['', '/a', 'a/', 'a//b', '.', '..', 'a/..', '../a', 'a/./b', 'a\0'])(
    'take %j for no tree path',
    (path) => {
      const line = { type: 'file', path, object_id: `sha256:${'0'.repeat(64)}` };
      expect(errors('snapshot-ndjson', line)).not.toEqual([]);
      expect(errors('snapshot-ndjson', { ...line, path: '.a/..b/c\n' })).toEqual([]);
    },
  );
});

describe('muse snapshot', () => {
  it('prints a document of its schema, whatever the names are', async () => {
    const run = await muse(['snapshot', '--json', '--no-cache', tree.path]);
    const document = documentOf(run);
    expect(errors('snapshot', document)).toEqual([]);
    expect(errorsAsPublished('snapshot', document)).toEqual([]);
    const { manifest, stats } = document as { manifest: object; stats: object };
    if (linux) expect(Object.keys(manifest).length).toBeGreaterThan(hostileNames.length);
    expect(stats).toMatchObject({ left_out: { symlink: 1, ignored: 1, reserved: 2 } });
  });

  it('prints lines of their schema, whatever the names are', async () => {
    const run = await muse(['snapshot', '--format', 'ndjson', '--no-cache', tree.path]);
    const all = lines(run.stdout).map((line) => JSON.parse(line) as { type: string });
    for (const line of all) expect(errors('snapshot-ndjson', line)).toEqual([]);
    expect(all.at(-1)?.type).toBe('snapshot');
  });

  it.skipIf(noOrdinaryUser)('prints its problems by the same schemas', async () => {
    await using closed = await closedTree();
    for (const form of [['--json'], ['--format', 'ndjson']]) {
      const run = await muse(['snapshot', ...form, closed.path], { ordinary: true, cwd: '/' });
      expect(run.code).toBe(3);
      if (form.length === 1) {
        expect(errors('snapshot', documentOf(run))).toEqual([]);
        expect(documentOf(run)).toMatchObject({ complete: false, problems: [{}, {}] });
      } else {
        const all = lines(run.stdout).map((line) => JSON.parse(line) as { type: string });
        for (const line of all) expect(errors('snapshot-ndjson', line)).toEqual([]);
        expect(all.map(({ type }) => type)).toEqual(['file', 'problem', 'problem', 'snapshot']);
      }
    }
    await chmod(join(closed.path, 'closed'), 0o755);
  });

  it('prints a document of its schema for an empty directory', async () => {
    await using empty = tempDir();
    expect(errors('snapshot', documentOf(await muse(['snapshot', '--json', empty.path])))).toEqual([]);
  });
});

describe('muse verify --json', () => {
  it('prints a document of its schema, with files of each kind', async () => {
    await using copy = tempDir();
    await makeTree({ '.muse/cache': {}, rotten: 'good', edited: 'a', touched: 'a' }, copy.path);
    await muse(['snapshot', copy.path]);
    await writeFile(join(copy.path, 'edited'), 'longer');
    await utimes(join(copy.path, 'touched'), 1, 1);
    // As if the bytes had gone wrong on the disk: the cache has another id for them.
    const stored = join(copy.path, '.muse/cache/stat.json');
    const text = await readFile(stored, 'utf8');
    const wrong = text.replace(/("rotten":.*sha256:)[0-9a-f]{64}/, `$1${'0'.repeat(64)}`);
    await writeFile(stored, wrong.replace(/,"checksum":"[^"]*"/, ''));
    const run = await muse(['verify', '--json', copy.path]);
    expect(run.code).toBe(1);
    expect(errors('verify', documentOf(run))).toEqual([]);
    expect(documentOf(run)).toMatchObject({
      mismatch: [{ path: 'rotten' }],
      edited: [{ path: 'edited' }],
      touched: [{ path: 'touched' }],
    });
    await rm(join(copy.path, 'touched'));
    const sample = await muse(['verify', '--json', '--sample', '1%', copy.path]);
    expect(documentOf(sample)).toMatchObject({ files: 1, missing: [{ path: 'touched' }] });
    expect(errors('verify', documentOf(sample))).toEqual([]);
  });

  it.skipIf(noOrdinaryUser)('prints its problems by the same schema', async () => {
    await using closed = await closedTree();
    await muse(['snapshot', closed.path], { ordinary: true, cwd: '/' });
    const run = await muse(['verify', '--json', closed.path], { ordinary: true, cwd: '/' });
    expect(run.code).toBe(3);
    expect(errors('verify', documentOf(run))).toEqual([]);
    expect(documentOf(run)).toMatchObject({ problems: [{}, {}] });
    await chmod(join(closed.path, 'closed'), 0o755);
  });
});

describe('muse explain --json', () => {
  it.each([
    ['sub/hit', { outcome: 'hit' }],
    ['sub/size', { outcome: 'miss', reason: 'size' }],
    ['sub/mtime', { outcome: 'miss', reason: 'mtime', after: '-1.500000000' }],
    ['sub/ctime', { outcome: 'miss', reason: 'ctime' }],
    ['new', { outcome: 'miss', reason: 'new' }],
    ['sub', { outcome: 'directory' }],
    ['.', { outcome: 'directory', path: '' }],
    ['build/out.o', { outcome: 'ignored', rule: { pattern: '/build/', line: 2 } }],
    ['.git/config', { outcome: 'reserved', at: '.git' }],
    ['link', { outcome: 'special', kind: 'symlink' }],
    ['no/where', { outcome: 'absent', at: 'no' }],
  ])('prints a document of its schema for %s', async (path, explanation) => {
    const run = await muse(['explain', '--json', path], { cwd: tree.path });
    expect(errors('explain', documentOf(run))).toEqual([]);
    expect(documentOf(run)['explanations']).toMatchObject([explanation]);
  });

  it.runIf(linux)('prints a document of its schema where another file system is mounted', async () => {
    const run = await muse(['explain', '--json', '--one-file-system', 'proc/version'], { cwd: '/' });
    expect(errors('explain', documentOf(run))).toEqual([]);
  });

  it('prints a document of its schema where the cache is damaged', async () => {
    await using damaged = tempDir();
    await makeTree({ '.muse/cache/stat.json': '{', file: 'x' }, damaged.path);
    const run = await muse(['explain', '--json', 'file'], { cwd: damaged.path });
    expect(errors('explain', documentOf(run))).toEqual([]);
    expect(documentOf(run)['explanations']).toMatchObject([{ reason: 'cache-reset', discarded: 'not-json' }]);
  });

  it('prints a document of its schema where the cache has no ctime', async () => {
    await using old = tempDir();
    await makeTree({ '.muse/cache': {}, file: 'x' }, old.path);
    await muse(['snapshot', old.path]);
    const stored = join(old.path, '.muse/cache/stat.json');
    const text = await readFile(stored, 'utf8');
    await writeFile(stored, text.replace(/"ctime":[\d.]+,/, '').replace(/,"checksum":"[^"]*"/, ''));
    const run = await muse(['explain', '--json', 'file'], { cwd: old.path });
    expect(errors('explain', documentOf(run))).toEqual([]);
    expect(documentOf(run)['explanations']).toMatchObject([{ reason: 'ctime', before: null }]);
  });

  it.skipIf(noOrdinaryUser)('prints a document of its schema for what may not be read', async () => {
    await using closed = await closedTree();
    const paths = ['secret', 'closed/inside'].map((name) => join(closed.path, name));
    const run = await muse(['explain', '--json', ...paths], { ordinary: true, cwd: closed.path });
    expect(errors('explain', documentOf(run))).toEqual([]);
    expect(documentOf(run)['explanations']).toMatchObject(paths.map(() => ({ outcome: 'unreadable' })));
    await chmod(join(closed.path, 'closed'), 0o755);
  });
});

describe('muse cache info --json', () => {
  it('prints a document of its schema', async () => {
    const document = documentOf(await muse(['cache', 'info', '--json', tree.path]));
    expect(errors('cache-info', document)).toEqual([]);
    expect(Object.entries(document['dimensions'] as object)).toEqual([['__proto__', 1]]);
  });

  it('prints a document of its schema where there is no cache, or a damaged one', async () => {
    await using directory = tempDir();
    const none = documentOf(await muse(['cache', 'info', '--json', directory.path]));
    expect(errors('cache-info', none)).toEqual([]);
    expect(none).toMatchObject({ bytes: null, discarded: null });
    await mkdir(join(directory.path, '.muse/cache'), { recursive: true });
    await writeFile(join(directory.path, '.muse/cache/stat.json'), '{"version":2,"entries":{}}');
    const damaged = documentOf(await muse(['cache', 'info', '--json', directory.path]));
    expect(errors('cache-info', damaged)).toEqual([]);
    expect(damaged).toMatchObject({ bytes: 26, discarded: 'version' });
  });
});

describe('muse status, diff, log and show --json', () => {
  it('print documents of their schemas, of saved snapshots and of directories', async () => {
    await using root = tempDir();
    await makeTree({ '.muse/cache': {}, gone: 'g', old: 'o', same: 's', moved: 'm' }, root.path);
    const run = async (name: string, ...args: string[]) => {
      const document = documentOf(await muse([name, '--json', ...args], { cwd: root.path }));
      expect(errors(name, document)).toEqual([]);
      return document;
    };
    expect(await run('log')).toMatchObject({ snapshots: [] });
    await muse(['snapshot', '--save', '-m', 'a note'], { cwd: root.path });
    await rename(join(root.path, 'moved'), join(root.path, 'away'));
    await rm(join(root.path, 'gone'));
    await writeFile(join(root.path, 'old'), 'other');
    await writeFile(join(root.path, 'new'), 'n');
    const changes = { added: [{}], modified: [{}], deleted: [{}], renamed: [{}] };
    expect(await run('status')).toMatchObject(changes);
    const { snapshots } = (await run('log')) as { snapshots: { snapshot_id: string }[] };
    const id = snapshots[0]?.snapshot_id ?? '';
    expect(await run('diff', id, '.')).toMatchObject(changes);
    expect(await run('show', id)).toMatchObject({ note: 'a note', files: 4 });
    expect(await run('show', '.')).toMatchObject({ files: 4 });
    const kinds = { changed: [{}], missing: [{}], moved: [{}], new: [{}] };
    expect(await run('verify', '--against', id)).toMatchObject(kinds);
    const list = `${id.slice('sha256:'.length)}  .git/HEAD\n`;
    await writeFile(join(root.path, 'list'), list);
    const unread = { complete: false, missing: [], new: [{}, {}, {}, {}, {}], unread: ['.git/HEAD'] };
    expect(await run('verify', '--against', 'list')).toMatchObject(unread);
  });
});

/** A tree that belongs to somebody whom permissions bind, with a file and a directory that he may not read. */
async function closedTree(): Promise<TempDir> {
  const directory = tempDir();
  await makeTree({ '.muse/cache': {}, ok: 'ok', secret: 's', closed: { inside: 'x' } }, directory.path);
  await giveToOrdinaryUser(directory.path);
  await chmod(join(directory.path, 'secret'), 0);
  await chmod(join(directory.path, 'closed'), 0);
  return directory;
}
