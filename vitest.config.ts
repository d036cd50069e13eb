import { defineConfig } from 'vitest/config';

// Packages are imported from their sources, so that a test never sees what was built before an edit.
const conditions = ['@muse/source', 'module', 'node', 'development|production'];
const testkit = new URL('packages/testkit/src/lib/built.ts', import.meta.url).pathname;

// The limits are against hanging, not measures: a busy machine takes ten times as long as a quiet one. Two workers take a
// quarter less than the one that vitest starts on two processors.
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
    include: ['**/{src,test}/**/*.test.ts'],
    maxWorkers: 2,
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
