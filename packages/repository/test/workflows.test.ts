import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { repository, tempDir } from '@muse/testkit';
import { describe, expect, it } from 'vitest';

const folder = join(repository, '.github/workflows');
const workflows = readdirSync(folder).map(
  (name) => [name, readFileSync(join(folder, name), 'utf8')] as const,
);
const { scripts, packageManager } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8')) as {
  scripts: Record<string, string>;
  packageManager: string;
};

/** What follows a key, on each line that begins with it. */
function values(text: string, key: string): string[] {
  return [...text.matchAll(new RegExp(`^[ -]*${key}: *(.*)$`, 'gm'))].map(([, value = '']) => value);
}

/** The jobs of a workflow, by name. */
function jobs(text: string): (readonly [string, string])[] {
  const [, ...parts] = (text.split(/^jobs:\n/m)[1] ?? '').split(/^ {2}([a-z]+):\n/m);
  return parts.flatMap((name, index) => (index % 2 === 0 ? [[name, parts[index + 1] ?? ''] as const] : []));
}

describe.each(workflows)('.github/workflows/%s', (_name, text) => {
  it('may read alone, unless a job says why it needs more', () => {
    expect(text).toMatch(/^permissions:\n {2}contents: read\n\n/m);
    const more = text.split('\n').filter((line) => /^ +[a-z-]+: write/.test(line));
    expect(more.filter((line) => !line.includes(' # '))).toEqual([]);
    expect(text).not.toMatch(/write-all|read-all/);
  });

  it('names each action by its commit, which nobody can move, and its version beside it', () => {
    const used = values(text, 'uses');
    expect(used.length).toBeGreaterThan(0);
    expect(used.filter((action) => !/^[a-z-]+\/[a-z-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/.test(action))).toEqual(
      [],
    );
    const all = workflows.flatMap(([, each]) => values(each, 'uses'));
    const versions = new Map(all.map((action) => [action.split('@')[0], action]));
    expect(all.filter((action) => !new Set(versions.values()).has(action))).toEqual([]);
  });

  it('leaves no credentials behind where it checks out', () => {
    const checkouts = text.split(/^ {6}- /m).filter((step) => step.includes('actions/checkout@'));
    expect(checkouts.filter((step) => !/^ {10}persist-credentials: false$/m.test(step))).toEqual([]);
  });

  it('installs and builds only where there is no token and nothing may be written', () => {
    const trusted = jobs(text).filter(([, job]) => /: write|github\.token|secrets\.|GITHUB_TOKEN/.test(job));
    const running = trusted.filter(([, job]) => /pnpm|npx|npm (install|ci|run|exec)|\.ci\//.test(job));
    expect(running.map(([name]) => name)).toEqual([]);
    expect(values(text, 'environment').length).toBe(text.match(/id-token: write/g)?.length ?? 0);
    for (const [, job] of trusted) {
      if (job.includes('id-token: write')) expect(values(job, 'environment')).toHaveLength(1);
    }
  });

  it('runs for no stranger with the rights of the repository, and puts nothing into a script but by its environment', () => {
    expect(text).not.toMatch(/pull_request_target|workflow_run/);
    const scripts = [...text.matchAll(/^ +(?:- )?run: (\|\n(?: {10}.*\n|\n)+|.*)/gm)].map(
      ([, script]) => script,
    );
    expect(scripts.length).toBeGreaterThan(0);
    expect(scripts.filter((script) => script?.includes('${{'))).toEqual([]);
  });

  it('names the version of pnpm nowhere', () => {
    expect(text).not.toMatch(/pnpm@/);
  });

  it('runs only scripts that the repository has', () => {
    const all = `${text}\n${readFileSync(join(repository, '.ci/run'), 'utf8')}`;
    const named = [...all.matchAll(/^(?: +(?:- )?run: )?pnpm (?:run )?([a-z:]+)/gm)].map(
      ([, name = '']) => name,
    );
    expect(named.filter((name) => !['install', 'exec'].includes(name) && !(name in scripts))).toEqual([]);
  });

  it('ends by itself', () => {
    expect(text.match(/^ {4}steps:/gm)?.length).toBeLessThanOrEqual(
      values(text, 'timeout-minutes').length +
        values(text, 'if').filter((each) => each === 'always()').length,
    );
  });
});

it('names pnpm with its hash', () => {
  expect(packageManager).toMatch(/^pnpm@\d+\.\d+\.\d+\+sha512\.[0-9a-f]{128}$/);
});

it('CI and the nightly tests run on each system with each Node that is supported', () => {
  const [ci = '', nightly = ''] = ['ci.yml', 'nightly.yml'].map((name) => new Map(workflows).get(name));
  expect(values(ci, 'os')).toEqual(['[ubuntu-latest, macos-latest, windows-latest]']);
  for (const text of [ci, nightly]) expect(values(text, 'node')).toEqual(['[20, 22, 24, 26]']);
});

it('pnpm check is the gate', () => {
  expect(scripts['check']).toBe('bash .ci/run');
});

describe.skipIf(process.platform !== 'linux')('the scripts of the workflows', () => {
  /** A repository with our scripts, whose `npm` and `pnpm` are these shell commands. */
  function stubbed(programs: Record<string, string>) {
    const directory = tempDir();
    const file = (name: string): string => join(directory.path, name);
    for (const name of ['bin', 'repository']) mkdirSync(file(name));
    cpSync(join(repository, '.ci'), file('repository/.ci'), { recursive: true });
    mkdirSync(file('repository/.changeset'));
    writeFileSync(file('repository/.changeset/README.md'), '');
    cpSync(join(repository, 'package.json'), file('repository/package.json'));
    for (const [name, commands] of Object.entries(programs)) {
      writeFileSync(file(`bin/${name}`), `#!/bin/sh\n${commands}\n`, { mode: 0o755 });
    }
    execFileSync('git', ['init', '--quiet', file('repository')]);
    const run = (script: string, ...args: string[]) => {
      const { PATH = '' } = process.env;
      const env = { ...process.env, PATH: `${file('bin')}:${PATH}` };
      return spawnSync(file(`repository/.ci/${script}`), args, { encoding: 'utf8', env });
    };
    return { file, run, [Symbol.asyncDispose]: () => directory.remove() };
  }

  it('take pnpm only with the hash that is written down', async () => {
    const [pnpm = '', hex = ''] = packageManager.split('+sha512.');
    const integrity = `sha512-${Buffer.from(hex, 'hex').toString('base64')}`;
    await using right = stubbed({ npm: `[ "$*" = 'view ${pnpm} dist.integrity' ] && echo '${integrity}'` });
    expect(right.run('pnpm')).toMatchObject({ status: 0, stdout: `${pnpm}\n`, stderr: '' });
    await using wrong = stubbed({ npm: `echo '${integrity.replace(/.{4}$/, 'AA==')}'` });
    expect(wrong.run('pnpm')).toMatchObject({ status: 1, stdout: '' });
    await using absent = stubbed({ npm: 'exit 1' });
    expect(absent.run('pnpm')).toMatchObject({ status: 1, stdout: '' });
  });

  it('make a patch of the versions where there are changesets, else the packages that are not private', async () => {
    const list = '[{"name":"@muse/a","private":false},{"name":"@muse/b","private":true},{"name":"@muse/c"}]';
    const commands = `*list*) echo '${list}' ;; api:pages) mkdir -p dist/api && echo page > dist/api/index.html ;;`;
    const pnpm = `echo "$@" >> pnpm.log\ncase "$*" in ${commands} *) echo noise ;; esac`;
    await using project = stubbed({ pnpm });
    const log = () => readFileSync(project.file('repository/pnpm.log'), 'utf8');
    const released = (name: string) => readFileSync(project.file(`one/${name}`), 'utf8');
    const add = (folder: string, manifest: object, ...versions: string[]) => {
      const path = project.file(`repository/packages/${folder}`);
      mkdirSync(join(path, 'dist'), { recursive: true });
      writeFileSync(join(path, 'package.json'), JSON.stringify(manifest));
      const changes = versions.map((version) => `\n## ${version}\n\n### Minor Changes\n\n- In ${version}.\n`);
      writeFileSync(join(path, 'CHANGELOG.md'), `# ${folder}\n${changes.join('')}`);
    };
    add(
      'a',
      { name: '@muse/a', version: '0.2.0', dependencies: { '@muse/c': '', other: '' } },
      '0.2.0',
      '0.1.0',
    );
    add('b', { name: '@muse/b', version: '0.0.0', private: true });
    add('c', { name: '@muse/c', version: '1.0.0' }, '1.0.0');
    execFileSync('git', ['add', '.'], { cwd: project.file('repository') });
    const built = (name: string) => project.file(`repository/packages/a/dist/${name}`);
    // The second leads to the third, and nothing to the last: it is from an older build.
    const chunks = ['part-0123abCD.js', 'more-4567ef_-.js', 'part-89abcdef.js'];
    const texts = [`import "./${chunks[0]}";`, `require("./${chunks[1]}")`, '', ''];
    for (const [index, name] of ['index.js', ...chunks].entries())
      writeFileSync(built(name), texts[index] ?? '');
    writeFileSync(built('part-89abcdef.js.map'), '');
    expect(project.run('prepare-release', project.file('one'))).toMatchObject({
      status: 0,
      stdout: 'kind=packages\n',
    });
    expect(log()).toContain(
      `--filter=@muse/a --filter=@muse/c pack --pack-destination ${project.file('one')}\n`,
    );
    expect(released('order')).toBe('muse-c-1.0.0.tgz\nmuse-a-0.2.0.tgz\n');
    expect(released('muse-a-0.2.0.md')).toBe('### Minor Changes\n\n- In 0.2.0.\n');
    const page = execFileSync('tar', ['-xzOf', project.file('one/api-pages.tar.gz'), 'api/index.html']);
    expect(page.toString()).toBe('page\n');
    expect(readdirSync(built('')).sort()).toEqual(['index.js', ...chunks.slice(0, 2)].sort());
    // Binaries first: what is packed without them is of no use.
    expect(log()).toMatch(/run cross-compile\n--filter=@muse\/native run prepublishOnly\n[^]* pack /);
    const refusing = pnpm.replace('*) echo noise', '*prepublishOnly*) exit 1 ;; *) echo noise');
    await using without = stubbed({ pnpm: refusing });
    expect(without.run('prepare-release', without.file('one'))).toMatchObject({ status: 1, stdout: '' });
    writeFileSync(project.file('repository/.changeset/topic.md'), '');
    const run = project.run('prepare-release', project.file('two'));
    expect(run).toMatchObject({ status: 0, stdout: 'kind=versions\n' });
    expect(log()).toMatch(/run version\n$/);
    expect(readFileSync(project.file('two/versions.patch'), 'utf8')).toContain('pnpm.log');
    expect(existsSync(project.file('one/versions.patch'))).toBe(false);
  });

  /** The script of the last step of a job in the release. */
  function lastScript(name: string): string {
    const job = new Map(jobs(new Map(workflows).get('release.yml') ?? '')).get(name) ?? '';
    return (job.split(/^ +run: \|\n/m).at(-1) ?? '').replace(/^ {10}/gm, '');
  }

  function runScript(script: string, cwd: string, bin: string, env: Readonly<Record<string, string>> = {}) {
    const { PATH = '' } = process.env;
    const options = {
      cwd,
      encoding: 'utf8',
      env: { ...process.env, ...env, PATH: `${bin}:${PATH}` },
    } as const;
    return spawnSync('bash', ['-e', '-c', script], options);
  }

  it('publish what the registry lacks, dependencies first, and go on where an earlier run ended', async () => {
    // Of three packages, @muse/b is published already, and has its release; @muse/c has none yet.
    const npm = `echo "npm $*" >> log; case "$*" in view\\ @muse/[bc]@*) echo 1.0.0 ;; view*) exit 1 ;; esac`;
    const gh = `echo "gh $*" >> log; [ "$*" != 'release view @muse/a@1.0.0' ] && [ "$*" != 'release view @muse/c@1.0.0' ]`;
    await using project = stubbed({ npm, gh });
    mkdirSync(project.file('release'));
    for (const name of ['a', 'b', 'c']) {
      mkdirSync(project.file(`${name}/package`), { recursive: true });
      const manifest = JSON.stringify({ name: `@muse/${name}`, version: '1.0.0' });
      writeFileSync(project.file(`${name}/package/package.json`), manifest);
      const tarball = project.file(`release/${name}.tgz`);
      execFileSync('tar', ['-czf', tarball, '-C', project.file(name), 'package']);
    }
    writeFileSync(project.file('release/order'), 'b.tgz\na.tgz\nc.tgz\n');
    const run = runScript(lastScript('publish'), project.file(''), project.file('bin'), {
      GITHUB_SHA: 'f00',
    });
    expect(run).toMatchObject({ status: 0, stderr: '' });
    const release = (name: string) =>
      `gh release create @muse/${name}@1.0.0 --target f00 --title @muse/${name}@1.0.0 --notes-file release/${name}.md release/api-pages.tar.gz`;
    expect(readFileSync(project.file('log'), 'utf8').trim().split('\n')).toEqual([
      'npm view @muse/b@1.0.0 version',
      'gh release view @muse/b@1.0.0',
      'npm view @muse/a@1.0.0 version',
      'npm publish --provenance --access public ./release/a.tgz',
      'gh release view @muse/a@1.0.0',
      release('a'),
      'npm view @muse/c@1.0.0 version',
      'gh release view @muse/c@1.0.0',
      release('c'),
    ]);
  });

  it.each([0, 1])('push the versions that are proposed, with %i pull requests open', async (open) => {
    const gh = `echo "gh $*" >> ../log; case "$*" in pr\\ list*) echo ${open} ;; esac`;
    await using project = stubbed({ gh });
    const cwd = project.file('repository');
    const git = (...args: string[]) =>
      execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=b', ...args], { cwd, encoding: 'utf8' });
    git('init', '--quiet', '--bare', project.file('origin'));
    git('add', '.');
    git('commit', '--quiet', '-m', 'before');
    git('remote', 'add', 'origin', project.file('origin'));
    writeFileSync(join(cwd, 'package.json'), '{}');
    mkdirSync(project.file('release'));
    writeFileSync(project.file('release/versions.patch'), git('diff', '--binary'));
    git('checkout', '--quiet', '.');
    const env = { RUNNER_TEMP: project.file('') };
    expect(runScript(lastScript('propose'), cwd, project.file('bin'), env).status).toBe(0);
    expect(git('show', 'release:package.json')).toBe('{}');
    expect(git('ls-remote', 'origin')).toContain(`${git('rev-parse', 'release').trim()}\trefs/heads/release`);
    const log = readFileSync(project.file('log'), 'utf8');
    expect(log.includes('gh pr create --head release --base main')).toBe(open === 0);
  });

  it('release nothing whose changelog does not tell of its version', async () => {
    await using project = stubbed({});
    const path = project.file('repository/packages/a');
    mkdirSync(path, { recursive: true });
    writeFileSync(join(path, 'package.json'), '{ "name": "@muse/a", "version": "0.2.0" }');
    writeFileSync(join(path, 'CHANGELOG.md'), '# a\n\n## 0.1.0\n');
    execFileSync('git', ['add', '.'], { cwd: project.file('repository') });
    const options = { cwd: project.file('repository'), encoding: 'utf8' } as const;
    const run = spawnSync(process.execPath, ['.ci/release-notes.js', project.file('')], options);
    expect(run.status).toBe(1);
    expect(run.stderr).toContain('Cannot find 0.2.0 in the changelog');
  });
});
