import { closeSync, mkdirSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { effort, makeTree, removeTree } from '@muse/testkit';
import { createSnapshot, diffManifests, formatManifest, parseManifest, verify } from '@muse/snapshot';
import { describe, expect, it, onTestFinished } from 'vitest';

const FILES = effort(600, 5000);

describe.runIf(process.platform === 'linux')('a tree whose paths are longer than V8 hashes', () => {
  it('is snapshotted, cached, compared, parsed and verified in seconds', async () => {
    const root = await makeTree({ '.muse': {} });
    onTestFinished(() => removeTree(root));
    let above = openSync(root, 'r');
    for (let depth = 0; depth < 66; depth++) {
      const path = `/proc/self/fd/${above}/${'n'.repeat(255)}`;
      mkdirSync(path);
      const below = openSync(path, 'r');
      closeSync(above);
      above = below;
    }
    for (let i = 0; i < FILES; i++) writeFileSync(join(`/proc/self/fd/${above}`, `f${i}`), 'x');
    closeSync(above);

    const started = process.cpuUsage();
    const first = await createSnapshot(root);
    const second = await createSnapshot(root);
    expect([
      first.stats.files,
      first.complete,
      second.stats.hits + second.stats.misses.racy,
      second.id,
    ]).toEqual([FILES, true, FILES, first.id]);
    expect(diffManifests(first.manifest, second.manifest)).toMatchObject({
      added: [],
      modified: [],
      deleted: [],
    });
    const bytes = Buffer.concat([...formatManifest(first, 'json')]);
    expect(diffManifests(parseManifest(bytes), first.manifest)).toMatchObject({ added: [], deleted: [] });
    expect(await verify(root)).toMatchObject({ files: FILES, complete: true, mismatch: [] });
    // With a plain Map each of these takes a minute or more.
    expect(process.cpuUsage(started).user).toBeLessThan(60_000_000);
  });
});
