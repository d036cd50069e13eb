import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { defineConfig, RolldownMagicString } from 'rolldown';
import { licensesOf } from './rolldown.licenses.js';

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
 * The files that commands share. Those of a group come with what they import: the version, the grammar and failures, what
 * takes a snapshot without a miss. Before that are taken out what few snapshots need: rules with patterns, what reads
 * and writes saved snapshots, what hashes. The rest is one file a command.
 */
const SHARED = [
  { name: 'base', test: /cli\/src\/version\.ts$|rolldown\/runtime/, priority: 9 },
  {
    name: 'grammar',
    test: /cli\/src\/(?:commands|plain-parser|signals|tune-v8|terminal\/reporter)\.ts$/,
    priority: 8,
  },
  {
    name: 'rules',
    test: /walker\/src\/lib\/ignore\/(?:muse-ignore|pattern-|glob|git)|smol-toml/,
    priority: 7,
    includeDependenciesRecursively: false,
  },
  {
    name: 'saved',
    test: /snapshot\/src\/lib\/(?:saved\/|manifest\/parse)|cli\/src\/(?:operands|saved-side|commands\/diff\/(?!stat))/,
    priority: 6,
    includeDependenciesRecursively: false,
  },
  {
    name: 'hashing',
    test: /snapshot\/src\/lib\/hash\/|walker\/src\/lib\/scan\/engine\.ts/,
    priority: 5,
    includeDependenciesRecursively: false,
  },
  {
    name: 'engine',
    test: /cli\/src\/(?:working-tree|terminal\/answer|commands\/cache\/root|commands\/snapshot\/run)\.ts$/,
    priority: 2,
  },
];

/** What the command has in place of the global `performance`, which takes a millisecond to load. */
const CLOCK = '\0clock';

const { name, exports } = JSON.parse(readFileSync('package.json', 'utf8'));
const isCommand = name === '@muse/cli';
const sources = isCommand
  ? ['src/main.ts']
  : Object.values(exports).flatMap((target) => target['@muse/source'] ?? []);

const shared = {
  logLevel: 'warn',
  // A package is imported as a whole for its types, and for one name when that is needed.
  checks: { ineffectiveDynamicImport: false },
  platform: 'node',
  // A library holds its own modules only: a second copy of another package would have classes of its own.
  external: isCommand ? [] : /^[^./]/,
  resolve: { conditionNames: ['@muse/source', 'node', 'import'] },
  treeshake: { propertyReadSideEffects: false },
  optimization: { inlineConst: { mode: 'all' } },
  ...(isCommand && { transform: { inject: { performance: CLOCK } } }),
};
const output = {
  dir: 'dist',
  entryFileNames: '[name].js',
  chunkFileNames: '[name]-[hash].js',
  sourcemap: true,
  ...(isCommand && {
    // Names that stack traces show stay. Licenses are in a file of their own.
    minify: { compress: false, mangle: { toplevel: false } },
    comments: false,
    charset: 'ascii',
    format: 'cjs',
    strict: true,
    dynamicImportInCjs: false,
  }),
};

// Threads apart from the rest, so that they load nothing that only the main thread needs.
export default defineConfig([
  {
    ...shared,
    input: byName(isCommand ? STARTED : sources),
    plugins: isCommand
      ? [leaves(), builtins(), clock(), nativeEngine(), licenses(), scripts()]
      : [withoutBareImports()],
    output: { ...output, cleanDir: true, ...(isCommand && { codeSplitting: { groups: SHARED } }) },
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
    return { ...shared, input: byName([source]), plugins: isCommand ? [builtins(), clock()] : [], output };
  }),
]);

function byName(files) {
  return Object.fromEntries(files.map((file) => [basename(file, '.ts'), file]));
}

/** Takes out what is left of an import of nothing but constants: a bundler warns of it, since no file here has effects. */
function withoutBareImports() {
  return {
    name: 'without bare imports',
    generateBundle(_, bundle) {
      for (const chunk of Object.values(bundle)) {
        if (chunk.type === 'chunk') chunk.code = chunk.code.replace(/^import "\.\/.*";$/gm, '');
      }
    },
  };
}

/** The modules that Node has loaded before a program runs, of those in use. */
const LOADED = new Set(['buffer', 'events', 'fs', 'path', 'process', 'timers', 'url', 'util']);

/** What `node:fs/promises` has in common with `node:fs`: it takes 3 ms to load, streams and all. */
const BY_PATH = new Map(
  ['access', 'lstat', 'mkdir', 'readdir', 'readlink', 'rename', 'stat', 'unlink'].map((key) => [key, key]),
).set('realpath', 'realpath.native');

/**
 * Takes what is used of Node's modules, name by name. An `import` of `node:fs` takes 2.5 ms: it asks for every export, and
 * some of them load the streams. A module that Node has not loaded by itself takes up to 5 ms, and few runs need any: it is
 * loaded when one of its functions is called.
 */
function builtins() {
  return {
    name: 'builtins',
    resolveId: {
      filter: { id: /^node:/ },
      // One for each module that asks, to be beside it: shared, they would be a file of their own.
      handler: (id, importer, { kind }) =>
        importer?.startsWith('\0') ? { id, external: true } : `\0${kind}:${importer}:${id}`,
    },
    load: {
      filter: { id: /^\0[a-z-]+:.*:node:/ },
      async handler(id) {
        const [, kind, name] = /^\0([a-z-]+):.*:node:(.*)$/.exec(id);
        if (kind === 'require-call' && LOADED.has(name)) {
          return `module.exports = process.getBuiltinModule('node:${name}');`;
        }
        const values = Object.entries(await import(`node:${name}`)).filter(([key]) => key !== 'default');
        const prefix = kind === 'require-call' ? 'exports.' : 'export const ';
        const lines = values.map(([key, value]) => `${prefix}${key} = ${builtin(name, key, value)};`);
        const load = `let loaded; const load = () => loaded ??= process.getBuiltinModule('node:${name}');`;
        return { code: [load, ...lines].join('\n'), moduleSideEffects: false };
      },
    },
  };
}

/** Returns the code for an export of one of Node's modules. */
function builtin(module, key, value) {
  if (module === 'fs/promises' && BY_PATH.has(key)) {
    const settle = '(error, value) => error ? reject(error) : resolve(value)';
    const call = `process.getBuiltinModule('node:fs').${BY_PATH.get(key)}`;
    return `(...args) => new Promise((resolve, reject) => ${call}(...args, ${settle}))`;
  }
  if (LOADED.has(module) || typeof value !== 'function') return `/* @__PURE__ */ load().${key}`;
  return `(...args) => load().${key}(...args)`;
}

/**
 * Takes one name of a package that is imported when it is needed from the file that has it: the package as a whole is
 * loaded from the start.
 */
function leaves() {
  return {
    name: 'leaves',
    transform: {
      filter: { code: /await [\w(]*import\('@muse\// },
      handler(code) {
        const text = new RolldownMagicString(code);
        const imports = /const \{ (\w+) \} = await [\w(]*import\('(@muse\/([^'/]+)[^']*)'\)/dg;
        for (const { 1: key, 2: specifier, 3: folder, indices } of code.matchAll(imports)) {
          text.update(...indices[2], leafOf(key, specifier, `../../packages/${folder}`));
        }
        return { code: text };
      },
    },
  };
}

/** Returns the file from which an entry of a package re-exports a name. */
function leafOf(key, specifier, folder) {
  const { name, exports } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const entry = join(folder, exports[`.${specifier.slice(name.length)}`]['@muse/source']);
  for (const [, keys, file] of readFileSync(entry, 'utf8').matchAll(/export \{([^}]*)\} from '([^']+)'/g)) {
    if (keys.split(/[\s,]+/).includes(key)) return resolve(dirname(entry), file.replace(/js$/, 'ts'));
  }
  throw new Error(`Cannot find ${key} in ${specifier}`);
}

function clock() {
  const code = 'export default { now: () => Number(process.hrtime.bigint()) / 1e6 };';
  return {
    name: 'clock',
    resolveId: { filter: { id: /^\0clock$/ }, handler: (id) => id },
    load: { filter: { id: /^\0clock$/ }, handler: () => ({ code, moduleSideEffects: false }) },
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
    export const { loadNative, packScanRequest, HashRequest } = require(folder + '/dist/index.cjs');`;
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
      // A page that is inside as a text was made of packages, too.
      const pages = modules.map((id) => join(dirname(id), 'LICENSES.txt')).filter((file) => existsSync(file));
      const texts = [...licensesOf(modules), ...pages.map((file) => readFileSync(file, 'utf8'))];
      this.emitFile({ type: 'asset', fileName: 'LICENSES.txt', source: texts.sort().join('\n\n') });
    },
  };
}
