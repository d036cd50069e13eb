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
    const pnpm = `echo "$@" >> pnpm.log\ncase "$*" in *list*) echo '${list}' ;; *) echo noise ;; esac`;
    await using project = stubbed({ pnpm });
    const log = () => readFileSync(project.file('repository/pnpm.log'), 'utf8');
    expect(project.run('prepare-release', project.file('one'))).toMatchObject({
      status: 0,
      stdout: 'kind=packages\n',
    });
    expect(log()).toContain(
      `--filter=@muse/a --filter=@muse/c pack --pack-destination ${project.file('one')}\n`,
    );
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
});
