import { mkdirSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { cacheDir, museDir, statCachePath } from '@muse/paths';
import { fifo, makeTree, socket } from '@muse/testkit';
import { describe, expect, it } from 'vitest';
import { makeCachedTree, poisoned } from './support/cached-tree.js';
import { fingerprint } from './support/fingerprint.js';
import { takeSnapshot } from './support/snapshot-answer.js';

const places = { '.muse': museDir, '.muse/cache': cacheDir, '.muse/cache/stat.json': statCachePath };
const TWO_HOURS_S = 7200;

/** Leaves the kind of file that a save sweeps where it has the right to. */
function leaveTemporaryFile(directory: string): void {
  const path = join(directory, '.stat_cache_0123456789abcdef.tmp');
  writeFileSync(path, 'left by a killed process');
  const then = Date.now() / 1000 - TWO_HOURS_S;
  utimesSync(path, then, then);
}

/** What stands in a place, made from what belongs there; `outside` is a directory beside the root. */
const things: Record<string, (place: string, outside: string) => unknown> = {
  'a link to the real thing, elsewhere': (place, outside) => {
    renameSync(place, join(outside, 'moved'));
    symlinkSync(join(outside, 'moved'), place);
  },
  'a link to nowhere': (place, outside) => {
    rmSync(place, { recursive: true });
    symlinkSync(join(outside, 'nowhere'), place);
  },
  'a link to itself': (place) => {
    rmSync(place, { recursive: true });
    symlinkSync(place, place);
  },
  'a FIFO': async (place, outside) => {
    rmSync(place, { recursive: true });
    renameSync(join(await makeTree({ thing: fifo() }, dirname(outside)), 'thing'), place);
  },
  'a socket': async (place, outside) => {
    rmSync(place, { recursive: true });
    // Made where the path is short: a socket's address holds some hundred bytes.
    renameSync(join(await makeTree({ thing: socket() }, dirname(outside)), 'thing'), place);
  },
  'a directory for a file, a file for a directory': (place) => {
    rmSync(place, { recursive: true });
    if (place.endsWith('.json')) mkdirSync(place);
    else writeFileSync(place, 'a file');
  },
};

it('a poisoned cache in its place is believed, so that the tests below can tell', async () => {
  await using tree = await makeCachedTree();
  writeFileSync(statCachePath(tree.root), poisoned(tree.text));
  const { answer, warnings } = await takeSnapshot(tree.root);
  expect(answer.manifest.get('a.txt')).toBe(`sha256:${'0'.repeat(64)}`);
  expect(warnings).toEqual([]);
});

describe.for(Object.entries(places))('where %s should be,', ([, placeIn]) => {
  it.concurrent.for(Object.entries(things))('%s is neither read nor written', async ([, put], { expect }) => {
    await using tree = await makeCachedTree();
    const outside = join(tree.directory, 'outside');
    mkdirSync(outside);
    writeFileSync(statCachePath(tree.root), poisoned(tree.text));
    leaveTemporaryFile(cacheDir(tree.root));
    leaveTemporaryFile(museDir(tree.root));
    await put(placeIn(tree.root), outside);
    const before = [...fingerprint(outside), ...fingerprint(museDir(tree.root))];

    const { code, answer, document, warnings } = await takeSnapshot(tree.root);
    expect({ code, answer }).toEqual({ code: 0, answer: tree.answer });
    expect(document.problems).toEqual([]);
    expect(warnings).not.toEqual([]);
    expect([...fingerprint(outside), ...fingerprint(museDir(tree.root))]).toEqual(before);
  });
});

it('a save sweeps what killed processes left, and nothing that only has such a name', async () => {
  await using tree = await makeCachedTree();
  const cache = cacheDir(tree.root);
  leaveTemporaryFile(cache);
  leaveTemporaryFile(tree.root);
  writeFileSync(join(cache, '.stat_cache_young.tmp'), '');
  mkdirSync(join(cache, '.stat_cache_directory.tmp'));
  symlinkSync(join(tree.root, 'a.txt'), join(cache, '.stat_cache_link.tmp'));
  writeFileSync(join(cache, 'stat_cache_other.tmp'), '');
  const { code, warnings } = await takeSnapshot(tree.root);
  expect({ code, warnings }).toEqual({ code: 0, warnings: [] });
  const left = fingerprint(tree.directory).map((line) => line.split(' ', 1)[0]?.slice(tree.root.length + 1));
  expect(left.filter((path) => path?.endsWith('.tmp'))).toEqual([
    '.muse/cache/.stat_cache_directory.tmp',
    '.muse/cache/.stat_cache_link.tmp',
    '.muse/cache/.stat_cache_young.tmp',
    '.muse/cache/stat_cache_other.tmp',
    '.stat_cache_0123456789abcdef.tmp',
  ]);
});
