import { defineConfig } from 'vitest/config';

// Packages are imported from their sources, so that a test never sees what was built before an edit.
const conditions = ['@muse/source', 'module', 'node', 'development|production'];
const testkit = new URL('packages/testkit/src/lib/built.ts', import.meta.url).pathname;

// Tests share a worker, because one of its own costs a file 0.4 s of a processor. What mocks a module, patches a global, starts
// threads or measures its own process gets one.
const isolated = [
  'packages/snapshot/test/{cache,completeness,create-snapshot,races,snapshotter,subtree-snapshot,watch-*,writers}.test.ts',
  'packages/stat-cache/src/lib/{file-storage,without-nofollow}.test.ts',
  'packages/stat-cache/test/bounds.test.ts',
  'packages/walker/src/lib/scan/{engine,native-engine}.test.ts',
  'packages/walker/src/lib/ignore/pattern-list.worst-case.test.ts',
  'packages/walker/test/{thread-pool,walk}.test.ts',
  'packages/paths/src/lib/tree-path.path-map.test.ts',
  'packages/repository/test/file-counts.test.ts',
  'apps/cli/src/terminal/streams.test.ts',
];

// The limits are against hanging, not measures: a busy machine takes ten times as long as a quiet one. Two processors
// have three workers, because a test often waits for a process, a disk or a clock.
export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  plugins: [
    {
      name: 'threads run what was built',
      enforce: 'pre',
      transform: {
        filter: {
          id: /\/(packages|apps)\/[^/]+\/src\//,
          code: /new URL\('\.\/[\w-]+\.js', import\.meta\.url\)/,
        },
        handler: (code) =>
          `import { builtBeside as __builtBeside } from ${JSON.stringify(testkit)};` +
          code.replace(
            /new URL\('\.\/([\w-]+\.js)', import\.meta\.url\)/g,
            "new URL(__builtBeside(import.meta.url, '$1'))",
          ),
      },
    },
    {
      name: 'no module twice',
      enforce: 'pre',
      load: {
        filter: { id: /^(?!.*\/node_modules\/).*\/(packages|apps|examples)\/[^/]+\/dist\/.*\.js$/ },
        handler(id) {
          throw new Error(`Cannot import ${id} into a test that runs from sources: start a process for it`);
        },
      },
    },
  ],
  test: {
    maxWorkers: 3,
    testTimeout: 300_000,
    hookTimeout: 300_000,
    expect: { poll: { timeout: 200_000 } },
    projects: [
      {
        extends: true,
        test: {
          name: 'shared',
          // No `exclude`: it would stand in the way of the one that a command line gives.
          include: ['**/{src,test}/**/*.test.ts', ...isolated.map((pattern) => `!${pattern}`)],
          isolate: false,
        },
      },
      { extends: true, test: { name: 'isolated', include: isolated } },
    ],
  },
});
