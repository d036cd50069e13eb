import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createSnapshot, judgeManifest } from '@muse/snapshot';
import { blobId } from '@muse/stat-cache';
import { makeTree, removeTree, type TreeSpec } from '@muse/testkit';
import { describe, expect, it, onTestFinished } from 'vitest';

async function make(spec: TreeSpec): Promise<string> {
  const root = await makeTree(spec);
  onTestFinished(() => removeTree(root));
  return root;
}

const id = blobId(Buffer.from('x'));

describe('judgeManifest()', () => {
  const options = { gitignore: true, exclude: ['/e', '*.tmp'] };

  it('leaves out what a snapshot leaves out, of all and of a directory', async () => {
    const root = await make({
      '.museignore': "[global]\npatterns = ['build/', '!kept.tmp']\n",
      '.gitignore': '*.log\n/sub/deep/*\n!/sub/deep/in/\n',
      e: 'x',
      'a.log': 'x',
      'a.tmp': 'x',
      build: { x: 'x' },
      sub: {
        e: 'x',
        '.gitignore': '!b.log\n',
        'b.log': 'x',
        'c.log': 'x',
        build: { y: { z: 'x' } },
        deep: { x: 'x', in: { x: 'x', 'y.log': 'x' } },
      },
    });
    mkdirSync(join(root, '.git'));
    for (const subtree of ['', 'sub', 'sub/deep']) {
      const all = await createSnapshot(root, { subtree, noIgnore: true });
      const some = await createSnapshot(root, { subtree, ...options });
      expect(some.manifest.size).toBeLessThan(all.manifest.size);
      expect(some.manifest.size).toBeGreaterThan(0);
      const judged = await judgeManifest(root, all.manifest, { subtree, ...options });
      expect([...judged]).toEqual([...some.manifest]);
    }
  });

  it('judges what is not there by the rules above it, however deep', async () => {
    const root = await make({ '.museignore': "[global]\npatterns = ['hidden']\n", a: 'x' });
    const deep = 'd/'.repeat(20_000);
    const names = [`${deep}hidden`, `${deep}x`, 'hidden/x/y', `${deep}hidden/x`, 'x/e'];
    const judged = await judgeManifest(root, new Map(names.map((name) => [name, id])), {
      exclude: options.exclude,
    });
    expect([...judged.keys()]).toEqual([`${deep}x`, 'x/e']);
  });
});
