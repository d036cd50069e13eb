import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { defineConfig } from 'rolldown';

// Run in the folder of a package, by its build script. docs/decisions/006-bundles.md says what bundles are for.

/** Scripts of worker threads, which nothing imports: they are found beside the file that starts them. */
const THREADS = {
  '@muse/walker': ['src/lib/scan-worker.ts'],
  '@muse/snapshot': ['src/lib/worker.ts'],
  '@muse/cli': ['../../packages/snapshot/src/lib/worker.ts'],
};

const { name, exports } = JSON.parse(readFileSync('package.json', 'utf8'));
const isCommand = name === '@muse/cli';
const sources = Object.values(exports).flatMap((target) => target['@muse/source'] ?? []);

const shared = {
  logLevel: 'warn',
  platform: 'node',
  // A library holds its own modules only: a second copy of another package would have classes of its own.
  external: isCommand ? /^node:/ : /^[^./]/,
  resolve: { conditionNames: ['@muse/source', 'node', 'import'] },
};
const output = {
  dir: 'dist',
  entryFileNames: '[name].js',
  chunkFileNames: '[name]-[hash].js',
  sourcemap: true,
};

// Threads apart from the rest, so that they load nothing that only the main thread needs.
export default defineConfig([
  {
    ...shared,
    input: byName(sources),
    plugins: isCommand ? [licenses()] : [],
    output: { ...output, cleanDir: true },
  },
  ...(THREADS[name] ?? []).map((source) => ({ ...shared, input: byName([source]), output })),
]);

function byName(files) {
  return Object.fromEntries(files.map((file) => [basename(file, '.ts'), file]));
}

/** Writes down the licenses of the packages that became part of the bundle: they ask for it. */
function licenses() {
  return {
    name: 'licenses',
    generateBundle(_, bundle) {
      const modules = Object.values(bundle).flatMap((chunk) => Object.keys(chunk.modules ?? {}));
      const packages = new Set(modules.map((id) => /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+\//.exec(id)?.[0]));
      const texts = [...packages].filter(Boolean).map((folder) => {
        const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
        return `${name} ${version}, ${license}\n\n${licenseIn(folder)}`;
      });
      this.emitFile({ type: 'asset', fileName: 'LICENSES.txt', source: texts.sort().join('\n\n') });
    },
  };
}

function licenseIn(folder) {
  const name = readdirSync(folder).find((file) => /^licen[cs]e/i.test(file));
  if (name === undefined) throw new Error(`Cannot find a license in ${folder}`);
  return readFileSync(join(folder, name), 'utf8');
}
