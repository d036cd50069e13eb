import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { IgnoreRules } from '@muse/walker';
import { describe, expect, it } from 'vitest';
import { bareTree, museTree } from './support/trees.js';
import { ask, hasEvents, watchSettled } from './support/watching.js';

describe.skipIf(!hasEvents)('rules in a watched tree', () => {
  it('that change say what is left out far below, from the top down', async () => {
    const root = await museTree({ 'd/e/f/a': 'a', 'd/e/f/b': 'b', 'd/e/a': 'a' });
    const snapshotter = await watchSettled(root, { gitignore: true });
    for (const patterns of ['a\n', 'b\n', '']) {
      writeFileSync(join(root, 'd/.gitignore'), patterns);
      expect(await ask(snapshotter, { gitignore: true })).toBe('events');
    }
    rmSync(join(root, 'd/.gitignore'));
    await ask(snapshotter, { gitignore: true });
  });

  it('of the root that change are the rules of a scan', async () => {
    const root = await museTree({ 'd/a': 'a', 'd/b': 'b' });
    const ignored = (pattern: string) => `[global]\npatterns = ["${pattern}"]\n`;
    const snapshotter = await watchSettled(root);
    for (const text of [ignored('a'), ignored('b'), ignored('c')]) {
      writeFileSync(join(root, '.museignore'), text);
      await ask(snapshotter);
    }
    rmSync(join(root, '.museignore'));
    await ask(snapshotter);
    const file = join(root, 'more');
    writeFileSync(file, ignored('a'));
    const options = { ignoreFiles: [file] };
    const another = await watchSettled(root, options);
    writeFileSync(file, ignored('b'));
    await ask(another, options);
  });

  it('for another domain are those of that domain', async () => {
    const museIgnore = '[domain.code]\npatterns = ["a"]\n[domain.music]\npatterns = ["b"]\n';
    const root = await museTree({ a: 'a', b: 'b', '.museignore': museIgnore });
    // Until then the rules are read for each question.
    await sleep(2500);
    const snapshotter = await watchSettled(root);
    for (const domain of ['music', 'code']) {
      writeFileSync(join(root, '.muse/repo.json'), JSON.stringify({ domain }));
      await ask(snapshotter);
      expect((await snapshotter.snapshot()).manifest.has('a')).toBe(domain === 'music');
    }
  });

  it('that git keeps beside a tree are read for each question', async () => {
    const inGit = { '.git/HEAD': 'ref: refs/heads/main', '.git/objects': {}, '.git/refs': {} };
    const root = await museTree({ a: 'a', b: 'b', ...inGit, '.git/info/exclude': '' });
    await sleep(2500);
    const snapshotter = await watchSettled(root, { gitignore: true });
    for (const pattern of ['a', 'b']) {
      writeFileSync(join(root, '.git/info/exclude'), `${pattern}\n`);
      await ask(snapshotter, { gitignore: true });
      expect((await snapshotter.snapshot()).manifest.has(pattern)).toBe(false);
    }
  });

  it('of a caller are entered again wherever any file beside a directory changed', async () => {
    const root = await museTree({ 'd/names': 'a', 'd/e/f/a': 'a', 'd/e/f/b': 'b' });
    const below = (names: string): IgnoreRules => ({ ignores: (path) => names.includes(basename(path)) });
    const ignore: IgnoreRules = {
      ignores: () => false,
      enter: ({ path }) => ({
        rules: path === 'd' ? below(readFileSync(join(root, 'd/names'), 'utf8')) : ignore,
        problems: [],
      }),
    };
    const snapshotter = await watchSettled(root, { ignore });
    for (const names of ['b', 'a']) {
      writeFileSync(join(root, 'd/names'), names);
      expect(await ask(snapshotter, { ignore })).toBe('events');
    }
  });

  it('that are edited through another name outside say what is left out far below', async () => {
    const [root, outside] = [
      await museTree({ 'd/e/f/a': 'a', 'd/e/f/b': 'b' }),
      await bareTree({ rules: 'a\n' }),
    ];
    linkSync(join(outside, 'rules'), join(root, 'd/.gitignore'));
    // Until then all is listed once more.
    await sleep(2500);
    const snapshotter = await watchSettled(root, { gitignore: true });
    for (const patterns of ['b\n', 'a\n']) {
      writeFileSync(join(outside, 'rules'), patterns);
      await ask(snapshotter, { gitignore: true });
    }
  });
});
