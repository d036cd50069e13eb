import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

/** What a package exports, as a text. */
export interface ApiReport {
  readonly text: string;
  /** Makes the next report in less time. */
  readonly program: ts.Program;
}

/**
 * Returns what a package exports, as declared in what was built: for each of its entries every name with its type, in
 * order, without comments. A type that is not exported and that others reach through one that is has its place, too:
 * a change of it is a change for them.
 */
export function apiReport(directory: string, updateCommand: string, before?: ts.Program): ApiReport {
  const { name, exports } = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8')) as {
    name: string;
    exports: Record<string, string | { types: string }>;
  };
  const entries = Object.entries(exports).flatMap(([key, target]) =>
    typeof target === 'string' ? [] : [[name + key.slice(1), join(directory, target.types)] as const],
  );
  const missing = entries.find(([, file]) => !existsSync(file));
  if (missing) throw new Error(`Cannot find ${missing[1]}: build first`);
  const options: ts.CompilerOptions = {
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    types: ['node'],
    typeRoots: [join(directory, '../../node_modules/@types')],
  };
  const files = entries.map(([, file]) => file);
  // The declarations of Node and of the language are most of the work, and the same for each package.
  const program = ts.createProgram({ rootNames: files, options, ...(before && { oldProgram: before }) });
  const sections = entries.map(([entry, file]) => `## ${entry}\n\n${sectionOf(program, file, directory)}`);
  const head = `# The public API of ${name}\n\nMade from the declarations by \`${updateCommand}\`; a test fails when it is not up to date.\n`;
  return { text: [head, ...sections].join('\n'), program };
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
