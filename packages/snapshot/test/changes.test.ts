import { appendFileSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openSnapshotter, type TreeChange } from '@muse/snapshot';
import { changeLines, makeTree, sha256Id, tempDir } from '@muse/testkit';
import { nativeEngine } from '@muse/walker/scan';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { runNode } from './support/run-node.js';

async function next(changes: AsyncGenerator<TreeChange, void>): Promise<string[]> {
  const { value } = await changes.next();
  if (!value) throw new Error('There are no more changes');
  return changeLines(value);
}

const engines = (await nativeEngine(undefined)) ? ['native', 'typescript'] : ['typescript'];

// Most of the time of a test is waiting.
describe.each([...engines.map((engine) => [engine, true] as const), ['typescript', false] as const])(
  'changes() with the %s engine, watch: %s,',
  (engine, watch) => {
    beforeAll(() => {
      vi.stubEnv('MUSE_ENGINE', engine);
    });
    afterAll(() => {
      vi.unstubAllEnvs();
    });

    it.concurrent('tells of the tree as it is, then of edits, moves and removals', async () => {
      await using root = tempDir();
      const file = (name: string) => join(root.path, name);
      await makeTree({ a: 'a', 'd/b': 'b' }, root.path);
      await using snapshotter = await openSnapshotter(root.path, { watch });
      const changes = snapshotter.changes();
      const { value: start } = await changes.next();
      expect(start).toMatchObject({ kind: 'start', added: [], snapshot: { by: 'scan', complete: true } });
      expect(start?.snapshot.manifest.get('d/b')).toBe(sha256Id('b'));
      writeFileSync(file('a'), 'edited');
      mkdirSync(file('new/deep'), { recursive: true });
      writeFileSync(file('new/deep/c'), 'c');
      expect(await next(changes)).toEqual(['+new/deep/c', '~a']);
      renameSync(file('d'), file('e'));
      rmSync(file('new'), { recursive: true });
      const { value: change } = await changes.next();
      expect(change && changeLines(change)).toEqual(['-new/deep/c', 'd/b>e/b']);
      const { snapshot } = change ?? {};
      expect([...(snapshot?.manifest ?? [])]).toEqual([
        ['a', sha256Id('edited')],
        ['e/b', sha256Id('b')],
      ]);
      await changes.return();
    });

    it.concurrent(
      'tells each of two loops, and those who take a snapshot in between take nothing away',
      async () => {
        await using root = tempDir();
        await using snapshotter = await openSnapshotter(root.path, { watch });
        const [one, two] = [snapshotter.changes(), snapshotter.changes({ settleMs: 100, deferId: true })];
        await Promise.all([one.next(), two.next()]);
        for (const name of ['a', 'b']) {
          const both = Promise.all([next(one), next(two)]);
          writeFileSync(join(root.path, name), name);
          expect((await snapshotter.snapshot()).manifest.has(name)).toBe(true);
          expect(await both).toEqual([[`+${name}`], [`+${name}`]]);
        }
        // Asked for by whoever is late.
        writeFileSync(join(root.path, 'd'), 'd');
        await snapshotter.snapshot();
        expect([await next(one), await next(two)]).toEqual([['+d'], ['+d']]);
        await Promise.all([one.return(), two.return()]);
      },
    );

    it('ends at once where the snapshotter is closed', async () => {
      await using root = tempDir();
      const snapshotter = await openSnapshotter(root.path, { watch });
      const changes = snapshotter.changes();
      await changes.next();
      // From here on no time passes after which it would ask again.
      const waits = vi.spyOn(globalThis, 'setTimeout').mockImplementation(() => timer);
      const timer = setInterval(() => undefined, 1e6);
      onTestFinished(() => {
        waits.mockRestore();
        clearInterval(timer);
      });
      const waiting = changes.next();
      const isWaiting = () => waits.mock.calls.some(([, ms = 0]) => ms >= 1000);
      while (!isWaiting()) await new Promise((resolve) => setImmediate(resolve));
      await snapshotter.close();
      expect(await waiting).toEqual({ done: true, value: undefined });
    });

    it.concurrent('throws where the root is gone', async () => {
      await using place = tempDir();
      const root = join(place.path, 'root');
      await makeTree({ a: 'a' }, root);
      await using snapshotter = await openSnapshotter(root, { watch });
      const changes = snapshotter.changes();
      await changes.next();
      renameSync(root, join(place.path, 'moved'));
      await expect(changes.next()).rejects.toMatchObject({ code: 'ENOENT' });
    });

    it.concurrent('makes the id and the manifest later where they are not needed at once', async () => {
      await using root = tempDir();
      await using snapshotter = await openSnapshotter(root.path, { watch });
      const changes = snapshotter.changes({ deferId: true });
      await changes.next();
      appendFileSync(join(root.path, 'a'), '1');
      const { value: first } = await changes.next();
      appendFileSync(join(root.path, 'a'), '2');
      expect(await next(changes)).toEqual(['~a']);
      await changes.return();
      const { id, manifest } = first?.snapshot ?? {};
      expect(manifest).toEqual(new Map([['a', sha256Id('1')]]));
      expect(id).toBe(sha256Id(`a\0${sha256Id('1')}`));
    });
  },
);

it('changes() refuses a settling time that is none', async () => {
  await using root = tempDir();
  await using snapshotter = await openSnapshotter(root.path);
  for (const settleMs of [-1, NaN])
    await expect(snapshotter.changes({ settleMs }).next()).rejects.toThrow(RangeError);
});

describe('a process that listens to changes', () => {
  it.concurrent('lives as long as it waits for one', async () => {
    await using root = tempDir();
    const path = JSON.stringify(root.path);
    const answer = runNode(`
      import { writeFileSync } from 'node:fs';
      const snapshotter = await openSnapshotter(${path}, { watch: true });
      const told = [];
      const timer = setTimeout(() => writeFileSync(${path} + '/a', 'a'), 300).unref();
      for await (const { kind } of snapshotter.changes()) if (told.push(kind) === 2) break;
      answer(told);`);
    expect(await answer).toEqual(['start', 'change']);
  });

  it.concurrent.each([true, false])('ends by itself once the loop is left, watch: %s', async (watch) => {
    await using root = tempDir();
    const answer = runNode(
      `const snapshotter = await openSnapshotter(${JSON.stringify(root.path)}, { watch: ${watch} });
      for await (const { kind } of snapshotter.changes()) { answer(kind); break; }`,
    );
    expect(await answer).toBe('start');
  });
});
