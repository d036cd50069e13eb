import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, lstatSync, renameSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { effort, makeTree, removeTree, SimFs } from '@muse/testkit';
import { StatCache, blobId } from '@muse/stat-cache';
import { createSnapshot, explain, verify } from '@muse/snapshot';
import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import { bytesStorage, openSimCache, takeSimSnapshot } from './support/sim-snapshot.js';

const SECONDS = effort(0.4, 30);

const SECRET = 'outside';

describe('a snapshot of a tree in which a directory is swapped for a link and back', () => {
  /** A tree with files of the same names inside and outside, and what is outside. */
  function swappable() {
    const sim = new SimFs({ tickNs: 1n, callNs: 100_000n, readBytes: 64 });
    for (const path of ['/r', '/r/d', '/r/d/e', '/out', '/out/e']) sim.mkdir(path);
    for (const path of ['/r/a', '/r/d/a', '/r/d/e/a', '/r/d/e/b']) sim.write(path, Buffer.from('inside'));
    const outside = ['/out/a', '/out/e/a', '/out/e/b', '/out/secret'].map(
      (path) => sim.write(path, Buffer.from(SECRET)).ino,
    );
    return { sim, outside };
  }

  /** Swaps before the calls with these numbers, there and back in turn. */
  async function run(at: string, moments: readonly number[]) {
    const { sim, outside } = swappable();
    let calls = 0;
    let swapped = false;
    sim.between = () => {
      if (!moments.includes(calls++)) return;
      swapped = !swapped;
      if (swapped) {
        sim.rename(at, '/aside');
        sim.symlink(at, at === '/r/d' ? '/out' : '/out/e');
      } else {
        sim.remove(at);
        sim.rename('/aside', at);
      }
    };
    const { manifest } = await takeSimSnapshot(sim, await openSimCache(sim, bytesStorage(sim)));
    const listed = [...manifest.keys()].filter((path) => path.includes('secret'));
    const read = outside.filter((ino) => sim.readInodes.has(ino));
    return { calls, wrong: [...listed, ...read, ...(sim.openDescriptors > 0 ? ['open'] : [])] };
  }

  it.each(['/r/d', '/r/d/e'])(
    'at %s, at any call and for however long, reads nothing outside',
    async (at) => {
      const { calls } = await run(at, []);
      for (let from = 0; from < calls; from++) {
        for (const length of effort([1, 3, 21], [1, 2, 3, 5, 8, 13, 21])) {
          for (const pause of effort([1, calls], [1, 3, 7, 20, calls])) {
            const moments = [from, from + length, from + length + pause];
            expect([moments, (await run(at, moments)).wrong]).toEqual([moments, []]);
          }
        }
      }
    },
  );
});

/** Swaps a directory for a link to the outside and back, for up to 4 ms each, until it is killed. */
const SWAPPER = `
const fs = require('node:fs');
const [at, aside, out] = process.argv.slice(1);
const pause = () => {
  for (const end = performance.now() + Math.random() * 4; performance.now() < end; );
};
for (;;) {
  fs.renameSync(at, aside);
  fs.symlinkSync(out, at);
  pause();
  fs.unlinkSync(at);
  fs.renameSync(aside, at);
  pause();
}`;

describe.runIf(process.platform === 'linux')(
  'while a directory is swapped for a link and back in a loop',
  () => {
    const inside = (files: number, content: string) =>
      Object.fromEntries(Array.from({ length: files }, (_, i) => [`f${i}`, `${content} ${i}`]));

    interface Place {
      readonly top: string;
      readonly root: string;
      readonly aside: string;
    }
    const places = new Map<number, Promise<Place>>();
    afterAll(async () => {
      for (const place of places.values()) await removeTree((await place).top);
    });

    async function makePlace(files: number): Promise<Place> {
      const top = await makeTree({
        root: {
          '.muse': {},
          d: { ...inside(files / 2, 'in'), e: inside(files / 2, 'in') },
          g: { h: { i: 'in' } },
        },
        out: {
          ...inside(files / 2, 'out'),
          secret: '',
          e: { ...inside(files / 2, 'out'), secret: '' },
          h: { i: 'out' },
        },
      });
      return { top, root: join(top, 'root'), aside: join(top, 'aside') };
    }

    /** Puts a directory back that the swapper left aside. */
    function putBack({ root, aside }: Place, at: string): void {
      const directory = join(root, at);
      if (lstatSync(directory, { throwIfNoEntry: false })?.isSymbolicLink()) unlinkSync(directory);
      if (existsSync(aside)) renameSync(aside, directory);
    }

    async function race(files: number, at: string, look: (root: string) => Promise<readonly unknown[]>) {
      const making = places.get(files) ?? makePlace(files);
      places.set(files, making);
      const place = await making;
      const { top, root, aside } = place;
      const target = join(top, 'out', at === 'd/e' ? 'e' : '');
      const swapper = spawn(process.execPath, ['-e', SWAPPER, join(root, at), aside, target]);
      onTestFinished(async () => {
        if (swapper.exitCode === null && swapper.kill('SIGKILL')) await once(swapper, 'exit');
        putBack(place, at);
      });
      const ends = performance.now() + SECONDS * 1000;
      do {
        expect(await look(root)).toEqual([]);
      } while (performance.now() < ends);
      expect(swapper.exitCode).toBe(null);
    }

    const outsideIds = new Set<unknown>(
      Array.from({ length: 5000 }, (_, i) => blobId(Buffer.from(`out ${i}`))),
    );
    outsideIds.add(blobId(Buffer.from('out')));

    it.each(
      effort([10, 5000], [10, 100, 5000]).flatMap((files) =>
        ['d', 'd/e', 'g'].map((at) => [files, at] as const),
      ),
    )(
      'a snapshot of %i files holds nothing outside, with %s swapped',
      async (files, at) => {
        await race(files, at, async (root) => {
          const { manifest } = await createSnapshot(root, { cache: false });
          return [...manifest]
            .filter(([path, id]) => path.includes('secret') || outsideIds.has(id))
            .map(([path]) => path);
        });
      },
      SECONDS * 1000 + 300_000,
    );

    it(
      'the object id of one file is never that of a file outside',
      async () => {
        await race(10, 'g', async (root) => {
          const cache = StatCache.empty();
          const ids = [];
          for (let i = 0; i < 50; i++) {
            ids.push(await cache.getObjectHash(root, join(root, 'g/h/i')).catch(() => undefined));
          }
          return ids.filter((id) => outsideIds.has(id));
        });
      },
      SECONDS * 1000 + 300_000,
    );

    it(
      'an explanation and a verification tell of nothing outside',
      async () => {
        await race(10, 'd', async (root) => {
          const explanation = await explain(root, 'd/secret');
          // With it every file that is read is told of, with the id of what was read.
          const cache = await StatCache.open({ root });
          const other = { dev: 1n, ino: 1n, size: 1n, mtimeNs: 1n, ctimeNs: 1n };
          for (const directory of ['d', 'd/e']) {
            for (const name of ['secret', 'f0', 'f1', 'f2', 'f3', 'f4']) {
              cache.record(`${directory}/${name}`, other, blobId(Buffer.from('other')), 10n ** 18n);
            }
          }
          cache.record('g/h/i', other, blobId(Buffer.from('other')), 10n ** 18n);
          const { edited } = await verify(root, { cache });
          expect(edited.map(({ path }) => path)).toContain('g/h/i');
          return [
            ...(['miss', 'hit'].includes(explanation.outcome) ? [explanation.outcome] : []),
            ...edited.filter(({ path, after }) => path.includes('secret') || outsideIds.has(after)),
          ];
        });
      },
      SECONDS * 1000 + 300_000,
    );
  },
);
