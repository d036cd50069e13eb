import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { defineConfig } from 'rolldown';

// Run in the folder of a package, by its build script. docs/decisions/006-bundles.md says what bundles are for.

/** Scripts of worker threads, which nothing imports: they are found beside the file that starts them. */
const THREADS = {
  '@muse/walker': ['src/scan-worker.ts'],
  '@muse/snapshot': ['src/worker.ts'],
  '@muse/cli': ['../../packages/snapshot/src/worker.ts'],
};

/** What the file that starts the command imports, once it knows that this Node will do. */
const STARTED = ['src/start.ts', 'src/version.ts'];

/**
 * The files that commands share, by modules that each of them begins with and takes the imports of along: for its version
 * alone, for its grammar and failures, for all that look at a tree, for saved snapshots. The rest is one file a command.
 */
const SHARED = [
  { name: 'base', test: /cli\/src\/version\.ts$|rolldown\/runtime/, priority: 4 },
  { name: 'program', test: /cli\/src\/(?:program|signals|terminal\/reporter)\.ts$/, priority: 3 },
  {
    name: 'engine',
    test: /cli\/src\/(?:working-tree|terminal\/answer|commands\/cache\/root)\.ts$|saved-snapshots\.ts$/,
    priority: 2,
  },
  {
    name: 'saved',
    test: /cli\/src\/(?:operands|saved-side|commands\/diff\/render|commands\/diff\/compare)\.ts$/,
    priority: 1,
  },
];

const { name, exports } = JSON.parse(readFileSync('package.json', 'utf8'));
const isCommand = name === '@muse/cli';
const sources = Object.values(exports).flatMap((target) => target['@muse/source'] ?? []);

const shared = {
  logLevel: 'warn',
  platform: 'node',
  // A library holds its own modules only: a second copy of another package would have classes of its own.
  external: isCommand ? [] : /^[^./]/,
  resolve: { conditionNames: ['@muse/source', 'node', 'import'] },
  treeshake: { propertyReadSideEffects: false },
};
const output = {
  dir: 'dist',
  entryFileNames: '[name].js',
  chunkFileNames: '[name]-[hash].js',
  sourcemap: true,
  // Comments are 4 ms of reading; names stay, for stack traces.
  minify: isCommand ? { compress: false, mangle: false } : false,
  ...(isCommand && {
    format: 'cjs',
    strict: true,
    dynamicImportInCjs: false,
    codeSplitting: { groups: SHARED },
  }),
};

// Threads apart from the rest, so that they load nothing that only the main thread needs.
export default defineConfig([
  {
    ...shared,
    input: byName(isCommand ? STARTED : sources),
    plugins: isCommand ? [builtins(), nativeEngine(), licenses(), scripts()] : [],
    output: { ...output, cleanDir: true },
  },
  ...(isCommand ? [{ ...shared, input: byName(sources), external: /^\.\//, output }] : []),
  ...(name === '@muse/native'
    ? [
        {
          ...shared,
          input: byName(sources),
          output: { ...output, format: 'cjs', strict: true, entryFileNames: '[name].cjs' },
        },
      ]
    : []),
  ...(THREADS[name] ?? []).map((source) => {
    return { ...shared, input: byName([source]), plugins: isCommand ? [builtins()] : [], output };
  }),
]);

function byName(files) {
  return Object.fromEntries(files.map((file) => [basename(file, '.ts'), file]));
}

/** Functions of modules that take milliseconds to load: commander can start programs, and only terminals are asked after. */
const LATER = {
  'node:child_process': ['spawn'],
  'node:tty': ['isatty'],
  'node:v8': ['setFlagsFromString'],
};

/**
 * Takes what is used of Node's modules, name by name. An `import` of `node:fs` takes 2.5 ms: it asks for every export, and
 * some of them load the streams. What few runs need of those in `LATER` is only asked for when it is called.
 */
function builtins() {
  let count = 0;
  return {
    name: 'builtins',
    resolveId: {
      filter: { id: /^node:/ },
      // One for each module that asks: shared, they would be a file of their own.
      handler: (id, importer, { kind }) =>
        importer?.startsWith('\0') ? { id, external: true } : `\0${kind}:${count++}:${id}`,
    },
    load: {
      filter: { id: /^\0[a-z-]+:\d+:node:/ },
      async handler(id) {
        const [, kind, name] = /^\0([a-z-]+):\d+:(.*)$/.exec(id);
        const module = `process.getBuiltinModule('${name}')`;
        if (name in LATER) {
          const prefix = kind === 'require-call' ? 'exports.' : 'export const ';
          return LATER[name]
            .map((key) => `${prefix}${key} = (...args) => ${module}.${key}(...args);`)
            .join('\n');
        }
        if (kind === 'require-call') return `module.exports = ${module};`;
        const names = Object.keys(await import(name)).filter((key) => key !== 'default');
        const code = [
          `const module = ${module};`,
          ...names.map((key) => `export const ${key} = module.${key};`),
        ];
        return { code: code.join('\n'), moduleSideEffects: false };
      },
    },
  };
}

/**
 * Takes the native engine, whose binary is beside it, from the package of its own: the nearest one above. Asked for by its
 * name, Node would look in the directories that `NODE_PATH` names, too.
 */
function nativeEngine() {
  const code = `
    const { existsSync } = process.getBuiltinModule('node:fs');
    const folder = module.paths.map((path) => path + '/@muse/native').find((path) => existsSync(path));
    if (folder === undefined) throw new Error('there is no @muse/native beside the command');
    export const { loadNative, packScanRequest, packHashRequest } = require(folder + '/dist/index.cjs');`;
  return {
    name: 'native-engine',
    resolveId: { filter: { id: /^@muse\/native$/ }, handler: () => '\0native-engine' },
    load: { filter: { id: /^\0native-engine$/ }, handler: () => ({ code, moduleSideEffects: false }) },
  };
}

/** Has Node take the files for scripts, in a package of modules: it starts 5 ms sooner. */
function scripts() {
  return {
    name: 'scripts',
    generateBundle() {
      this.emitFile({ type: 'asset', fileName: 'package.json', source: '{ "type": "commonjs" }\n' });
    },
  };
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
