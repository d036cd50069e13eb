import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createSnapshot } from '@muse/snapshot';
import { makeTree, removeTree } from '@muse/testkit';
import { describe, expect, it, onTestFinished } from 'vitest';
import { runInProject } from './support/example-project.js';
import { anchors, codeBlocks, linkTargets } from './support/markdown.js';
import { sha256Id } from './support/numbered-tree.js';

const repository = fileURLToPath(new URL('../../..', import.meta.url));

function read(path: string): string {
  return readFileSync(join(repository, path), 'utf8');
}

function entriesOf(path: string): string[] {
  return existsSync(join(repository, path))
    ? readdirSync(join(repository, path)).map((name) => join(path, name))
    : [];
}

const packages = ['packages', 'apps', 'examples'].flatMap(entriesOf);
const documents = ['.', 'docs', 'docs/decisions', ...packages]
  .flatMap(entriesOf)
  .filter((path) => path.endsWith('.md') && !path.endsWith('CHANGELOG.md'));

describe('README.md', () => {
  const readme = read('README.md');

  it('has an example of at most twelve lines that runs', async () => {
    const [example = ''] = codeBlocks(readme, 'js');
    expect(example.trimEnd().split('\n').length).toBeLessThanOrEqual(12);
    const run = await runInProject(repository, example);
    // What npm says on stderr depends on its version and settings.
    expect(run).toMatchObject({ status: 0, stdout: `built out/built.txt ${sha256Id('built')}\n` });
  });

  it('shows the snapshot id that its demonstration has', async () => {
    const root = await makeTree({ 'a.txt': 'hello\n' });
    onTestFinished(() => removeTree(root));
    const { id, stats } = await createSnapshot(root);
    expect(codeBlocks(readme, 'console')[0]).toContain(`\n${id}\n${stats.files} file · ${stats.bytes} B · `);
  });

  it('links every package', () => {
    const links = linkTargets(readme);
    expect(packages.filter((path) => !links.includes(path))).toEqual([]);
  });
});

describe('CONTRIBUTING.md', () => {
  it.each(codeBlocks(read('CONTRIBUTING.md'), 'js').map((example, index) => [index + 1, example] as const))(
    'has an example %i that runs and passes',
    async (_number, example) => {
      const run = await runInProject(repository, example);
      expect(run.status, run.stdout).toBe(0);
      expect(run.stdout).toMatch(/^(# |ℹ )pass [1-9]/m);
    },
  );
});

describe('docs/guarantees.md', () => {
  const rows = read('docs/guarantees.md')
    .split('\n')
    .filter((line) => line.startsWith('| '));
  // The last cell of a row: where the test is, in backticks, and then its name or names in italics, with … for any text.
  const proofs = rows.flatMap((row) => {
    const cell = row.split('|').at(-2) ?? '';
    return [...cell.matchAll(/`([^`]+)`([^`]*)/g)].map(([, path = '', names = '']) => ({
      path,
      names: [...names.matchAll(/_([^_]+)_/g)].map(([, name = '']) => name),
    }));
  });

  it('names tests that there are', () => {
    expect(proofs.flatMap(({ names }) => names).length).toBeGreaterThan(20);
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
    expect(named.filter(([, pnpm]) => pnpm !== packageManager)).toEqual([]);
    expect(named.filter(([, , script]) => !known.includes(script))).toEqual([]);
  });
});
