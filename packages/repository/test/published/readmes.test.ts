import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { codeBlocks, repository, sha256Id } from '@muse/testkit';
import { describe, expect, it } from 'vitest';
import { compile } from '../support/compile.js';
import { runInProject } from '../support/example-project.js';

/**
 * The examples in the README of a package, compiled under `strict` against that package alone: one in JavaScript must do
 * as TypeScript, too. `names` is what they call each other.
 */
async function examplesOf(name: string, names?: readonly string[]): Promise<string[]> {
  const text = readFileSync(join(repository, 'packages', name, 'README.md'), 'utf8');
  return compile(`@muse/${name}`, codeBlocks(text, 'js', 'ts'), names);
}

/** Runs a program, which must neither fail nor complain, and returns what it printed. */
async function run(program: string, modules?: Readonly<Record<string, string>>): Promise<string> {
  const { status, stdout, stderr } = await runInProject(program, modules);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return stdout;
}

/** What a program printed as JSON. */
async function answer(program: string, modules?: Readonly<Record<string, string>>): Promise<unknown> {
  return JSON.parse(await run(program, modules));
}

describe('packages/paths/README.md', async () => {
  const [calls = '', longPath = '', smallFile = '', ...others] = await examplesOf('paths');

  it.skipIf(process.platform === 'win32')(
    'has calls that give what the comments beside them say',
    async () => {
      let count = 0;
      // Each line with a comment becomes a check of its value against the one in the comment, which is code as well.
      const program = calls.replace(
        /^(const (\w+) = )?(.*); \/\/ (.*)$/gm,
        (_line, constant: string | undefined, name: string | undefined, call: string, comment: string) => {
          count++;
          const error = /^throws (\w+)$/.exec(comment)?.[1];
          if (error !== undefined) return `assert.throws(() => ${call}, ${error});`;
          const bytes = /^<Buffer ([0-9a-f ]+)>/.exec(comment)?.[1];
          const said = bytes === undefined ? comment : `Buffer.from('${bytes.replaceAll(' ', '')}', 'hex')`;
          return `${constant ?? ''}${constant === undefined ? `assert.deepEqual(${call}, ${said})` : call};
          ${name === undefined ? '' : `assert.deepEqual(${name}, ${said});`}`;
        },
      );
      const done = await run(`import assert from 'node:assert/strict';\n${program}\nconsole.log('done');`);
      expect(done).toBe('done\n');
      expect(count).toBe(7);
    },
  );

  it('has an example of a long path and one of a small file that run', async () => {
    expect(others).toEqual([]);
    const directory = JSON.stringify(repository);
    expect(await run(`${longPath.replace("'/repo/src'", directory)}\nconsole.log('done');`)).toBe('done\n');
    expect(await answer(`${smallFile}\nconsole.log(bytes.length === stat.size);`)).toBe(true);
  });
});

describe('packages/walker/README.md', async () => {
  it.each(await examplesOf('walker'))(
    'has an example that runs, and prints what it says',
    async (example) => {
      const said = [...example.matchAll(/console\.log.*\/\/ (.*)/g)].map(([, text]) => text);
      expect(said.length).toBeGreaterThan(0);
      expect((await run(example)).trimEnd().split('\n')).toEqual(said);
    },
  );
});

describe('packages/stat-cache/README.md', async () => {
  const names = ['usage', 'ids-of', 'blob-storage', 'storage-test'];
  const [usage = '', idsOf = '', storage = '', storageTest = '', ...others] = await examplesOf(
    'stat-cache',
    names,
  );
  const id = sha256Id('hello');

  it('has a main example that runs', async () => {
    expect(others).toEqual([]);
    expect(await run(usage)).toBe(`${id}\n${id}\nfalse\n`);
  });

  it('has an example for many files that gives the right ids', async () => {
    const program = `
      import { mkdirSync, writeFileSync } from 'node:fs';
      import { idsOf } from './ids-of.js';
      mkdirSync('tree/.muse/cache', { recursive: true });
      writeFileSync('tree/a', 'hello');
      const first = await idsOf('tree', ['a']);
      console.log(JSON.stringify([...first, ...(await idsOf('tree', ['a']))]));`;
    const entry = ['a', id];
    expect(await answer(program, { 'ids-of.js': idsOf })).toEqual([entry, entry]);
  });

  it('has a storage that conforms, by the cases run as it shows', async () => {
    const said = await run(storageTest, { 'blob-storage.js': storage });
    expect(said).toMatch(/^(# |ℹ )pass [1-9]/m);
    expect(said).toMatch(/^(# |ℹ )fail 0/m);
  });
});

describe('packages/snapshot/README.md', async () => {
  const [main = '', again = '', watch = '', built = '', compare = '', ...others] =
    await examplesOf('snapshot');
  const begin = `
    import { mkdirSync, writeFileSync } from 'node:fs';
    for (const name of ['.muse/cache', 'p', 'q']) mkdirSync('tree/' + name, { recursive: true });
    const write = (path, text) => writeFileSync('tree/' + path, text);
    write('p/a', 'a');\n`;

  it('has a main example that runs', async () => {
    expect(others).toEqual([]);
    const objectId = sha256Id('hello');
    const renamed = `[\n  {\n    from: 'a.txt',\n    to: 'b.txt',\n    objectId: '${objectId}'\n  }\n]`;
    expect(await run(main)).toBe(`${sha256Id(`a.txt\0${objectId}`)}\n${objectId}\n${renamed}\n`);
  });

  it('has an example that asks again and again', async () => {
    const program = `import { askAfterEach } from './again.js';${begin}
      const hits = [];
      await askAfterEach('tree', [1, 2, 3], ({ stats }) => hits.push(stats.hits));
      console.log(JSON.stringify(hits));`;
    expect(await answer(program, { 'again.js': again })).toEqual([0, 1, 1]);
  });

  it('has an example that watches', async () => {
    const program = `import { follow } from './watch.js';${begin}
      const ending = new AbortController();
      const told = [];
      const report = ({ kind, added }) => {
        told.push(kind, added.map(({ path }) => path));
        if (kind === 'start') write('q/new', 'new');
        else ending.abort(new Error('enough'));
      };
      await follow('tree', report, ending.signal).catch(({ message }) => told.push(message));
      console.log(JSON.stringify(told));`;
    expect(await answer(program, { 'watch.js': watch })).toEqual([
      'start',
      [],
      'change',
      ['q/new'],
      'enough',
    ]);
  });

  it('has an example that builds what changed', async () => {
    const program = `import { built } from './built.js';${begin}
      const cache = new Map();
      let builds = 0;
      const counts = [];
      const build = async () => counts.push(await built('tree', 'p', cache, () => ++builds));
      await build();
      for (const [path, text] of [['q/b', 'other'], ['p/a', 'other'], ['p/a', 'a']]) {
        write(path, text);
        await build();
      }
      console.log(JSON.stringify(counts));`;
    expect(await answer(program, { 'built.js': built })).toEqual([1, 1, 2, 1]);
  });

  it('has an example that compares with what was saved', async () => {
    const program = `import { changedSinceLastTime } from './compare.js';${begin}
      const answers = [await changedSinceLastTime('tree')];
      write('b', 'b');
      answers.push(await changedSinceLastTime('tree'), await changedSinceLastTime('tree'));
      console.log(JSON.stringify(answers.map((diff) => diff?.added.map(({ path }) => path) ?? null)));`;
    expect(await answer(program, { 'compare.js': compare })).toEqual([null, ['b'], []]);
  });
});

describe('packages/native/README.md', async () => {
  it.each(await examplesOf('native'))(
    'has an example that runs, with an engine and without',
    async (example) => {
      expect(await run(example)).toMatch(/^(?:\d+|there is no .*)\n$/);
    },
  );
});
