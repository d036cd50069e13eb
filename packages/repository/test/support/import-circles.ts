import { existsSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { repository, type WorkspacePackage } from '@muse/testkit';
import { sourceImports } from './source-imports.js';

/**
 * Returns the circles of imports among source files, each as its files in order, relative to the repository. Imports of
 * types count like any other: who reads them has to go around as well.
 */
export function importCircles(packages: readonly WorkspacePackage[], files: readonly string[]): string[][] {
  const imported = new Map(files.map((file) => [file, importedFiles(file, packages)]));
  const circles: string[][] = [];
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (file: string): void => {
    const start = path.indexOf(file);
    if (start >= 0) circles.push(path.slice(start).map((each) => relative(repository, each)));
    if (start >= 0 || done.has(file)) return;
    path.push(file);
    for (const next of imported.get(file) ?? []) visit(next);
    path.pop();
    done.add(file);
  };
  files.forEach(visit);
  return circles;
}

function importedFiles(file: string, packages: readonly WorkspacePackage[]): string[] {
  return sourceImports(readFileSync(file, 'utf8')).specifiers.flatMap((specifier) => {
    const found = specifier.startsWith('.')
      ? fileURLToPath(new URL(specifier, pathToFileURL(file)))
      : entryOf(specifier, packages);
    if (found === undefined) return [];
    const source = found.replace(/\.js$/, '.ts');
    return existsSync(source) ? [source] : [];
  });
}

/** The source of an entry of one of our packages. */
function entryOf(specifier: string, packages: readonly WorkspacePackage[]): string | undefined {
  const owner = packages.find(({ manifest: { name } }) => `${specifier}/`.startsWith(`${name}/`));
  const target = owner?.manifest.exports[`.${specifier.slice(owner.manifest.name.length)}`];
  return owner && typeof target === 'object' ? join(owner.path, target['@muse/source'] ?? '') : undefined;
}
