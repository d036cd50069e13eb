// Fails where a published package differs from the base branch and no changeset of this branch says so.
// An empty one (`pnpm changeset --empty`) says that its users notice nothing.
import { execFileSync } from 'node:child_process';
import console from 'node:console';
import { readFileSync } from 'node:fs';
import process from 'node:process';

const git = (...args) =>
  execFileSync('git', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
const lines = (text) => text.split('\n').filter(Boolean);

/** The one devDependency that is in no bundle. */
const FOR_TESTS = '@muse/testkit';

const base = mergeBase(process.env.BASE_REF ? [`origin/${process.env.BASE_REF}`] : ['origin/main', 'main']);
if (base === undefined) {
  console.log('No changeset is asked for: there is no main to compare with');
} else {
  const changed = lines(git('diff', '--name-only', base));
  const changesets = lines(git('diff', '--name-only', '--diff-filter=d', base, '--', '.changeset/*.md'))
    .filter((file) => !file.endsWith('/README.md'))
    .map((file) => readFileSync(file, 'utf8'));
  const saysNothing = changesets.some((text) => /^---\s*---/.test(text));
  const packages = workspacePackages();
  const missing = packages.filter((each) => {
    if (each.private) return false;
    const { name } = each;
    const isChanged = partsOf(each, packages).some(({ folder }) =>
      changed.some((file) => isPublished(file, folder)),
    );
    return isChanged && !saysNothing && !changesets.some((text) => text.includes(`'${name}':`));
  });
  for (const { name } of missing) console.error(`${name} has changed: add a changeset (pnpm changeset)`);
  if (missing.length > 0) process.exitCode = 1;
}

/** The commit at which this branch left the first of these that exists. */
function mergeBase(references) {
  for (const reference of references) {
    try {
      return git('merge-base', reference, 'HEAD');
    } catch {
      // Not here: a shallow clone, or a repository of another name.
    }
  }
  return undefined;
}

function workspacePackages() {
  return lines(git('ls-files', '*/*/package.json')).map((file) => ({
    folder: file.replace(/package\.json$/, ''),
    ...JSON.parse(readFileSync(file, 'utf8')),
  }));
}

/** A package and those in its bundle: what a devDependency publishes would reach nobody's command by itself. */
function partsOf({ devDependencies = {}, ...itself }, packages) {
  return [itself, ...packages.filter(({ name }) => name in devDependencies && name !== FOR_TESTS)];
}

/** Whether a file is part of what a package ships; its tests and documents are not. */
function isPublished(file, folder) {
  const path = file.startsWith(folder) ? file.slice(folder.length) : '';
  return /^(?:src|schemas)\/|^package\.json$/.test(path) && !/\.test\.ts$/.test(path);
}
