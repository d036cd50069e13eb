import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import type { ObjectId } from '@muse/stat-cache';
import { storageCases } from '@muse/stat-cache/conformance';
import { freshDist, makeTree, removeTree } from '@muse/testkit';
import { describe, expect, it, onTestFinished } from 'vitest';
import { idOf } from './support/entries.js';
import { museRoot } from './support/muse-root.js';

const home = join(freshDist('@muse/stat-cache'), '..');
const readme = readFileSync(join(home, 'README.md'), 'utf8');
const examples = [...readme.matchAll(/```js\n([^]*?)```/g)].map(([, code = '']) => code);

/** Writes examples to a directory in which the package is installed, under the names that they import. */
async function installed(...names: string[]): Promise<string> {
  const directory = await makeTree(
    Object.fromEntries(names.map((name, at) => [`${name}.js`, examples[at] ?? ''])),
  );
  onTestFinished(() => removeTree(directory));
  mkdirSync(join(directory, 'node_modules/@muse'), { recursive: true });
  symlinkSync(home, join(directory, 'node_modules/@muse/stat-cache'));
  writeFileSync(join(directory, 'package.json'), '{ "type": "module" }');
  return directory;
}

const NAMES = ['usage', 'ids-of', 'blob-storage', 'blob-storage.test'];

describe('README.md', () => {
  it('begins with the description of the package', () => {
    const { description } = JSON.parse(readFileSync(join(home, 'package.json'), 'utf8')) as {
      description: string;
    };
    expect(readme).toContain(`# @muse/stat-cache\n\n${description}\n`);
    expect(examples).toHaveLength(NAMES.length);
  });

  it('has a main example that runs', async () => {
    const directory = await installed(...NAMES);
    const { stdout } = await promisify(execFile)(process.execPath, [join(directory, 'usage.js')], {
      env: { ...process.env, TMPDIR: directory },
    });
    expect(stdout).toBe(`${idOf('hello')}\n${idOf('hello')}\nfalse\n`);
  });

  it('has an example for many files that gives the right ids', async () => {
    const directory = await installed(...NAMES);
    const url = pathToFileURL(join(directory, 'ids-of.js')).href;
    const { idsOf } = (await import(/* @vite-ignore */ url)) as {
      idsOf: (root: string, paths: string[]) => Promise<Map<string, ObjectId>>;
    };
    const root = await museRoot({ a: 'hello', 'b/c': 'world' });
    const expected = new Map([
      ['a', idOf('hello')],
      ['b/c', idOf('world')],
    ]);
    expect(await idsOf(root, ['a', 'b/c'])).toEqual(expected);
    expect(await idsOf(root, ['a', 'b/c'])).toEqual(expected);
  });

  it('has a storage that conforms, by the cases run as it shows', async () => {
    const directory = await installed(...NAMES);
    const test = join(directory, 'blob-storage.test.js');
    const { stdout } = await promisify(execFile)(process.execPath, ['--test', test]);
    expect(stdout).toContain(`pass ${String(storageCases.length)}`);
    expect(stdout).toContain('fail 0');
  });
});
