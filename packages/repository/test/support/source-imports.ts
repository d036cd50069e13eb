import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

/** What one source file takes from elsewhere and hands on. */
export interface SourceImports {
  /** Every module specifier, of `import`, `import()`, `import type` and `export … from` alike. */
  readonly specifiers: readonly string[];
  /** The specifiers of which the file exports a name again. */
  readonly exportedAgain: readonly string[];
}

/** Reads the imports of a TypeScript file. */
export function sourceImports(text: string): SourceImports {
  const specifiers = ts.preProcessFile(text).importedFiles.map(({ fileName }) => fileName);
  const { statements } = ts.createSourceFile('source.ts', text, ts.ScriptTarget.ES2022);
  const origins = new Map(statements.filter(ts.isImportDeclaration).flatMap(importedNames));
  const exportedAgain = statements.filter(ts.isExportDeclaration).flatMap((statement) => {
    if (statement.moduleSpecifier) return [textOf(statement.moduleSpecifier)];
    return exportedNames(statement).flatMap((name) => origins.get(name) ?? []);
  });
  return { specifiers, exportedAgain };
}

/** The local names that an import brings in, each with its specifier. */
function importedNames({ importClause, moduleSpecifier }: ts.ImportDeclaration): [string, string][] {
  const bindings = importClause?.namedBindings;
  const named = bindings && ts.isNamedImports(bindings) ? bindings.elements : [bindings];
  const names = [importClause?.name, ...named.map((binding) => binding?.name)];
  return names.filter((name) => name !== undefined).map(({ text }) => [text, textOf(moduleSpecifier)]);
}

function exportedNames({ exportClause }: ts.ExportDeclaration): string[] {
  if (!exportClause || !ts.isNamedExports(exportClause)) return [];
  return exportClause.elements.map(({ name, propertyName }) => (propertyName ?? name).text);
}

function textOf(specifier: ts.Expression): string {
  return ts.isStringLiteral(specifier) ? specifier.text : '';
}

/** Returns the TypeScript files below a folder; none where it does not exist. */
export function typescriptFiles(folder: string): string[] {
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  return names.filter((name) => name.endsWith('.ts')).map((name) => join(folder, name));
}
