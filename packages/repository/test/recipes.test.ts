import {
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { codeBlocks, makeTree, repository } from '@muse/testkit';
import { describe, expect, it } from 'vitest';
import { exampleProject, runScript, type ExampleProject, type Run } from './support/example-project.js';

/** The code of a page that runs in a shell or in Node. */
function blocks(page: string, language: 'sh' | 'js' | 'console' = 'sh'): string[] {
  return codeBlocks(readFileSync(join(repository, 'docs', page), 'utf8'), language);
}

const done = { status: 0, stdout: '', stderr: '' };
const linux = process.platform === 'linux';

describe.skipIf(!linux)('docs/a-ci-key-over-many-files.md', () => {
  const [define = '', use = '', ...others] = blocks('a-ci-key-over-many-files.md');

  async function project(): Promise<ExampleProject> {
    const made = exampleProject();
    const files = {
      'package.json': '{}',
      'package-lock.json': '{}',
      'README.md': 'r',
      node_modules: { x: { 'package.json': '{}' } },
      packages: { a: { 'package.json': '1', 'other.json': '2' } },
      '.git': { HEAD: 'h' },
      src: { 'doc.md': 'd', dist: { out: 'o' } },
    };
    await makeTree(files, made.path);
    return made;
  }

  /** Returns the two keys. */
  function keys(made: ExampleProject): string[] {
    const output = join(made.path, 'out.txt');
    rmSync(output, { force: true });
    expect(runScript(made, `GITHUB_OUTPUT='${output}'\n${define}\n${use}`)).toEqual(done);
    const [, ...found] = /^key=.*-([0-9a-f]{64})-([0-9a-f]{64})\n$/.exec(readFileSync(output, 'utf8')) ?? [];
    return found;
  }

  it('has two keys that change with what they cover, and with nothing else', async () => {
    await using made = await project();
    expect(others).toEqual([]);
    const before = keys(made);
    expect(before).toHaveLength(2);
    const edits: [changed: readonly number[], ...names: string[]][] = [
      [[0], 'package-lock.json'],
      [[0], 'packages/package.json'],
      [[1], 'src/index.js'],
      [[], 'packages/a/other.json', 'node_modules/x/package.json', 'README.md', 'src/doc.md', 'src/dist/out'],
    ];
    let last = before;
    for (const [changed, ...names] of edits) {
      for (const name of names) writeFileSync(join(made.path, name), `other ${name}`);
      const now = keys(made);
      expect([0, 1].filter((key) => now[key] !== last[key])).toEqual(changed);
      last = now;
    }
  });

  it('has a key that no file of the tree can take something from', async () => {
    await using made = await project();
    const hide = "[global]\npatterns = ['package.json', 'index.js']\n";
    for (const directory of ['', 'src']) writeFileSync(join(made.path, directory, '.museignore'), hide);
    mkdirSync(join(made.path, '.muse'));
    const settings = "exclude = ['package.json', 'index.js']\ngitignore = true\n";
    writeFileSync(join(made.path, '.muse/snapshot.toml'), settings);
    writeFileSync(join(made.path, 'src/.gitignore'), '*\n');
    const [dependencies, sources] = keys(made);
    for (const name of ['package.json', 'src/index.js']) writeFileSync(join(made.path, name), 'other');
    const now = keys(made);
    expect(now[0]).not.toBe(dependencies);
    expect(now[1]).not.toBe(sources);
  });

  it.each<[what: string, change: (path: string) => void, reason: string]>([
    [
      'a link',
      (path) => {
        symlinkSync('../..', join(path, 'src/up'));
      },
      '["symlink",1]',
    ],
    [
      'a repository below',
      (path) => mkdirSync(join(path, 'src/sub/.git'), { recursive: true }),
      '["repositories",1]',
    ],
    [
      'no file',
      (path) => {
        rmSync(join(path, 'src/index.js'));
      },
      'No file in src',
    ],
    [
      'no directory',
      (path) => {
        rmSync(join(path, 'src'), { recursive: true });
      },
      'cannot take a snapshot of src',
    ],
  ])('has no key of a directory with %s', async (_what, change, reason) => {
    await using made = await project();
    change(made.path);
    const run = runScript(made, `${define}\nsources=$(key src '*.md' '/dist/')\necho "never: $sources"`);
    expect(run).toMatchObject({ stdout: '', stderr: expect.stringContaining(reason) as string });
    expect(run.status).not.toBe(0);
  });
});

describe.skipIf(!linux)('docs/why-a-build-cache-missed.md', () => {
  const [save = '', ask = '', ci = '', spoiled = '', ...others] = blocks('why-a-build-cache-missed.md');

  it('names what changed since the last build on this machine', async () => {
    await using made = exampleProject();
    expect(others).toEqual([]);
    await makeTree({ 'packages/app/src/version.ts': '1', other: 'o' }, made.path);
    expect(runScript(made, `muse init --quiet > /dev/null\n${save}`)).toEqual(done);
    writeFileSync(join(made.path, 'other'), 'edited');
    expect(runScript(made, ask)).toMatchObject({ status: 0, stdout: '' });
    writeFileSync(join(made.path, 'packages/app/src/version.ts'), '2');
    const run = runScript(made, ask);
    expect(run.stdout).toBe('modified  packages/app/src/version.ts\n');
    const [sample = ''] = blocks('why-a-build-cache-missed.md', 'console');
    expect(sample.startsWith(`$ ${ask}${run.stdout}1 modified · since `)).toBe(true);
  });

  it('names what changed since the last build in CI, be it a file or not', async () => {
    await using made = exampleProject();
    await makeTree({ 'packages/app': { a: 'a', dist: { out: 'o' } }, kept: {} }, made.path);
    const build = (more = ''): Run =>
      runScript(made, `cache=$PWD/kept\n${more}${ci.replace('npm run build', 'true')}`);
    expect(build()).toEqual(done);
    const title = 'Since the last build of packages/app:\n';
    expect(build()).toEqual({ ...done, stdout: title });
    writeFileSync(join(made.path, 'packages/app/dist/out'), 'other');
    writeFileSync(join(made.path, 'packages/app/new'), 'n');
    const changed = build('BUILD_OPTIONS=--minify\n');
    expect(changed).toMatchObject({ status: 0, stderr: '' });
    expect(changed.stdout).toBe(`${title}2c2\n< options none\n---\n> options --minify\nadded     new\n`);
  });

  it('remembers no build that failed', async () => {
    await using made = exampleProject();
    await makeTree({ 'packages/app': { a: 'a' }, kept: {} }, made.path);
    const build = (command: string): Run =>
      runScript(made, `cache=$PWD/kept\n${ci.replace('npm run build', command)}`);
    build('true');
    writeFileSync(join(made.path, 'packages/app/a'), 'b');
    expect(build('exit 7').status).toBe(7);
    expect(build('true').stdout).toContain('modified  a\n');
  });

  it('finds a build that writes among its inputs', async () => {
    await using made = exampleProject();
    mkdirSync(join(made.path, 'kept'));
    const run = (command: string): Run =>
      runScript(made, `cache=$PWD/kept\n${spoiled.replace('npm run build', command)}`);
    expect(run('true')).toMatchObject({ status: 0, stdout: '' });
    expect(run('date +%N > src/when')).toMatchObject({ status: 1, stdout: 'added     when\n' });
  });
});

describe.skipIf(!linux)('docs/scrub-a-disk-in-parts.md', () => {
  const [once = '', script = '', ...others] = blocks('scrub-a-disk-in-parts.md');

  async function archive(): Promise<ExampleProject & { readonly night: (more?: string) => Run }> {
    const made = exampleProject();
    const files = Object.fromEntries(
      Array.from({ length: 40 }, (_, index) => [`f${index}`, `content ${index}`]),
    );
    await makeTree({ data: files }, made.path);
    // A file that changed a moment ago is in no cache yet.
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(runScript(made, `data=data\n${once}`).status).toBe(0);
    writeFileSync(join(made.path, 'scrub'), script, { mode: 0o755 });
    return { ...made, night: (more = '') => runScript(made, `${more}\n./scrub data`) };
  }

  it('says nothing of a good night, edits and all, and reads what is new in the nights to come', async () => {
    await using made = await archive();
    const { night } = made;
    expect(others).toEqual([]);
    writeFileSync(join(made.path, 'data/f1'), 'edited');
    writeFileSync(join(made.path, 'data/new'), 'n');
    rmSync(join(made.path, 'data/f2'));
    expect(night()).toEqual(done);
    const known = JSON.parse(readFileSync(join(made.path, 'data/.muse/cache/stat.json'), 'utf8')) as {
      entries: Record<string, unknown>;
    };
    expect(Object.keys(known.entries)).toContain('new');
    expect(Object.keys(known.entries)).not.toContain('f2');
  });

  it('names a file that was lost under an unchanged stat, until it is restored', async () => {
    await using made = await archive();
    const { night } = made;
    rot(made, 'data', 'f7');
    const all =
      'muse() { command muse "${@/#3%/100%}"; }; export -f muse; nice() { shift 2; "$@"; }; export -f nice';
    const run = night(all);
    expect(run.stdout).toBe(
      'mismatch  f7\nTheir bytes changed without an edit: restore them, and check the disk.\n',
    );
    expect(run).toMatchObject({ status: 1, stderr: '' });
    expect(night(all).status).toBe(1);
    writeFileSync(join(made.path, 'data/f7'), 'content 7');
    expect(night(all)).toEqual(done);
  });

  it('takes a disk that is not mounted, a damaged cache or no directory for no good night', async () => {
    await using made = await archive();
    const { night } = made;
    const cache = join(made.path, 'data/.muse/cache/stat.json');
    writeFileSync(cache, readFileSync(cache, 'utf8').replace('"size":9', '"size":8'));
    expect(night()).toMatchObject({
      status: 4,
      stdout: expect.stringContaining('nothing to compare') as string,
    });
    renameSync(join(made.path, 'data'), join(made.path, 'away'));
    mkdirSync(join(made.path, 'data'));
    expect(night()).toMatchObject({
      status: 4,
      stdout: expect.stringContaining('nothing to compare') as string,
    });
    rmSync(join(made.path, 'data'), { recursive: true });
    expect(night().status).not.toBe(0);
  });

  it('leaves a night out while the one before is at it', async () => {
    await using made = await archive();
    const { night } = made;
    const locked = night('exec 8< data; flock 8; muse() { exit 99; }; export -f muse');
    expect(locked).toEqual(done);
  });
});

/** Changes bytes of a file as a disk does, without a trace in its stat, for the cache that knows it. */
function rot(made: ExampleProject, directory: string, name: string): void {
  const file = join(made.path, directory, name);
  const { atime, mtime } = statSync(file);
  const text = readFileSync(file, 'utf8');
  writeFileSync(file, text.replace('content', 'CONTENT'));
  utimesSync(file, atime, mtime);
  const stat = statSync(file, { bigint: true });
  const cache = join(made.path, directory, '.muse/cache/stat.json');
  const seconds = (ns: bigint): string => String(ns).replace(/\d{9}$/, '.$&');
  const line = new RegExp(`^("${name}":\\{"mtime":)[\\d.]+(,"ctime":)[\\d.]+`, 'm');
  const stored = readFileSync(cache, 'utf8');
  expect(stored).toMatch(line);
  const changed = stored.replace(line, `$1${seconds(stat.mtimeNs)}$2${seconds(stat.ctimeNs)}`);
  writeFileSync(cache, changed.replace(/,"checksum":"[^"]*"/, ''));
}

describe.skipIf(!linux)('docs/check-a-backup.md', () => {
  const [still = '', list = '', begin = '', ...others] = blocks('check-a-backup.md');
  const [program = '', ...otherPrograms] = blocks('check-a-backup.md', 'js');
  const set = 'data=$PWD/data backup=$PWD/backup state=$PWD/state; mkdir -p state backup\n';

  async function living(): Promise<ExampleProject> {
    const made = exampleProject();
    const files = { a: 'a', edited: 'e', gone: 'g', moved: 'm', d: { x: 'x' }, '.museignore': '[global]\n' };
    await makeTree({ data: { ...files, '.muse': {} } }, made.path);
    await new Promise((resolve) => setTimeout(resolve, 50));
    return made;
  }

  it('finds each difference where nothing changes meanwhile', async () => {
    await using made = await living();
    expect([...others, ...otherPrograms]).toEqual([]);
    const { path } = made;
    expect(runScript(made, set + begin)).toEqual(done);
    for (const check of [still, list]) {
      const run = (): Run => runScript(made, `${set}${check.replace('muse verify', 'muse verify --quiet')}`);
      expect(run()).toEqual(done);
      writeFileSync(join(path, 'backup/.muse/snapshot.toml'), "exclude = ['new', 'a']\n");
      writeFileSync(join(path, 'backup/new'), 'n');
      expect(run()).toEqual({ status: 1, stdout: 'new       new\n', stderr: '' });
      writeFileSync(join(path, 'backup/a'), 'b');
      rmSync(join(path, 'backup/d/x'));
      writeFileSync(join(path, 'backup/.museignore'), "[global]\npatterns = ['new']\n");
      const names = ['changed   .museignore', 'changed   a', 'missing   d/x', 'new       new'];
      expect(run()).toEqual({ status: 1, stdout: `${names.join('\n')}\n`, stderr: '' });
      rmSync(join(path, 'backup'), { recursive: true });
      runScript(made, set + begin);
    }
  });

  it('tells what the backup lost from what came later', async () => {
    await using made = await living();
    const { path } = made;
    const data = (name: string): string => join(path, 'data', name);
    writeFileSync(join(path, 'check-backup.mjs'), program);
    const check = (): Run =>
      runScript(made, `${set}node check-backup.mjs "$data" "$backup" "$state/backup-began"`);
    runScript(made, set + begin);
    await new Promise((resolve) => setTimeout(resolve, 50));
    writeFileSync(data('edited'), 'later');
    rmSync(data('gone'));
    renameSync(data('moved'), data('d/here'));
    writeFileSync(data('new'), 'n');
    const good = check();
    expect(good).toEqual({
      ...done,
      stdout: '6 files in the backup read; 2 changed in the tree since it began\n',
    });
    writeFileSync(join(path, 'backup/a'), 'b');
    rmSync(join(path, 'backup/d/x'));
    const bad = check();
    expect(bad.stdout.split('\n').slice(0, 2)).toEqual([
      'wrong in the backup "a"',
      'not in the backup "d/x"',
    ]);
    expect(bad).toMatchObject({ status: 1, stderr: '' });
    rmSync(join(path, 'data'), { recursive: true });
    mkdirSync(join(path, 'data'));
    const unmounted = check();
    expect(unmounted).toMatchObject({
      stdout: '',
      stderr: expect.stringContaining('no file to compare') as string,
    });
    expect(unmounted.status).not.toBe(0);
  });
});
