import { join } from 'node:path';
import { repository, type WorkspacePackage } from '@muse/testkit';
import ts from 'typescript';

const base: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  types: ['node'],
  typeRoots: [join(repository, 'node_modules/@types')],
};

/**
 * Returns what packages export, a text for the name of each: for every entry its names with their types, in order, without
 * comments. A type that is not exported and that others reach through one that is has its place, too: a change of it is a
 * change for them. The declarations are made from the sources, as a build would.
 */
export function apiReports(
  packages: readonly WorkspacePackage[],
  updateCommand: string,
): ReadonlyMap<string, string> {
  const declarations = declarationsFrom(packages);
  const host = ts.createCompilerHost(base);
  const inDist = (file: string) => /\/(?:packages|apps)\/[^/]+\/dist\//.test(file);
  host.fileExists = (file) => (inDist(file) ? declarations.has(file) : ts.sys.fileExists(file));
  host.readFile = (file) => (inDist(file) ? declarations.get(file) : ts.sys.readFile(file));
  delete host.directoryExists;
  const entries = packages.map((each) => [each, entriesOf(each, 'types')] as const);
  const rootNames = entries.flatMap(([, all]) => all.map(({ file }) => file));
  const program = ts.createProgram({ rootNames, options: base, host });
  return new Map(
    entries.map(([{ manifest, path }, all]) => {
      const sections = all.map(({ name, file }) => `## ${name}\n\n${sectionOf(program, file, path)}`);
      const head = `# The public API of ${manifest.name}\n\nMade from the declarations by \`${updateCommand}\`; a test fails when it is not up to date.\n`;
      return [manifest.name, [head, ...sections].join('\n')];
    }),
  );
}

/** Returns the declarations that a build makes, by the path that it writes them to. */
function declarationsFrom(packages: readonly WorkspacePackage[]): ReadonlyMap<string, string> {
  const config = ts.readConfigFile(join(repository, 'tsconfig.base.json'), (file) => ts.sys.readFile(file));
  const { options } = ts.convertCompilerOptionsFromJson(
    (config.config as { compilerOptions: unknown }).compilerOptions,
    repository,
  );
  const made = new Map<string, string>();
  const program = ts.createProgram({
    rootNames: packages.flatMap((each) => entriesOf(each, '@muse/source').map(({ file }) => file)),
    options: {
      ...options,
      ...base,
      customConditions: ['@muse/source'],
      declarationMap: false,
      emitDeclarationOnly: true,
    },
  });
  program.emit(undefined, (file, text) => {
    made.set(file.replace(/\/src\//, '/dist/'), text);
  });
  return made;
}

/** The entries of a package with the file that a condition of `exports` leads to. */
function entriesOf(
  { manifest, path }: WorkspacePackage,
  condition: string,
): { readonly name: string; readonly file: string }[] {
  return Object.entries(manifest.exports).flatMap(([key, target]) => {
    const file = typeof target === 'string' ? undefined : target[condition];
    return file === undefined ? [] : [{ name: manifest.name + key.slice(1), file: join(path, file) }];
  });
}

function sectionOf(program: ts.Program, file: string, directory: string): string {
  const checker = program.getTypeChecker();
  const source = program.getSourceFile(file);
  const module = source && checker.getSymbolAtLocation(source);
  if (!module) throw new Error(`Cannot find exports in ${file}`);
  const exported = checker
    .getExportsOfModule(module)
    .map((symbol) => ({ name: symbol.name, symbol: resolved(checker, symbol) }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  const seen = new Set(exported.map(({ symbol }) => symbol));
  const hidden: { name: string; symbol: ts.Symbol }[] = [];
  const queue = [...seen];
  for (const symbol of queue) {
    for (const reached of reachedFrom(checker, symbol, directory)) {
      if (seen.has(reached)) continue;
      seen.add(reached);
      queue.push(reached);
      hidden.push({ name: reached.name, symbol: reached });
    }
  }
  hidden.sort((a, b) => (a.name < b.name ? -1 : 1));
  const parts = [codeOf(exported, directory)];
  if (hidden.length > 0)
    parts.push('Not exported, and reached through what is:\n', codeOf(hidden, directory));
  return parts.join('\n');
}

function resolved(checker: ts.TypeChecker, symbol: ts.Symbol): ts.Symbol {
  return symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
}

/** The types of the package's own modules that the declaration of a name mentions. */
function reachedFrom(checker: ts.TypeChecker, symbol: ts.Symbol, directory: string): Set<ts.Symbol> {
  const found = new Set<ts.Symbol>();
  const visit = (node: ts.Node): void => {
    if (ts.isIdentifier(node)) {
      const used = checker.getSymbolAtLocation(node);
      const target = used && resolved(checker, used);
      if (target && declarationsOf(target, directory).some((each) => ts.isSourceFile(each.parent))) {
        found.add(target);
      }
    }
    ts.forEachChild(node, visit);
  };
  declarationsOf(symbol, directory).forEach(visit);
  return found;
}

/** The statements that declare a name, in the package itself. */
function declarationsOf(symbol: ts.Symbol, directory: string): ts.Node[] {
  return (symbol.declarations ?? [])
    .filter((each) => each.getSourceFile().fileName.startsWith(join(directory, 'dist').replaceAll('\\', '/')))
    .map((each) => (ts.isVariableDeclaration(each) ? each.parent.parent : each));
}

function codeOf(names: readonly { name: string; symbol: ts.Symbol }[], directory: string): string {
  const printer = ts.createPrinter({ removeComments: true });
  const texts = names.flatMap(({ symbol }) =>
    declarationsOf(symbol, directory).map((node) =>
      printer
        .printNode(ts.EmitHint.Unspecified, node, node.getSourceFile())
        .replace(/^export |^declare /gm, ''),
    ),
  );
  return `\`\`\`ts\n${[...new Set(texts)].join('\n')}\n\`\`\`\n`;
}
