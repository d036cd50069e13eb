import { join } from 'node:path';
import { makeTree, removeTree, workspacePackages, type WorkspacePackage } from '@muse/testkit';
import { expect, it, onTestFinished } from 'vitest';
import { importCircles } from './support/import-circles.js';
import { typescriptFiles } from './support/source-imports.js';

it('no file imports itself by way of others, types included', () => {
  const packages = workspacePackages();
  const files = packages.flatMap(({ path }) => typescriptFiles(join(path, 'src')));
  expect(files.length).toBeGreaterThan(100);
  expect(importCircles(packages, files)).toEqual([]);
});

it('finds a circle through a type, an entry of another package, and a file alone', async () => {
  const root = await makeTree({
    'a/src/index.ts': "export { x } from './x.js';",
    'a/src/x.ts': "import type { Y } from '@muse/b'; export const x: Y = 1;",
    'b/src/index.ts': "export type { Y } from './y.js';",
    'b/src/y.ts': "import { x } from '@muse/a'; export type Y = typeof x;",
    'b/src/alone.ts': "import './alone.js';",
  });
  onTestFinished(() => removeTree(root));
  const packages = ['a', 'b'].map((name): WorkspacePackage => {
    const exports = { '.': { '@muse/source': './src/index.ts' } };
    return {
      folder: name,
      path: join(root, name),
      manifest: { name: `@muse/${name}`, version: '0.0.0', description: '', exports },
    };
  });
  const circles = importCircles(
    packages,
    packages.flatMap(({ path }) => typescriptFiles(path)),
  );
  const names = circles.map((circle) =>
    circle.map((file) => file.slice(-14).replace(/^.*?([ab]\/src)/, '$1')),
  );
  expect(names).toHaveLength(2);
});
