import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freshDist, tempDir } from '@muse/testkit';
import { describe, expect, it } from 'vitest';

const home = join(freshDist('@muse/walker'), '..');
const readme = readFileSync(join(home, 'README.md'), 'utf8');
const examples = [...readme.matchAll(/```js\n([^]*?)```/g)].map(([, code = '']) => code);

describe('README.md', () => {
  it('begins with the description of the package', () => {
    const { description } = JSON.parse(readFileSync(join(home, 'package.json'), 'utf8')) as {
      description: string;
    };
    expect(readme).toContain(`# @muse/walker\n\n${description}\n`);
  });

  it('has two examples', () => {
    expect(examples).toHaveLength(2);
  });

  it.each(examples)('has an example that runs, and prints what it says', async (example) => {
    await using directory = tempDir();
    mkdirSync(join(directory.path, 'node_modules/@muse'), { recursive: true });
    symlinkSync(home, join(directory.path, 'node_modules/@muse/walker'));
    const file = join(directory.path, 'example.mjs');
    writeFileSync(file, example);
    const env = { ...process.env, TMPDIR: directory.path };
    const { stdout } = await promisify(execFile)(process.execPath, [file], { env });
    const said = [...example.matchAll(/console\.log.*\/\/ (.*)/g)].map(([, text]) => text);
    expect(stdout.trimEnd().split('\n')).toEqual(said);
  });
});
