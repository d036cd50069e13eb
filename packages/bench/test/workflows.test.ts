import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const repository = fileURLToPath(new URL('../../..', import.meta.url));
const folder = join(repository, '.github/workflows');
const workflows = readdirSync(folder).map(
  (name) => [name, readFileSync(join(folder, name), 'utf8')] as const,
);
const { scripts, packageManager } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8')) as {
  scripts: Record<string, string>;
  packageManager: string;
};

/** What follows a key, on each line that begins with it. */
function values(text: string, key: string): string[] {
  return [...text.matchAll(new RegExp(`^[ -]*${key}: *(.*)$`, 'gm'))].map(([, value = '']) => value);
}

describe.each(workflows)('.github/workflows/%s', (_name, text) => {
  it('may read alone, unless a job says why it needs more', () => {
    expect(text).toMatch(/^permissions:\n {2}contents: read\n\n/m);
    const more = text.split('\n').filter((line) => /^ +[a-z-]+: write/.test(line));
    expect(more.filter((line) => !line.includes(' # '))).toEqual([]);
  });

  it('names the major version of each action, and the version of pnpm nowhere', () => {
    const used = values(text, 'uses');
    expect(used.length).toBeGreaterThan(0);
    expect(used.filter((action) => !/^[a-z-]+\/[a-z-]+@v\d+$/.test(action))).toEqual([]);
    expect(text).not.toContain(packageManager);
  });

  it('runs only scripts that the repository has', () => {
    const named = [...text.matchAll(/\bpnpm (?:run )?([a-z:]+)/g)].map(([, name = '']) => name);
    expect(named.filter((name) => name !== 'install' && !(name in scripts))).toEqual([]);
  });

  it('ends by itself', () => {
    expect(text.match(/^ {4}steps:/gm)?.length).toBeLessThanOrEqual(
      values(text, 'timeout-minutes').length +
        values(text, 'if').filter((each) => each === 'always()').length,
    );
  });
});

it('CI runs on each system with each Node that is supported', () => {
  const ci = workflows.find(([name]) => name === 'ci.yml')?.[1] ?? '';
  expect(values(ci, 'os')).toEqual(['[ubuntu-latest, macos-latest, windows-latest]']);
  expect(values(ci, 'node')).toEqual(['[20, 22, 24]']);
});
