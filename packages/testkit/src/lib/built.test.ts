import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { built, changedSince } from './built.js';
import { makeTree } from './make-tree.js';
import { removeTree } from './remove-tree.js';

const MAPPED = '//# sourceMappingURL=';
const map = (source: string, text: string) => JSON.stringify({ sources: [source], sourcesContent: [text] });

async function packageWith(
  maps: Readonly<Record<string, string>>,
  modules: Readonly<Record<string, string>> = {},
): Promise<string> {
  const empty = Object.keys(maps).map((name) => [name.replace(/\.map$/, ''), MAPPED] as const);
  const dist = { ...Object.fromEntries(empty), ...modules, ...maps };
  const path = await makeTree({ 'src/a.ts': 'a', 'src/b.ts': 'b', dist });
  onTestFinished(() => removeTree(path));
  return path;
}

describe('changedSince', () => {
  it('finds a source that changed after the build, in any map', async () => {
    const path = await packageWith({
      'a.js.map': map('../src/a.ts', 'a'),
      'lib/b.js.map': map('../../src/b.ts', 'b'),
    });
    expect(changedSince(path)).toBeUndefined();
    writeFileSync(join(path, 'src/b.ts'), 'B');
    expect(changedSince(path)).toMatch(/src[/\\]b\.ts has changed$/);
  });

  it('passes over what is left in dist of a source that is gone', async () => {
    const path = await packageWith({
      'a.js.map': map('../src/a.ts', 'a'),
      'c.js.map': map('../src/c.ts', 'c'),
    });
    expect(changedSince(path)).toBeUndefined();
  });

  it('looks at what the entries lead to, and at no leftover of another build', async () => {
    const old = map('../src/b.ts', 'old');
    const maps = { 'a.js.map': map('../src/a.ts', 'a'), 'b-1.js.map': old, 'b-2.js.map': old };
    const path = await packageWith(maps, { 'a.js': `import './b-2.js';${MAPPED}`, 'b-2.js': '' });
    expect(changedSince(path, ['./dist/a.js'])).toBeUndefined();
    writeFileSync(join(path, 'dist/a.js'), `import('./b-1.js');${MAPPED}`);
    expect(changedSince(path, ['./dist/a.js'])).toMatch(/b\.ts has changed$/);
  });

  it('takes a package without a build for stale', async () => {
    expect(changedSince(await packageWith({}))).toBe('there is none');
  });
});

describe('built', () => {
  it('knows only the entries of packages', () => {
    expect(() => built('@muse/absent')).toThrow('@muse/absent is no package of the workspace');
  });
});
