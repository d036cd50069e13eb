import { nightly } from '@muse/testkit';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { cacheDir, statCachePath } from '@muse/paths';
import { describe, expect, it } from 'vitest';
import { makeCachedTree } from './support/cached-tree.js';
import { fingerprint } from './support/fingerprint.js';
import { noMounts, openMountNamespace } from './support/mount-namespace.js';
import { takeSnapshot } from './support/snapshot-answer.js';

/** Files on another device than the cache are cached only when they are older than this. */
const LOCAL_SLACK_MS = 3000;

describe('where another device is mounted', () => {
  it('over stat.json, it is read, a save warns, and nothing is left behind', async ({ skip }) => {
    skip(noMounts !== undefined, noMounts);
    await using tree = await makeCachedTree();
    await using namespace = await openMountNamespace();
    const device = join(tree.directory, 'device');
    mkdirSync(device);
    const file = statCachePath(tree.root);
    await namespace.shell(`
      mount -t tmpfs -o size=1m tmpfs '${device}'
      cp '${file}' '${device}'
      mount --bind '${device}/stat.json' '${file}'`);
    const beneath = fingerprint(file);
    const onDevice = fingerprint(namespace.reach(device));

    const { code, answer, document, warnings } = await takeSnapshot(tree.root, { within: namespace.enter });
    expect({ code, answer }).toEqual({ code: 0, answer: tree.answer });
    expect(document).toMatchObject({ problems: [], stats: { hits: 3 } });
    expect(warnings).toEqual([expect.stringMatching(/not saved: .*\((?:EBUSY|EXDEV)\)/)]);
    expect(readdirSync(cacheDir(tree.root))).toEqual(['stat.json']);
    expect(fingerprint(file)).toEqual(beneath);
    expect(fingerprint(namespace.reach(device))).toEqual(onDevice);
  });

  it.concurrent.for(['.muse', '.muse/cache'])(
    'over %s, a snapshot is right, and what is below stays as it was',
    async (path, { expect, skip }) => {
      skip(noMounts !== undefined, noMounts);
      await using tree = await makeCachedTree();
      await using namespace = await openMountNamespace();
      await namespace.shell(`mount -t tmpfs -o size=1m tmpfs '${join(tree.root, path)}'`);
      const within = { within: namespace.enter };
      if (nightly) await setTimeout(LOCAL_SLACK_MS + 500);
      const first = await takeSnapshot(tree.root, within);
      expect(first).toMatchObject({ code: 0, warnings: [], answer: tree.answer });
      expect(readFileSync(statCachePath(tree.root), 'utf8')).toBe(tree.text);
      const second = await takeSnapshot(tree.root, within);
      expect(second).toMatchObject({ code: 0, warnings: [], answer: tree.answer });
      if (nightly) expect(second.document.stats).toMatchObject({ hits: 4, hashed_files: 0 });
    },
  );
});
