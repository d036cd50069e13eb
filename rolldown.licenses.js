import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Returns the licenses of the packages that modules come from, each with its name; they ask to be told wherever a copy is. */
export function licensesOf(modules) {
  const folders = new Set(modules.map((id) => /^\/.*\/node_modules\/(?:@[^/]+\/)?[^/]+\//.exec(id)?.[0]));
  const texts = [...folders].filter(Boolean).map((folder) => {
    const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    return `${name} ${version}, ${license}\n\n${licenseIn(folder)}`;
  });
  return texts.sort();
}

function licenseIn(folder) {
  const name = readdirSync(folder).find((file) => /^licen[cs]e/i.test(file));
  if (name === undefined) throw new Error(`Cannot find a license in ${folder}`);
  return readFileSync(join(folder, name), 'utf8');
}
