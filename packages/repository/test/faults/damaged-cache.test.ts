import { readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cacheDir, statCachePath } from '@muse/paths';
import { createSnapshot } from '@muse/snapshot';
import { MAX_CACHE_BYTES, StatCache } from '@muse/stat-cache';
import { effort, recordingLogger, seededRandom } from '@muse/testkit';
import { describe, expect, it } from 'vitest';
import { makeCachedTree, poisoned } from './support/cached-tree.js';
import { takeSnapshot } from './support/snapshot-answer.js';

/** What becomes of the text of a cache file that would give every file a wrong object id, were it believed. */
const damages: Record<string, (text: Buffer) => Buffer | string> = {
  'cut to nothing': () => '',
  'cut to its first byte': (text) => text.subarray(0, 1),
  'cut in the middle': (text) => text.subarray(0, part(text, 1 / 2)),
  'cut before its last byte': (text) => text.subarray(0, -1),
  'cut at the end of a line': (text) => text.subarray(0, text.indexOf('\n', part(text, 1 / 2)) + 1),
  'filled with zeros': (text) => Buffer.alloc(text.length),
  'filled with zeros from the middle on': (text) => Buffer.from(text).fill(0, part(text, 1 / 2)),
  'with a hole of zeros': (text) => Buffer.from(text).fill(0, part(text, 1 / 3), part(text, 2 / 3)),
  'written twice in a row': (text) => Buffer.concat([text, text]),
  'with other bytes of its own in place of some': (text) =>
    Buffer.from(text).copyWithin(part(text, 1 / 2), part(text, 1 / 4), part(text, 1 / 3)),
  'with something behind it': (text) => `${text.toString()}\n# edited by hand\n`,
  'of version 1': () => '{"version":1,"files":{}}',
  'of version 2': (text) => text.toString().replace('"version":3', '"version":2'),
  'of a version to come': (text) => text.toString().replace('"version":3', '"version":4'),
  'of another kind of JSON': () => '["version", 3]',
  'nested deeper than any stack': () => '['.repeat(1_000_000),
  'not text at all': () => Buffer.alloc(100_000, 0xff),
};

/** The offset of a part of a text. */
function part({ length }: Buffer, of: number): number {
  return Math.floor(length * of);
}

describe('a cache file', () => {
  it.concurrent.for(Object.entries(damages))(
    '%s costs a warning, and no more',
    async ([, damage], { expect }) => {
      await using tree = await makeCachedTree();
      writeFileSync(statCachePath(tree.root), damage(Buffer.from(poisoned(tree.text))));
      const { code, answer, document, warnings } = await takeSnapshot(tree.root);
      expect({ code, answer }).toEqual({ code: 0, answer: tree.answer });
      expect(document).toMatchObject({ problems: [], stats: { hits: 0 } });
      expect(warnings).toEqual([expect.stringMatching(/every file is read again/)]);

      const logger = recordingLogger();
      const { stats } = await createSnapshot(tree.root, { logger });
      expect(stats).toMatchObject({ hits: 4, hashedFiles: 0 });
      expect(logger.messages.warn).toEqual([]);
    },
  );

  it('of a bit that flipped, wherever that is, gives no wrong answer', async () => {
    await using tree = await makeCachedTree();
    const random = seededRandom(7);
    const stored = statCachePath(tree.root);
    const until = Date.now() + effort(1000, 60_000);
    let flips = 0;
    for (; Date.now() < until || flips === 0; flips++) {
      const damaged = Buffer.from(tree.text);
      const at = Math.floor(random() * damaged.length);
      damaged[at] = (damaged[at] ?? 0) ^ (1 << Math.floor(random() * 8));
      writeFileSync(stored, damaged);
      const { id, complete, saveError } = await createSnapshot(tree.root, { threads: 1 });
      expect({ at, id, complete, saveError }).toEqual({ at, id: tree.answer.id, complete: true });
    }
  });

  it('of another tree is of no use and no harm', async () => {
    await using tree = await makeCachedTree();
    await using other = await makeCachedTree();
    writeFileSync(join(other.root, 'elsewhere.txt'), 'only there');
    await takeSnapshot(other.root);
    writeFileSync(statCachePath(tree.root), poisoned(readFileSync(statCachePath(other.root), 'utf8')));
    const { code, answer, document, warnings } = await takeSnapshot(tree.root);
    expect({ code, answer, warnings }).toEqual({ code: 0, answer: tree.answer, warnings: [] });
    expect(document.stats).toMatchObject({ hits: 0, pruned: 1 });
    expect(readFileSync(statCachePath(tree.root), 'utf8')).not.toContain('elsewhere.txt');
  });
});

describe('a cache file that is too large', () => {
  it('is not read, and another takes its place', async () => {
    await using tree = await makeCachedTree();
    const stored = statCachePath(tree.root);
    truncateSync(stored, MAX_CACHE_BYTES + 1);
    const { code, answer, stderr } = await takeSnapshot(tree.root);
    expect({ code, answer }).toEqual({ code: 0, answer: tree.answer });
    expect(stderr).toMatch(/^muse: .*every file is read again: .*\(too-large\)$/m);
    expect(statSync(stored).size).toBeLessThan(2 * tree.text.length);
  });

  it('for a limit that the caller sets is neither read nor replaced by another such', async () => {
    await using tree = await makeCachedTree();
    const { root, text } = tree;
    const maxBytes = Buffer.byteLength(text);
    expect(await StatCache.open({ root, maxBytes })).toMatchObject({ size: 4, discarded: undefined });

    const logger = recordingLogger();
    const cache = await StatCache.open({ root, maxBytes: maxBytes - 1, logger });
    expect(cache).toMatchObject({ size: 0, discarded: 'too-large' });
    expect(logger.messages.error).toEqual([expect.stringContaining('(too-large)')]);
    const { id, complete, saveError } = await createSnapshot(root, { cache });
    expect({ id, complete }).toEqual({ id: tree.answer.id, complete: true });
    expect(saveError).toMatchObject({ code: 'EFBIG' });
    expect(readFileSync(statCachePath(root), 'utf8')).toBe(text);
    expect(readdirSync(cacheDir(root))).toEqual(['stat.json']);
  });
});
