// Beside the tarballs of a release, writes what is said of each: a page of notes, from its changelog, and `order`, the
// tarballs with each after those that it depends on.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';

const [, , out = ''] = process.argv;
const manifests = new Map(publishedPackages().map((each) => [each.name, each]));
const tarballs = inOrder([...manifests.keys()]).map((name) => {
  const { folder, version } = manifests.get(name);
  const file = `${name.replace('@', '').replace('/', '-')}-${version}`;
  writeFileSync(join(out, `${file}.md`), notes(readFileSync(`${folder}CHANGELOG.md`, 'utf8'), version));
  return `${file}.tgz\n`;
});
writeFileSync(join(out, 'order'), tarballs.join(''));

function publishedPackages() {
  const listed = execFileSync('git', ['ls-files', '-z', '*/*/package.json'], { encoding: 'utf8' });
  return listed
    .split('\0')
    .filter(Boolean)
    .map((file) => ({
      folder: file.replace(/package\.json$/, ''),
      ...JSON.parse(readFileSync(file, 'utf8')),
    }))
    .filter((each) => !each.private);
}

/** The names with each after its dependencies, by name otherwise. */
function inOrder(names) {
  const ordered = new Set();
  const add = (name) => {
    for (const each of Object.keys(manifests.get(name).dependencies ?? {}).sort()) {
      if (manifests.has(each)) add(each);
    }
    ordered.add(name);
  };
  names.sort().forEach(add);
  return [...ordered];
}

/** The part of a changelog about one version, without its heading. */
function notes(changelog, version) {
  const [, below] = changelog.split(`\n## ${version}\n`);
  if (below === undefined) throw new Error(`Cannot find ${version} in the changelog`);
  return `${below.split('\n## ')[0].trim()}\n`;
}
