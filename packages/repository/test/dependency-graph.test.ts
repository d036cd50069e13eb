import { makeTree, removeTree, repository, workspacePackages, type TreeSpec } from '@muse/testkit';
import { describe, expect, it, onTestFinished } from 'vitest';
import { graphViolations, type DependencyGraph } from './support/graph-violations.js';

const testkit = { forTests: ['@muse/testkit'] };

/** What each package may import of the others, as ARCHITECTURE.md draws it. */
const drawn: DependencyGraph = {
  '@muse/paths': [],
  '@muse/native': [],
  '@muse/stat-cache': ['@muse/paths'],
  '@muse/walker': ['@muse/paths', '@muse/native'],
  '@muse/snapshot': ['@muse/paths', '@muse/stat-cache', '@muse/walker'],
  '@muse/report': ['@muse/paths', '@muse/snapshot'],
  '@muse/cli': [
    '@muse/paths',
    '@muse/stat-cache',
    '@muse/walker',
    '@muse/snapshot',
    '@muse/native',
    '@muse/report',
  ],
  '@muse/testkit': [],
};

it('the packages import each other as the graph allows', () => {
  // Of the others, which stay in this repository, each may import what is drawn, and nothing imports them.
  const all = Object.keys(drawn);
  const rest = workspacePackages().filter(({ manifest }) => manifest.private && !(manifest.name in drawn));
  const graph = { ...drawn, ...Object.fromEntries(rest.map(({ manifest }) => [manifest.name, all])) };
  expect(rest.length).toBeGreaterThan(0);
  // The test build of the native engine stops between its system calls, for the races of those above it.
  const forTests = [...testkit.forTests, '@muse/native'];
  expect(graphViolations(repository, graph, { forTests, bundled: ['@muse/cli'] })).toEqual([]);
});

describe('graphViolations()', () => {
  const small: DependencyGraph = { '@muse/a': [], '@muse/b': ['@muse/a'], '@muse/testkit': [] };

  /** A workspace that keeps its graph, with some files more or other ones. */
  function workspace(changes: Record<string, string> = {}): TreeSpec {
    return {
      'packages/a/package.json':
        '{ "name": "@muse/a", "devDependencies": { "@muse/testkit": "workspace:^" } }',
      'packages/a/src/a.ts': "import { readFile } from 'node:fs/promises'; export const a = readFile;",
      'packages/a/src/a.test.ts': "import { it } from 'vitest'; import '@muse/a'; import '@muse/testkit';",
      'packages/testkit/package.json': '{ "name": "@muse/testkit" }',
      'apps/b/package.json': '{ "name": "@muse/b", "dependencies": { "@muse/a": "workspace:^" } }',
      'apps/b/src/main.ts': "import { a } from '@muse/a'; import { c } from './lib/c.js'; a(c);",
      'apps/b/src/lib/c.ts': "export const c = 'c';",
      ...changes,
    };
  }

  it.each<[fault: string, changes: Record<string, string>, violations: string[]]>([
    ['no fault', {}, []],
    [
      'an import against the graph',
      {
        'packages/a/package.json': '{ "name": "@muse/a", "dependencies": { "@muse/b": "workspace:^" } }',
        'packages/a/src/a.ts': "import { b } from '@muse/b'; b();",
        'packages/a/src/a.test.ts': '',
      },
      ['@muse/a depends on @muse/b'],
    ],
    [
      'an import that the manifest does not list',
      { 'packages/a/src/a.ts': "const b = await import('@muse/b/sub'); b;" },
      ['packages/a/src/a.ts imports @muse/b, which its package.json does not list'],
    ],
    [
      'an import of a type alone',
      { 'packages/a/src/a.ts': "import type { B } from '@muse/b'; export const b: B = 1;" },
      ['packages/a/src/a.ts imports @muse/b, which its package.json does not list'],
    ],
    [
      'a package from elsewhere that only the root has',
      { 'apps/b/src/main.ts': "import colors from 'picocolors'; colors;" },
      ['apps/b/src/main.ts imports picocolors, which its package.json does not list'],
    ],
    [
      'the testkit in published code',
      { 'packages/a/src/a.ts': "import { makeTree } from '@muse/testkit'; makeTree;" },
      ['packages/a/src/a.ts imports @muse/testkit, which its package.json does not list'],
    ],
    [
      'the testkit as a dependency',
      {
        'apps/b/package.json':
          '{ "name": "@muse/b", "dependencies": { "@muse/a": "", "@muse/testkit": "" } }',
      },
      ['@muse/b depends on @muse/testkit'],
    ],
    [
      'a test against the graph',
      {
        'packages/a/package.json': '{ "name": "@muse/a", "devDependencies": { "@muse/b": "workspace:^" } }',
        'packages/a/src/a.test.ts': '',
        'packages/a/test/b.test.ts': "import '@muse/b';",
      },
      ['@muse/a is tested with @muse/b'],
    ],
    [
      'a way around the manifest',
      { 'apps/b/src/main.ts': "import { a } from '../../../packages/a/src/a.js'; a();" },
      ['apps/b/src/main.ts reaches out of its package to ../../../packages/a/src/a.js'],
    ],
    [
      'names exported again',
      { 'apps/b/src/main.ts': "export * from '@muse/a'; export type { A } from '@muse/a';" },
      [
        'apps/b/src/main.ts exports names of @muse/a again',
        'apps/b/src/main.ts exports names of @muse/a again',
      ],
    ],
    [
      'a name imported first and exported again',
      { 'apps/b/src/main.ts': "import { a as x } from '@muse/a'; export { x as y };" },
      ['apps/b/src/main.ts exports names of @muse/a again'],
    ],
    [
      'a package that nobody placed',
      { 'packages/n/package.json': '{ "name": "@muse/new" }' },
      ['@muse/new has no place in the graph'],
    ],
    [
      'an example that something imports',
      {
        'examples/e/package.json': '{ "name": "@muse/e" }',
        'packages/a/src/a.ts': "import '@muse/e';",
      },
      [
        '@muse/e has no place in the graph',
        'packages/a/src/a.ts imports @muse/e, which its package.json does not list',
      ],
    ],
    [
      'a drawer',
      { 'packages/n/package.json': '{ "name": "@muse/utils" }' },
      ['@muse/utils has no place in the graph', '@muse/utils is named like a drawer'],
    ],
  ])('finds %s', async (_fault, changes, violations) => {
    const root = await makeTree(workspace(changes));
    onTestFinished(() => removeTree(root));
    expect(graphViolations(root, small, testkit)).toEqual(violations);
  });

  it('lets what is bundled import a devDependency, and nothing else that is not listed', async () => {
    const devDependencies = { commander: '1', '@muse/a': '', '@muse/testkit': '' };
    const manifest = { name: '@muse/b', devDependencies };
    const imports = "import 'commander'; import '@muse/a'; import 'picocolors'; import '@muse/testkit';";
    const changes = { 'apps/b/package.json': JSON.stringify(manifest), 'apps/b/src/main.ts': imports };
    const root = await makeTree(workspace(changes));
    onTestFinished(() => removeTree(root));
    const violation = (used: string) =>
      `apps/b/src/main.ts imports ${used}, which its package.json does not list`;
    expect(graphViolations(root, small, { ...testkit, bundled: ['@muse/b'] })).toEqual(
      ['picocolors', '@muse/testkit'].map(violation),
    );
    expect(graphViolations(root, small, testkit)).toHaveLength(4);
  });

  it('finds a package of the graph that is gone', async () => {
    const root = await makeTree(workspace());
    onTestFinished(() => removeTree(root));
    expect(graphViolations(root, { ...small, '@muse/c': [] }, testkit)).toEqual([
      '@muse/c is in the graph and not in the workspace',
    ]);
  });
});
