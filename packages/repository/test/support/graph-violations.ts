import { readdirSync, readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { sourceImports, typescriptFiles } from './source-imports.js';

/** Of each package of a workspace, the packages of the workspace that it may import. */
export type DependencyGraph = Readonly<Record<string, readonly string[]>>;

/** What else is allowed. */
export interface GraphOptions {
  /** Packages that are published with all that they import inside: it may be a devDependency there. */
  readonly bundled?: readonly string[];
  /** The packages that only tests may import, besides what the graph allows. */
  readonly forTests: readonly string[];
}

interface Package {
  readonly name: string;
  readonly directory: string;
  readonly dependencies: readonly string[];
  readonly devDependencies: readonly string[];
}

/** Where a workspace keeps its packages. */
const PARENTS = ['packages', 'apps', 'examples'];
/** Names that promise nothing, so that everything ends up in them. */
const DRAWERS = new Set(['utils', 'common', 'core', 'types', 'errors', 'shared', 'helpers']);

/** Returns a sentence for everything in a workspace that breaks its dependency graph; none where it is kept. */
export function graphViolations(
  workspace: string,
  graph: DependencyGraph,
  { bundled = [], forTests }: GraphOptions,
): string[] {
  const packages = packagesOf(workspace);
  const absent = Object.keys(graph).filter((name) => !packages.some((found) => found.name === name));
  return [
    ...absent.map((name) => `${name} is in the graph and not in the workspace`),
    ...packages.flatMap((found) => [
      ...nameViolations(found, graph),
      ...manifestViolations(found, graph, forTests),
      ...sourceFiles(found).flatMap((file) =>
        importViolations(found, file, bundled.includes(found.name) ? forTests : undefined).map(
          (violation) => `${relative(workspace, file)} ${violation}`,
        ),
      ),
    ]),
  ];
}

function packagesOf(workspace: string): Package[] {
  const parents = readdirSync(workspace).filter((name) => PARENTS.includes(name));
  return parents.flatMap((parent) =>
    readdirSync(join(workspace, parent)).map((entry) => {
      const directory = join(workspace, parent, entry);
      const manifest = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8')) as {
        name: string;
        dependencies?: Record<string, string>;
        peerDependencies?: Record<string, string>;
        devDependencies?: Record<string, string>;
      };
      const { name, dependencies = {}, peerDependencies = {}, devDependencies = {} } = manifest;
      return {
        name,
        directory,
        dependencies: [...Object.keys(dependencies), ...Object.keys(peerDependencies)],
        devDependencies: Object.keys(devDependencies),
      };
    }),
  );
}

function nameViolations({ name }: Package, graph: DependencyGraph): string[] {
  const violations: string[] = [];
  if (!(name in graph)) violations.push(`${name} has no place in the graph`);
  if (DRAWERS.has(name.replace(/^@[^/]+\//, ''))) violations.push(`${name} is named like a drawer`);
  return violations;
}

/** Only the packages of the workspace count here: the graph says nothing of those from elsewhere. */
function manifestViolations(
  { name, dependencies, devDependencies }: Package,
  graph: DependencyGraph,
  forTests: readonly string[],
): string[] {
  const allowed = graph[name] ?? [];
  const wrong = (names: readonly string[], right: readonly string[]) =>
    names.filter((other) => other in graph && !right.includes(other));
  return [
    ...wrong(dependencies, allowed).map((other) => `${name} depends on ${other}`),
    ...wrong(devDependencies, [...allowed, ...forTests]).map((other) => `${name} is tested with ${other}`),
  ];
}

function sourceFiles({ directory }: Package): string[] {
  const folders = readdirSync(directory).filter((name) => name === 'src' || name === 'test');
  return folders.flatMap((folder) => typescriptFiles(join(directory, folder)));
}

/** `outside` is what of the devDependencies of a bundled package is not in the bundle. */
function importViolations(owner: Package, file: string, outside?: readonly string[]): string[] {
  const { specifiers, exportedAgain } = sourceImports(readFileSync(file, 'utf8'));
  const own = join(owner.directory, 'src') + sep;
  // A test may use what only the repository has, such as vitest: it is never published.
  const isTest = file.endsWith('.test.ts') || !file.startsWith(own);
  return [
    ...specifiers.flatMap((specifier) => {
      if (specifier.startsWith('.')) return leaves(owner, file, specifier);
      if (isBuiltin(specifier)) return [];
      const used = packageName(specifier);
      const isInside = outside && owner.devDependencies.includes(used) && !outside.includes(used);
      return isInside ? [] : undeclared(owner, used, isTest);
    }),
    ...exportedAgain.filter(isForeign).map((specifier) => `exports names of ${specifier} again`),
  ];
}

function leaves({ directory }: Package, file: string, specifier: string): string[] {
  const target = resolve(dirname(file), specifier);
  return target.startsWith(directory + sep) ? [] : [`reaches out of its package to ${specifier}`];
}

function undeclared(
  { name, dependencies, devDependencies }: Package,
  used: string,
  isTest: boolean,
): string[] {
  if (dependencies.includes(used)) return [];
  if (isTest && (used === name || devDependencies.includes(used) || !used.startsWith('@muse/'))) return [];
  return [`imports ${used}, which its package.json does not list`];
}

function isForeign(specifier: string): boolean {
  return !specifier.startsWith('.');
}

/** The package of a specifier: `@muse/walker` of `@muse/walker/ignore`. */
function packageName(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}
