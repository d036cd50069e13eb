import { spawn, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createSnapshot } from '@muse/snapshot';
import {
  anchors,
  built,
  codeBlocks,
  linkTargets,
  makeTree,
  removeTree,
  repository,
  sha256Id,
  tempDir,
  workspacePackages,
} from '@muse/testkit';
import { describe, expect, it, onTestFinished } from 'vitest';
import { compile } from './support/compile.js';
import { exampleProject, runInProject, runScript } from './support/example-project.js';

function read(path: string): string {
  return readFileSync(join(repository, path), 'utf8');
}

function entriesOf(path: string): string[] {
  return existsSync(join(repository, path))
    ? readdirSync(join(repository, path)).map((name) => join(path, name))
    : [];
}

const packages = workspacePackages();
const documents = [
  ...['.', 'docs', 'docs/decisions'],
  ...packages.flatMap(({ folder }) => [folder, join(folder, 'docs')]),
]
  .flatMap(entriesOf)
  .filter((path) => path.endsWith('.md') && !path.endsWith('CHANGELOG.md'));

describe('README.md', () => {
  const readme = read('README.md');

  it('has an example of at most twelve lines that runs', async () => {
    const [example = ''] = codeBlocks(readme, 'js');
    expect(example.trimEnd().split('\n').length).toBeLessThanOrEqual(12);
    const [compiled = ''] = await compile('@muse/snapshot', [example]);
    const run = await runInProject(compiled);
    // What npm says on stderr depends on its version and settings.
    expect(run).toMatchObject({ status: 0, stdout: `built out/built.txt ${sha256Id('built')}\n` });
  });

  it.skipIf(process.platform !== 'linux')('has first steps that run as one script', async () => {
    await using project = exampleProject();
    const work = join(project.path, 'work');
    mkdirSync(work);
    renameSync(join(project.path, 'src'), join(work, 'src'));
    const steps = codeBlocks(readme.split('\n## First steps\n')[1] ?? '', 'sh')[0] ?? '';
    const run = runScript(project, `cd work\n${steps}`);
    expect(run.status, run.stderr).toBe(0);
    // By `status`, and by the filtered `diff`.
    expect(run.stdout.match(/^modified {2}src\/index\.js$/gm)).toHaveLength(2);
    expect(readFileSync(join(project.path, 'changes.html'), 'utf8')).toMatch(/^<!doctype html>/i);
    expect(readFileSync(join(project.path, 'files.sha256'), 'utf8')).toMatch(
      /^[0-9a-f]{64} [ *]src\/index\.js$/m,
    );
    // Each command that the steps name is one that the help lists.
    for (const [, name = ''] of steps.matchAll(/^muse ([a-z]+)/gm)) {
      expect(runScript(project, `muse help ${name}`).status, name).toBe(0);
    }
  });

  it('shows the snapshot id that its demonstration has', async () => {
    const root = await makeTree({ 'a.txt': 'hello\n' });
    onTestFinished(() => removeTree(root));
    const { id, stats } = await createSnapshot(root);
    expect(codeBlocks(readme, 'console')[0]).toContain(`\n${id}\n${stats.files} file · ${stats.bytes} B · `);
  });

  it.skipIf(process.platform !== 'linux')('shows the lines that muse watch prints', async () => {
    await using project = exampleProject();
    const [, section = ''] = readme.split('\n### Watch a tree\n');
    const [start = '', change = ''] = codeBlocks(section, 'console');
    const [, make = '', watch = '', first = ''] = /^\$ (.*)\n\$ (.*)\n(.*)\n$/.exec(start) ?? [];
    const edit = /`(echo .*?)`/.exec(section)?.[1] ?? '';
    const twoLines = 'for line in 1 2; do read -r line; printf "%s\\n" "$line" >> lines; done';
    const started = 'until [ -s lines ]; do sleep 0.1; done';
    const script = [make, `${watch} | { ${twoLines}; } &`, started, edit, 'wait; cat lines'].join('\n');
    const run = runScript(project, script.replaceAll('/tmp/watched', 'watched'));
    expect(run).toMatchObject({ status: 0, stderr: '' });
    const lines = run.stdout.split('\n');
    for (const [index, shown] of [first, change.trim()].entries()) {
      for (const part of shown.split('…').map((each) => each.replace(/^[,"]+|[,"]+$/g, '')))
        expect(lines[index]).toContain(part);
    }
  });

  it('links every package', () => {
    const links = linkTargets(readme);
    expect(packages.map(({ folder }) => folder).filter((path) => !links.includes(path))).toEqual([]);
  });
});

describe('writing-a-storage-or-codec.md', () => {
  const page = read('packages/stat-cache/docs/writing-a-storage-or-codec.md');

  it.each(codeBlocks(page, 'js').map((example, index) => [index + 1, example] as const))(
    'has an example %i that runs and passes',
    async (_number, example) => {
      const run = await runInProject(example);
      expect(run.status, run.stdout).toBe(0);
      expect(run.stdout).toMatch(/^(# |ℹ )pass [1-9]/m);
    },
  );
});

describe.each(packages.map(({ folder, manifest }) => [folder, manifest] as const))(
  '%s/README.md',
  (folder, { name, description }) => {
    it('begins with its name and what package.json says it is', () => {
      const [title = '', , first = ''] = read(`${folder}/README.md`).split('\n');
      expect(folder.startsWith('examples/') || title === `# ${name}`).toBe(true);
      expect(first).toBe(description);
    });
  },
);

describe('apps/cli/README.md', () => {
  it('has a row for each command', () => {
    const { stdout } = spawnSync(process.execPath, [fileURLToPath(built('@muse/cli')), '--help'], {
      encoding: 'utf8',
    });
    const [, list = ''] = /\nCommands:\n([^]*?)\n\n/.exec(stdout) ?? [];
    const commands = [...list.matchAll(/^ {2}([a-z]+)/gm)].map(([, name = '']) => name);
    expect(commands.length).toBeGreaterThan(5);
    const rows = read('apps/cli/README.md');
    expect(commands.filter((name) => !rows.includes(`\n| \`muse ${name} `))).toEqual([]);
  });
});

describe.each([
  ['build-cache', '1 built\n2 restored\n'],
  ['changed-since-green', "true\n[ 'b.txt' ]\n"],
  ['rebuild-on-change', "building []\nbuilding [ 'a.txt' ]\n"],
  ['linter-cache', "1 1 [ 'has a tab' ]\n2 0 [ 'has a tab' ]\n"],
  ['sqlite-storage', ''],
])('examples/%s/README.md', (name, stdout) => {
  it('has one example that runs and prints what it says', async () => {
    const examples = codeBlocks(read(`examples/${name}/README.md`), 'js', 'ts');
    expect(examples).toHaveLength(1);
    const [compiled = ''] = await compile(
      [`@muse/example-${name}`, '@muse/snapshot', '@muse/stat-cache'],
      examples,
    );
    expect(await runInProject(compiled)).toEqual({ status: 0, stdout, stderr: '' });
  });
});

describe('examples/sqlite-storage/README.md', () => {
  it('has commands that read every file, and then none', async () => {
    await using project = exampleProject();
    const [commands = ''] = codeBlocks(read('examples/sqlite-storage/README.md'), 'sh');
    const script = commands
      .replace(/^npx .* build\n/, '')
      .replaceAll('~/', `${project.path}/`)
      .replaceAll('examples/', join(repository, 'examples/'))
      .replaceAll('<directory>', 'src')
      // A file that changed a moment ago is read again.
      .replace('\nnode', '\nsleep 0.2\nnode');
    const run = runScript(project, script);
    expect(run).toMatchObject({ status: 0, stderr: '' });
    expect(run.stdout.match(/\d+ read/g)).toEqual(['1 read', '0 read']);
  });
});

describe.skipIf(process.platform !== 'linux')('docs/in-a-ci-job.md', () => {
  const [skip = '', sources = '', ...others] = codeBlocks(read('docs/in-a-ci-job.md'), 'sh');

  const skipped = 'src is as it was when its tests last passed\n';

  it('skips what was green already', async () => {
    await using project = exampleProject();
    await using kept = tempDir();
    const run = () => runScript(project, `cache='${kept.path}'\n${skip}`);
    expect(run().stdout).not.toContain(skipped);
    expect(run()).toEqual({ status: 0, stdout: skipped, stderr: '' });
    expect(readdirSync(kept.path)).toEqual(['green-src']);
    writeFileSync(join(project.path, 'src/index.js'), '');
    expect(run().stdout).not.toContain(skipped);
    writeFileSync(join(project.path, 'package.json'), '{ "scripts": { "test": "exit 7" } }');
    expect(run()).toMatchObject({ status: 7 });
    expect(run()).toMatchObject({ status: 7 });
  });

  it('skips nothing that no id covers', async () => {
    await using project = exampleProject();
    await using kept = tempDir();
    const run = () => runScript(project, `cache='${kept.path}'\n${skip}`);
    run();
    symlinkSync('../package.json', join(project.path, 'src/link'));
    expect(run()).toMatchObject({ status: 1, stderr: expect.stringContaining('[["symlink",1]]') as string });
    rmSync(join(project.path, 'src/link'));
    writeFileSync(join(project.path, 'src/.museignore'), "[global]\npatterns = ['z.js']\n");
    writeFileSync(join(project.path, 'src/z.js'), '');
    expect(run()).toMatchObject({ status: 1, stderr: expect.stringContaining('[["ignored",1]]') as string });
  });

  it('believes no record that a change brings, and writes through no link', async () => {
    await using project = exampleProject();
    await using kept = tempDir();
    const run = () => runScript(project, `cache='${kept.path}'\n${skip}`);
    run();
    const record = join(kept.path, 'green-src');
    for (const name of ['.ci-green/src', 'green-src', '.ci/green-src']) {
      mkdirSync(dirname(join(project.path, name)), { recursive: true });
      renameSync(record, join(project.path, name));
      symlinkSync(join(project.path, 'precious'), record);
      expect(run()).toMatchObject({ status: 0 });
      expect(existsSync(join(project.path, 'precious'))).toBe(false);
      expect(run().stdout).toBe(skipped);
    }
  });

  it('fails when the build changes its sources', async () => {
    await using project = exampleProject();
    expect(runScript(project, sources).status).toBe(0);
    const run = runScript(project, sources.replace('npm run build', 'echo >> src/index.js'));
    expect(run).toMatchObject({ status: 1, stdout: '' });
    expect(run.stderr).toBe('The build has changed files below src; commit what it generates\n');
  });

  it('has a manifest that another job can check', async () => {
    await using project = exampleProject();
    const [check = '', ...more] = others;
    expect(more).toEqual([]);
    expect(runScript(project, check)).toEqual({ status: 0, stdout: '', stderr: '' });
    expect(runScript(project, check.replace('(cd', 'echo >> src/index.js; (cd')).status).not.toBe(0);
  });
});

describe.skipIf(process.platform !== 'linux')('docs/in-a-backup-script.md', () => {
  const blocks = codeBlocks(read('docs/in-a-backup-script.md'), 'sh');
  const [save = '', check = '', compare = '', live = '', ignored = '', verify = '', ...others] = blocks;
  const begin =
    'data=$PWD/data backup=$PWD/backup; mkdir -p "$data/log" "$backup/files"; echo x > "$data/file"\n';

  it('says what is in a backup, and what is not as it was', async () => {
    await using project = exampleProject();
    expect(others).toEqual([]);
    const quiet = { status: 0, stdout: '', stderr: '' };
    expect(runScript(project, begin + save + check + compare)).toEqual(quiet);
    const damaged = runScript(project, `${begin}echo y > "$backup/files/file"\n${check}`);
    expect(damaged).toMatchObject({ status: 1, stdout: 'file: FAILED\n' });
    const rule = 'printf \'[global]\\npatterns = ["/*"]\\n\' > "$backup/files/.museignore"\n';
    const named = 'grep -q "  file$" "$backup/manifest.sha256"';
    expect(runScript(project, `${begin}${rule}${save}${named}`)).toEqual(quiet);
    const less = runScript(project, `${begin}${save}rm "$backup/files/file"\n${compare}`);
    expect(less).toMatchObject({ status: 1, stdout: 'missing   file\n', stderr: '' });
    const more = runScript(project, `${begin}${save}echo z > "$backup/files/another"\n${compare}`);
    expect(more).toMatchObject({ status: 1, stdout: 'new       another\n', stderr: '' });
  });

  it('knows a log that is being written from a file that cannot be read', async () => {
    await using project = exampleProject();
    const file = (name: string): string => join(project.path, 'data', name);
    mkdirSync(file('log'), { recursive: true });
    // The log is a large one, so that it is written to while it is read, however busy the machine is.
    const write = `const fd = fs.openSync(${JSON.stringify(file('log/app.log'))}, 'w');
      fs.ftruncateSync(fd, 300_000_000);
      console.log('writing');
      for (let n = 0; ; n++) fs.writeSync(fd, String(n), (n % 1000) * 1000);`;
    const writer = spawn(process.execPath, ['-e', write], { stdio: ['ignore', 'pipe', 'inherit'] });
    onTestFinished(() => void writer.kill('SIGKILL'));
    await new Promise((resolve) => writer.stdout.once('data', resolve));
    const run = runScript(project, `${begin}${live}echo "saved, status $status"`);
    expect(run).toMatchObject({ status: 0, stdout: 'saved, status 3\n' });
    expect(run.stderr).toMatch(/^muse: log\/app\.log: .*\(ETORN\)/);
    expect(codeBlocks(read('docs/in-a-backup-script.md'), 'console')[0]).toContain(run.stderr);
    writer.kill('SIGKILL');
  });

  it('does not accept a problem of another kind', async () => {
    await using project = exampleProject();
    const answer = '{"type":"problem","path":"file","kind":"unreadable"}';
    const muse = `muse() { echo '${answer}' > "$backup/live.ndjson"; return 3; }\n`;
    expect(runScript(project, begin + muse + live)).toMatchObject({ status: 3, stdout: `${answer}\n` });
    const failed = 'muse() { return 4; }\n';
    expect(runScript(project, begin + failed + live).status).toBe(4);
  });

  it('leaves logs out by a rule, and looks for what the disk has lost', async () => {
    await using project = exampleProject();
    const run = runScript(project, `${begin}echo > "$data/log/app.log"\n${ignored}${verify}`);
    expect(run).toEqual({ status: 0, stdout: '', stderr: '' });
    const live = readFileSync(join(project.path, 'backup/live.json'), 'utf8');
    expect(JSON.parse(live)).toMatchObject({ files: 1, stats: { left_out: { ignored: 1 } } });
  });
});

describe.skipIf(process.platform !== 'linux')('docs/beside-muse-in-python.md', () => {
  it('has a command that means this muse, whatever PATH says', async () => {
    await using project = exampleProject();
    const [command = '', ...others] = codeBlocks(read('docs/beside-muse-in-python.md'), 'sh');
    expect(others).toEqual([]);
    const run = runScript(project, `muse() { return 99; }\n${command}`);
    expect(run).toMatchObject({ status: 0, stdout: expect.stringMatching(/^sha256:/) as string });
  });
});

describe('docs/in-a-dev-server.md', () => {
  it.each(['typescript', undefined])(
    'has a server that builds what changed, and ends: %s',
    async (engine) => {
      await using project = exampleProject();
      const [server = '', ...others] = codeBlocks(read('docs/in-a-dev-server.md'), 'js');
      expect(others).toEqual([]);
      const source = join(project.path, 'src');
      writeFileSync(join(project.path, 'server.js'), server);
      const env = { ...process.env, MUSE_ENGINE: engine };
      const running = spawn(process.execPath, ['server.js'], { cwd: project.path, env });
      onTestFinished(() => void running.kill('SIGKILL'));
      let said = '';
      running.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
      await expect.poll(() => said).toBe('ready 1\n');
      writeFileSync(join(source, 'new.js'), 'new');
      await expect.poll(() => said).toContain('build "new.js"\n');
      renameSync(join(source, 'new.js'), join(source, 'moved.js'));
      await expect.poll(() => said).toContain('move "new.js" "moved.js"\n');
      rmSync(join(source, 'moved.js'));
      await expect.poll(() => said).toContain('forget "moved.js"\n');
      const ended = new Promise((resolve) => running.once('close', resolve));
      running.kill('SIGTERM');
      expect(await ended).toBe(0);
      expect(said).not.toContain('cannot read');
    },
  );
});

describe('docs/guarantees.md', () => {
  const text = read('docs/guarantees.md');
  // An item below a guarantee: the file of its tests in backticks, and their names in italics, with … for any text.
  const proof = /^ {2}- `([^`]+)`((?:.*\n)(?: {4}.*\n)*)/gm;
  const proofs = [...text.matchAll(proof)].map(([, path = '', names = '']) => ({
    path,
    names: [...names.replace(/\s+/g, ' ').matchAll(/_(.+?)_(?=,|\s*$)/g)].map(([, name = '']) => name),
  }));

  it('has a test below each guarantee', () => {
    const [guarantees = ''] = text.split('\n## Beside git');
    const items = guarantees.split(/^- /m).slice(1);
    expect(items.length).toBeGreaterThan(40);
    expect(items.filter((item) => !/^ {2}- `/m.test(item))).toEqual([]);
  });

  it('names tests that there are', () => {
    expect(proofs.flatMap(({ names }) => names).length).toBeGreaterThan(60);
    const missing = proofs.flatMap(({ path, names }) => {
      const [found] = [`packages/${path}`, `apps/${path}`].filter((each) =>
        existsSync(join(repository, each)),
      );
      if (found === undefined) return [path];
      const parts = names.flatMap((name) => name.split('…').map((part) => part.trim()));
      return parts.filter((part) => !read(found).includes(part)).map((part) => `${path}: ${part}`);
    });
    expect(missing).toEqual([]);
  });
});

it('each decision says whether it still holds', () => {
  const decisions = entriesOf('docs/decisions');
  expect(decisions.length).toBeGreaterThan(5);
  expect(decisions.filter((path) => !/^# .*\n\n\*\*Status:\*\* /.test(read(path)))).toEqual([]);
});

describe.each(documents)('%s', (path) => {
  const text = read(path);

  it('has no link that leads nowhere', () => {
    const broken = linkTargets(text).filter((target) => {
      if (/^[a-z]+:/.test(target)) return false;
      const [file = '', anchor] = target.split('#');
      const found = file === '' ? join(repository, path) : resolve(repository, dirname(path), file);
      if (!existsSync(found)) return true;
      return anchor !== undefined && statSync(found).isFile()
        ? !anchors(readFileSync(found, 'utf8')).includes(anchor)
        : false;
    });
    expect(broken).toEqual([]);
  });

  it('names only scripts and a pnpm that the repository has', () => {
    const { packageManager, scripts } = JSON.parse(read('package.json')) as {
      packageManager: string;
      scripts: Record<string, string>;
    };
    const known = ['exec', 'install', '<script>', undefined, ...Object.keys(scripts)];
    const named = [...text.matchAll(/npx -y (pnpm@\S+?)(?: (?:run )?([^\s`]+))?[\s`]/g)];
    expect(named.filter(([, pnpm]) => pnpm !== packageManager.split('+')[0])).toEqual([]);
    expect(named.filter(([, , script]) => !known.includes(script))).toEqual([]);
  });
});
