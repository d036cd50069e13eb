import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { linkTargets, repository, tempDir } from '@muse/testkit';
import { describe, expect, it } from 'vitest';
import { publishedPackages } from '../support/packed-packages.js';

const packages = [...publishedPackages()].map(([name, { folder, manifest }]) => {
  const text = readFileSync(join(repository, folder, 'README.md'), 'utf8');
  return { name, manifest, readme: text };
});

/** The part of a text below a heading, up to the next of its level. */
function section(text: string, heading: string): string {
  const [, below = ''] = text.split(`\n## ${heading}\n`);
  return below.split('\n## ')[0] ?? '';
}

describe.each(packages)('the README of $name', ({ manifest, readme }) => {
  it('says what it is, how to install it, a first example, the API, the errors and the limits, in this order', () => {
    // What a package says first is held against its manifest by another test.
    const headings = [...readme.matchAll(/^## (.*)$/gm)].map(([, heading]) => heading);
    const api = manifest.bin ? 'Commands' : 'API';
    expect(headings.slice(0, 5)).toEqual(['Install', 'First example', api, 'Errors', 'Limits']);
    expect(headings.slice(5).filter((heading) => heading === api || heading === 'Errors')).toEqual([]);
    for (const heading of headings.slice(0, 5)) expect(section(readme, heading ?? '').trim()).not.toBe('');
  });

  it('has beside its install line what is supported, and until it is published what to do instead', () => {
    const install = section(readme, 'Install');
    expect(install).toMatch(/^```sh\nnpm install (?:--global )?@muse\//m);
    expect(install).toContain('Node 20.19 or newer');
    expect(linkTargets(install)).toContain('../../docs/support.md');
    const instead = linkTargets(install).filter((target) => target.endsWith('README.md#from-a-clone'));
    expect(instead).toHaveLength(manifest.version === '0.0.0' ? 1 : 0);
  });
});

it('.ci/published.js takes out what holds until the first release, lets show what holds from then on, and then rests', async () => {
  await using place = tempDir();
  const file = (name: string) => join(place.path, name);
  mkdirSync(file('docs'));
  cpSync(join(repository, '.ci/published.js'), file('published.js'));
  writeFileSync(file('package.json'), '{ "type": "module" }');
  writeFileSync(
    file('docs/a b.md'),
    'one\n\n<!-- once published:\n\nnpm install a\n\n-->\n\n<!-- until published -->\n\nA clone.\n\n<!-- published -->\n\ntwo\n',
  );
  writeFileSync(file('other.md'), 'three\n<!-- kept -->\n');
  const git = (...args: string[]) => execFileSync('git', args, { cwd: place.path });
  git('init', '--quiet');
  writeFileSync(file('gone.md'), 'four\n');
  git('add', '.');
  rmSync(file('gone.md'));
  for (let runs = 0; runs < 2; runs++) {
    execFileSync(process.execPath, ['published.js'], { cwd: place.path });
    expect(readFileSync(file('docs/a b.md'), 'utf8')).toBe('one\n\nnpm install a\n\ntwo\n');
    expect(readFileSync(file('other.md'), 'utf8')).toBe('three\n<!-- kept -->\n');
  }
});

describe('docs/support.md', () => {
  const text = readFileSync(join(repository, 'docs/support.md'), 'utf8');

  it('has a row with an end for each Node that CI runs on, the newest first', () => {
    const ci = readFileSync(join(repository, '.github/workflows/ci.yml'), 'utf8');
    const [, list = ''] = /^ +node: \[([\d, ]+)\]$/m.exec(ci) ?? [];
    const rows = [...text.matchAll(/^\| (\d+) +\| \1\.\d+ +\| \d{4}-\d\d-\d\d/gm)].map(([, node]) => node);
    expect(rows).toEqual(list.split(', ').reverse());
    expect(rows.length).toBeGreaterThan(2);
  });

  it('names the oldest Node that the packages ask for', () => {
    for (const { manifest } of packages) expect(manifest.engines).toEqual({ node: '>=20.19' });
    expect(text).toContain('| 20.19 |');
  });
});
