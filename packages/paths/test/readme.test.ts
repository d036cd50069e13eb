import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freshDist, tempDir } from '@muse/testkit';
import { describe, expect, it } from 'vitest';

const home = join(freshDist('@muse/paths'), '..');
const readme = readFileSync(join(home, 'README.md'), 'utf8');
const examples = [...readme.matchAll(/```js\n([^]*?)```/g)].map(([, code = '']) => code);

/** Runs a program in a directory in which the package is installed, and gives what it printed. */
async function run(program: string): Promise<string> {
  await using directory = tempDir();
  mkdirSync(join(directory.path, 'node_modules/@muse'), { recursive: true });
  symlinkSync(home, join(directory.path, 'node_modules/@muse/paths'));
  const file = join(directory.path, 'example.mjs');
  writeFileSync(file, program);
  return (await promisify(execFile)(process.execPath, [file])).stdout;
}

describe('README.md', () => {
  it('begins with the description of the package', () => {
    const { description } = JSON.parse(readFileSync(join(home, 'package.json'), 'utf8')) as {
      description: string;
    };
    expect(readme).toContain(`# @muse/paths\n\n${description}\n`);
    expect(examples).toHaveLength(3);
  });

  it.skipIf(process.platform === 'win32')(
    'has calls that give what the comments beside them say',
    async () => {
      let count = 0;
      // Each line with a comment becomes a check of its value against the one in the comment, which is code as well.
      const program = (examples[0] ?? '').replace(
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
      expect(await run(`import assert from 'node:assert/strict';\n${program}\nconsole.log('done');`)).toBe(
        'done\n',
      );
      expect(count).toBe(7);
    },
  );

  it('has an example of a long path that runs', async () => {
    const example = (examples[1] ?? '').replace('/repo/src', home.replaceAll('\\', '/'));
    expect(await run(`${example}\nconsole.log('done');`)).toBe('done\n');
  });

  it('has an example of a small file that runs', async () => {
    const file = JSON.stringify(join(home, 'package.json'));
    const example = (examples[2] ?? '').replace("'package.json'", file);
    expect(await run(`${example}\nconsole.log(bytes.length === stat.size);`)).toBe('true\n');
  });
});
