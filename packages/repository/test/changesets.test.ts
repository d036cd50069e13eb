import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { repository, tempDir } from '@muse/testkit';
import { describe, expect, it, onTestFinished } from 'vitest';

/** A repository with one published and one private package, whose branch has these files more than its `main`. */
function branchWith(files: Readonly<Record<string, string>>): string {
  const directory = tempDir();
  onTestFinished(() => directory.remove());
  const { path } = directory;
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=b', ...args], { cwd: path });
  const write = (name: string, text: string) => {
    mkdirSync(dirname(join(path, name)), { recursive: true });
    writeFileSync(join(path, name), text);
  };
  cpSync(join(repository, '.ci/changesets.js'), join(path, '.ci/changesets.js'));
  write('package.json', '{ "type": "module" }');
  write('packages/a/package.json', '{ "name": "@muse/a" }');
  write(
    'packages/bundle/package.json',
    '{ "name": "@muse/bundle", "devDependencies": { "@muse/inside": "", "@muse/part": "", "@muse/testkit": "" } }',
  );
  write('packages/inside/package.json', '{ "name": "@muse/inside" }');
  write('packages/part/package.json', '{ "name": "@muse/part", "private": true }');
  write('packages/testkit/package.json', '{ "name": "@muse/testkit", "private": true }');
  write('packages/p/package.json', '{ "name": "@muse/p", "private": true }');
  write('.changeset/old.md', "---\n'@muse/a': patch\n---\n\nOf another branch.\n");
  git('init', '-q', '-b', 'main');
  git('add', '.');
  git('commit', '-q', '-m', 'main');
  git('switch', '-q', '-c', 'topic');
  for (const [name, text] of Object.entries(files)) write(name, text);
  git('add', '.');
  git('commit', '-q', '--allow-empty', '-m', 'topic');
  return path;
}

const changed = { 'packages/a/src/a.ts': 'a' };

describe('.ci/changesets.js', () => {
  it.each<[what: string, files: Readonly<Record<string, string>>, status: number]>([
    ['nothing where nothing has changed', {}, 0],
    ['for a changeset where a published package has changed', changed, 1],
    [
      'for no other where one names it',
      { ...changed, '.changeset/new.md': "---\n'@muse/a': minor\n---\n\nNew.\n" },
      0,
    ],
    [
      'for one that names the package',
      { ...changed, '.changeset/new.md': "---\n'@muse/b': minor\n---\n\nNew.\n" },
      1,
    ],
    ['for no other where an empty one is there', { ...changed, '.changeset/new.md': '---\n---\n' }, 0],
    ['nothing for a test or a document', { 'packages/a/src/a.test.ts': '', 'packages/a/README.md': '' }, 0],
    [
      'nothing of a bundle that has none of what changed',
      { 'packages/bundle/src/b.test.ts': '', 'packages/p/src/p.ts': 'p', 'packages/testkit/src/t.ts': 't' },
      0,
    ],
    ['nothing for a private package', { 'packages/p/src/p.ts': 'p' }, 0],
  ])('asks %s', (_what, files, status) => {
    const cwd = branchWith(files);
    const run = spawnSync(process.execPath, ['.ci/changesets.js'], { cwd, encoding: 'utf8' });
    const stderr = status === 0 ? '' : '@muse/a has changed: add a changeset (pnpm changeset)\n';
    expect(run).toMatchObject({ status, stderr });
  });

  it('asks for one of each bundle that what changed is part of', () => {
    const changeset = (name: string) => ({ [`.changeset/${name}.md`]: `---\n'@muse/${name}': patch\n---\n` });
    const inside = { 'packages/inside/src/i.ts': 'i', ...changeset('inside') };
    const missing = (files: Readonly<Record<string, string>>) =>
      spawnSync(process.execPath, ['.ci/changesets.js'], { cwd: branchWith(files), encoding: 'utf8' }).stderr;
    expect(missing(inside)).toBe('@muse/bundle has changed: add a changeset (pnpm changeset)\n');
    expect(missing({ ...inside, ...changeset('bundle') })).toBe('');
    expect(missing({ 'packages/part/src/p.ts': 'p' })).toContain('@muse/bundle has changed');
  });
});

it('a changelog names the packages below that were raised in one line, and none of a first release', () => {
  const program = `
    import changelog from './.changeset/changelog.js';
    const of = (name, oldVersion, newVersion) => ({ name, oldVersion, newVersion });
    const lines = [[of('a', '0.1.0', '0.2.0'), of('b', '1.0.0', '1.0.1')], [of('a', '0.0.0', '0.1.0')], []];
    console.log(await Promise.all(lines.map((raised) => changelog.getDependencyReleaseLine([], raised))));`;
  const args = ['--input-type=module', '-e', program];
  const said = execFileSync(process.execPath, args, { cwd: repository, encoding: 'utf8' });
  expect(said).toBe("[ '- Now with a 0.2.0, b 1.0.1', '', '' ]\n");
});
