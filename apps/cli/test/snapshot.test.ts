import { spawnSync } from 'node:child_process';
import { access, mkdir, readdir, readFile, symlink, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hostileNames, makeTree, oracle, removeTree, tempDir } from '@muse/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { lines, muse, shell } from './muse.js';

const linux = process.platform === 'linux';
const noSha256sum = spawnSync('sha256sum', ['--version']).status !== 0;
let root: string;
let hostile: string;

beforeAll(async () => {
  root = await makeTree({
    'a.txt': 'a',
    src: { 'b.c': 'bb', deeper: { 'c.h': '' } },
    '.git': { HEAD: 'ref' },
  });
  hostile = linux ? await makeTree(new Map(hostileNames.map((name, index) => [name, `# ${index}\n`]))) : root;
});

afterAll(async () => {
  await removeTree(root);
  await removeTree(hostile);
});

interface Document {
  version: number;
  snapshot_id: string;
  complete: boolean;
  files: number;
  bytes: number;
  manifest: Record<string, string>;
  problems: unknown[];
  stats: { hits: number; hashedFiles: number };
}

describe('muse snapshot', () => {
  it('prints the snapshot id, and nothing else on stdout', async () => {
    const run = await muse(['snapshot'], { cwd: root });
    expect(run.stdout.toString()).toBe(`${(await oracle(root)).id}\n`);
    expect(run.code).toBe(0);
  });

  it('tells what it did on stderr, and that nothing is cached', async () => {
    const [summary, hint, ...rest] = lines((await muse(['snapshot', root])).stderr);
    expect(summary).toMatch(/^3 files · 3 B · 3 hashed · [\d.]+ m?s$/);
    expect(hint).toMatch(/^muse: hint: nothing is cached here; run 'muse init'/);
    expect(rest).toEqual([]);
  });

  it.skipIf(!linux)('gives one hint where a cache was copied along with its tree', async () => {
    await using directory = tempDir();
    const files = Object.fromEntries(Array.from({ length: 1001 }, (_, index) => [`f${index}`, '']));
    await makeTree({ from: { '.muse': {}, d: files } }, directory.path);
    const first = await muse(['snapshot', 'from'], { cwd: directory.path });
    spawnSync('cp', ['-a', 'from', 'to'], { cwd: directory.path });
    const copy = await muse(['snapshot', 'to'], { cwd: directory.path });
    expect(copy.stdout).toEqual(first.stdout);
    expect(lines(copy.stderr)).toEqual([
      expect.stringContaining('1,001 hashed'),
      expect.stringMatching(/^muse: hint: 1,001 files were read again because their inode or ctime changed/),
    ]);
    const again = await muse(['snapshot', 'to'], { cwd: directory.path });
    expect(lines(again.stderr)).toEqual([expect.stringContaining('all unchanged')]);
  });

  it('gives the same id for a subdirectory, wherever it is called from', async () => {
    const { id } = await oracle(join(root, 'src'));
    const runs = await Promise.all([
      muse(['snapshot', 'src'], { cwd: root }),
      muse(['snapshot', '.'], { cwd: join(root, 'src') }),
      muse(['snapshot', join(root, 'src') + '/'], { cwd: '/' }),
    ]);
    for (const run of runs) expect(run.stdout.toString()).toBe(`${id}\n`);
  });

  it('resolves a root that is a link', async () => {
    await using directory = tempDir();
    await symlink(root, join(directory.path, 'link'));
    const run = await muse(['snapshot', join(directory.path, 'link')]);
    expect(run.stdout.toString()).toBe(`${(await oracle(root)).id}\n`);
  });

  it('says nothing on stderr with --quiet', async () => {
    expect((await muse(['snapshot', '--quiet', root])).stderr).toBe('');
  });

  it('gives the same answer with any number of threads', async () => {
    const { id } = await oracle(root);
    for (const threads of ['1', '2', '7', '999999']) {
      const run = await muse(['snapshot', '-q', '--threads', threads, root]);
      expect(run).toMatchObject({ code: 0, stdout: Buffer.from(`${id}\n`), stderr: '' });
    }
  });

  it('accepts --one-file-system', async () => {
    expect((await muse(['snapshot', '-q', '--one-file-system', root])).code).toBe(0);
  });

  it('prints the id of nothing for an empty directory', async () => {
    await using directory = tempDir();
    const run = await muse(['snapshot', directory.path]);
    expect(run.stdout.toString()).toBe(
      'sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\n',
    );
    expect(run.stderr).toMatch(/^0 files · 0 B · /);
  });

  it('tells where the time went with --debug', async () => {
    const { stderr } = await muse(['snapshot', '--debug', root]);
    expect(stderr).toMatch(/^muse: debug: time: .*total \d+ ms$/m);
    expect(stderr).toMatch(/^muse: debug: read because: \S+ 3$/m);
  });
});

describe('muse snapshot --json', () => {
  it('prints one document', async () => {
    const { id, manifest } = await oracle(root);
    const document = JSON.parse((await muse(['snapshot', '--json', root])).stdout.toString()) as Document;
    expect(document).toMatchObject({
      version: 1,
      snapshot_id: id,
      complete: true,
      files: 3,
      bytes: 3,
      problems: [],
    });
    expect(Object.entries(document.manifest)).toEqual([...manifest]);
  });

  it.runIf(linux)('keeps names of any bytes', async () => {
    const { id, manifest } = await oracle(hostile);
    const run = await muse(['snapshot', '--json', '-q', hostile]);
    const document = JSON.parse(run.stdout.toString('utf8'), undefined) as Document;
    expect(document.snapshot_id).toBe(id);
    expect(document.files).toBe(hostileNames.length);
    for (const [path, objectId] of manifest) expect(document.manifest[path]).toBe(objectId);
  });
});

describe('muse snapshot --format', () => {
  it('sha256sum gives what sha256sum would', async () => {
    const { manifest } = await oracle(root);
    const run = await muse(['snapshot', '-q', '--format', 'sha256sum', root]);
    expect(lines(run.stdout)).toEqual(
      [...manifest].map(([path, id]) => `${id.slice('sha256:'.length)}  ${path}`),
    );
  });

  it.skipIf(noSha256sum || !linux)('sha256sum is accepted by sha256sum -c, whatever the names', async () => {
    const run = await shell('muse snapshot -q --format sha256sum | sha256sum -c --strict --quiet', {
      cwd: hostile,
    });
    expect(run).toMatchObject({ code: 0, stderr: '' });
    expect(run.stdout.toString()).toBe('');
  });

  it('ndjson gives one object a line', async () => {
    const run = await muse(['snapshot', '-q', '--format', 'ndjson', hostile]);
    const objects = lines(run.stdout).map((line) => JSON.parse(line) as Record<string, unknown>);
    const { manifest } = await oracle(hostile);
    for (const [path, id] of manifest) {
      expect(
        objects.some((object) => Object.values(object).includes(path) && Object.values(object).includes(id)),
      ).toBe(true);
    }
  });
});

describe.runIf(linux)('muse snapshot of a root whose name is not UTF-8', () => {
  it('works by argument and from within', async () => {
    await using directory = tempDir();
    const run = await shell(
      `d="$(printf 'd\\377')"; mkdir "$d" && printf x > "$d/f" && muse init "$d" > /dev/null && rm "$d/.museignore"
       muse snapshot -q "$d"; cd "$d" && muse snapshot -q; muse snapshot -q .; muse snapshot --json "$PWD"`,
      { cwd: directory.path },
    );
    const [name] = await readdir(directory.path, 'buffer');
    expect(name).toEqual(Buffer.of(0x64, 0xff));
    const answers = lines(run.stdout);
    expect(answers.slice(0, 3)).toEqual([answers[0], answers[0], answers[0]]);
    expect((JSON.parse(answers.slice(3).join('\n')) as Document).snapshot_id).toBe(answers[0]);
    expect(run.stderr).toMatch(/all unchanged/);
  });

  it('heeds the .museignore in it', async () => {
    await using directory = tempDir();
    const run = await shell(
      `d="$(printf 'd\\377')"; mkdir "$d"; cd "$d"; printf x > a.log; printf '[global]\\npatterns = ["*.log"]\\n' > .museignore
       muse snapshot -q --format sha256sum; echo broken > .museignore; muse snapshot -q; echo "exit $?"`,
      { cwd: directory.path },
    );
    expect(lines(run.stdout)).toEqual([expect.stringMatching(/ {2}\.museignore$/), 'exit 2']);
  });
});

describe('muse snapshot with a cache', () => {
  it('reads nothing twice, and keeps no cache without .muse', async () => {
    await using directory = tempDir();
    await makeTree({ a: 'a', b: 'b' }, directory.path);
    await muse(['snapshot', directory.path]);
    expect(await readdir(directory.path)).toEqual(['a', 'b']);
    await muse(['init', directory.path]);
    const first = await muse(['snapshot', directory.path]);
    expect(lines(first.stderr)).toEqual([expect.stringMatching(/^3 files .* 3 hashed/)]);
    const second = await muse(['snapshot', directory.path]);
    expect(lines(second.stderr)).toEqual([expect.stringMatching(/^3 files .* all unchanged/)]);
    expect(second.stdout).toEqual(first.stdout);
    await writeFile(join(directory.path, 'a'), 'changed');
    const third = await muse(['snapshot', directory.path]);
    expect(third.stderr).toContain('1 hashed, the rest unchanged');
    expect(third.stdout).not.toEqual(first.stdout);
  });

  it('reads every file and leaves the cache alone with --no-cache', async () => {
    await using directory = tempDir();
    await makeTree({ a: 'a' }, directory.path);
    await muse(['init', directory.path]);
    const cache = join(directory.path, '.muse/cache');
    const before = await muse(['snapshot', '--no-cache', directory.path]);
    expect(before.stderr).toMatch(/ 2 hashed/);
    expect(before.stderr).not.toContain('hint');
    expect(await readdir(cache)).toEqual([]);
    await muse(['snapshot', directory.path]);
    const saved = await readFile(join(cache, 'stat.json'));
    await writeFile(join(directory.path, 'a'), 'changed');
    expect((await muse(['snapshot', '--no-cache', directory.path])).stderr).toMatch(/ 2 hashed/);
    expect(await readFile(join(cache, 'stat.json'))).toEqual(saved);
  });

  it('warns of a damaged cache, and answers all the same', async () => {
    await using directory = tempDir();
    await makeTree({ a: 'a', '.muse': { cache: { 'stat.json': 'garbage' } } }, directory.path);
    const run = await muse(['snapshot', directory.path]);
    expect(run.stderr).toMatch(/^muse: warning: .*stat cache/m);
    expect(run.stdout.toString()).toBe(`${(await oracle(directory.path)).id}\n`);
    expect(run.code).toBe(0);
    expect((await muse(['snapshot', directory.path])).stderr).not.toContain('warning');
  });

  it('warns of a cache that cannot be saved, and answers all the same', async () => {
    await using directory = tempDir();
    await makeTree({ a: 'a', '.muse': { cache: { 'stat.json': { 'a-directory': 'x' } } } }, directory.path);
    const run = await muse(['snapshot', directory.path]);
    expect(run.stderr).toMatch(/^muse: warning: /m);
    expect(run.stdout.toString()).toBe(`${(await oracle(directory.path)).id}\n`);
    expect(run.code).toBe(0);
  });
});

describe('muse snapshot with a .museignore', () => {
  it('leaves out what it says', async () => {
    await using directory = tempDir();
    await makeTree(
      { a: 'a', 'b.log': 'b', '.museignore': "[global]\npatterns = ['*.log']\n" },
      directory.path,
    );
    const run = await muse(['snapshot', '-q', '--format', 'sha256sum', directory.path]);
    expect(lines(run.stdout).map((line) => line.slice(66))).toEqual(['.museignore', 'a']);
  });

  it('refuses a broken one with its place, and writes nothing', async () => {
    await using directory = tempDir();
    await makeTree({ a: 'a', '.museignore': '[global]\npatterns = [\n  broken\n]\n' }, directory.path);
    await mkdir(join(directory.path, '.muse/cache'), { recursive: true });
    const output = join(directory.path, 'out');
    const run = await muse(['snapshot', '-o', output, directory.path]);
    expect(lines(run.stderr)).toEqual([expect.stringMatching(/^muse: .*\.museignore.*line 3, column \d+/)]);
    expect(run).toMatchObject({ code: 2, stdout: Buffer.alloc(0) });
    expect(await readdir(join(directory.path, '.muse/cache'))).toEqual([]);
    await expect(access(output)).rejects.toThrow('ENOENT');
  });
});

describe('muse snapshot -o', () => {
  it('writes the manifest to a file, and nothing to stdout', async () => {
    await using directory = tempDir();
    const output = join(directory.path, 'out');
    const run = await muse(['snapshot', '-o', output, root]);
    expect(run).toMatchObject({ code: 0, stdout: Buffer.alloc(0) });
    const { id, manifest } = await oracle(root);
    const document = JSON.parse(await readFile(output, 'utf8')) as Document;
    expect(document.snapshot_id).toBe(id);
    expect(Object.entries(document.manifest)).toEqual([...manifest]);
    expect(await readdir(directory.path)).toEqual(['out']);
  });

  it('writes the same bytes as to stdout', async () => {
    await using directory = tempDir();
    const output = join(directory.path, 'out');
    const args = ['snapshot', '-q', '--format', 'sha256sum', hostile];
    await muse([...args, '--output', output]);
    const direct = await muse([...args, '-o', '-']);
    expect(direct.stdout.length).toBeGreaterThan(100);
    expect(await readFile(output)).toEqual(direct.stdout);
  });

  it.runIf(linux)('knows stdout by its other names, and keeps what is there', async () => {
    await using directory = tempDir();
    await makeTree({ tree: { a: 'a' } }, directory.path);
    const [line = ''] = [...(await oracle(join(directory.path, 'tree'))).manifest.values()];
    const file = `${line.slice(7)}  a`;
    const muse = 'muse snapshot -q --format sha256sum';
    const run = await shell(
      `{ echo before; ${muse} -o /dev/stdout tree; ${muse} -o /dev/fd/1 tree; echo after; } > out
       ${muse} -o /dev/stdout tree | cat; cat out`,
      { cwd: directory.path },
    );
    expect(lines(run.stdout)).toEqual([file, 'before', file, file, 'after']);
    expect((await readdir(directory.path)).sort()).toEqual(['out', 'tree']);
  });

  it('stays out of the snapshot it holds', async () => {
    await using directory = tempDir();
    await makeTree({ a: 'a' }, directory.path);
    const { id } = await oracle(directory.path);
    const output = join(directory.path, 'out');
    await muse(['snapshot', '-o', output, directory.path]);
    expect(JSON.parse(await readFile(output, 'utf8'))).toMatchObject({ snapshot_id: id });
    await unlink(output);
  });
});
