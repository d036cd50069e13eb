import { appendFileSync, linkSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { StatCache } from '@muse/stat-cache';
import { recordingLogger } from '@muse/testkit';
import { Tree } from '@muse/walker/scan';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { bareTree, cachedPaths, museTree } from '../../../test/support/trees.js';
import { ask, hasEvents, watch, watchSettled } from '../../../test/support/watching.js';
import { DirectoryResult } from '../take/join.js';
import type { Answer } from './changes.js';
import type { EventSource } from './events.js';
import { WatchedTree, type Finished } from './watched-tree.js';
import { Watcher } from './watcher.js';

const TREE = { a: 'a', 'd/b': 'b' };

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

/** Watches a tree whose files are known well, and returns who does, and the version of the last answer. */
async function watcherOf(root: string) {
  const answering = vi.spyOn(Watcher.prototype, 'answer');
  onTestFinished(() => {
    answering.mockRestore();
  });
  const snapshotter = await watchSettled(root);
  const watcher = answering.mock.contexts.at(-1) as Watcher;
  const lastVersion = async () => (await (answering.mock.results.at(-1)?.value as Promise<Answer>)).version;
  return { snapshotter, watcher, lastVersion };
}

describe.skipIf(!hasEvents)('a watcher', () => {
  it('knows at once of a change since an answer, whoever asked in between', async () => {
    const root = await museTree(TREE);
    const { snapshotter, watcher, lastVersion } = await watcherOf(root);
    const version = await lastVersion();
    expect(watcher.hasNewsSince(version)).toBe(false);
    writeFileSync(join(root, 'd/b'), 'B');
    expect(watcher.hasNewsSince(version)).toBe(true);
    await snapshotter.snapshot();
    expect(watcher.hasNewsSince(version)).toBe(true);
    expect(watcher.hasNewsSince(await lastVersion())).toBe(false);
    await snapshotter.close();
    expect(watcher.hasNewsSince(version)).toBe(false);
  });

  it('counts the events so far, and none once it is closed', async () => {
    const root = await museTree(TREE);
    const { snapshotter, watcher } = await watcherOf(root);
    const before = watcher.eventCount ?? NaN;
    writeFileSync(join(root, 'new'), 'new');
    expect(watcher.eventCount).toBeGreaterThan(before);
    await snapshotter.close();
    expect(watcher.eventCount).toBeUndefined();
  });

  it('hears all, unless a file has other names', async () => {
    const root = await museTree(TREE);
    const { snapshotter, watcher } = await watcherOf(root);
    expect(watcher.hearsAll).toBe(true);
    linkSync(join(root, 'a'), join(root, 'd/link'));
    await snapshotter.snapshot();
    expect(watcher.hearsAll).toBe(false);
    await snapshotter.close();
    expect(watcher.hearsAll).toBe(false);
  });

  it('tells of news soon, also of what a question found out, once, and as long as somebody listens', async () => {
    const root = await museTree(TREE);
    const { snapshotter, watcher } = await watcherOf(root);
    const listener = vi.fn();
    const stop = watcher.onNews(listener);
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    // Until nobody listened it looked less often, and by the system's clock.
    await sleep(300);
    listener.mockClear();
    writeFileSync(join(root, 'd/b'), 'B');
    await pass(100);
    expect(listener).toHaveBeenCalledOnce();
    await snapshotter.snapshot();
    await pass(500);
    expect(listener).toHaveBeenCalledTimes(2);
    writeFileSync(join(root, 'd/b'), 'BB');
    await snapshotter.snapshot();
    await pass(500);
    expect(listener).toHaveBeenCalledTimes(3);
    stop();
    writeFileSync(join(root, 'd/b'), 'BBB');
    await pass(500);
    expect(listener).toHaveBeenCalledTimes(3);
  });

  it('tells of news where it can hear no more, so that somebody asks', async () => {
    const fault: { error?: Error } = {};
    const events = (source: EventSource): EventSource => ({
      ...source,
      read: (buffer) => {
        if (fault.error) throw fault.error;
        return source.read(buffer);
      },
    });
    const answering = vi.spyOn(Watcher.prototype, 'answer');
    onTestFinished(() => {
      answering.mockRestore();
    });
    await watchSettled(await museTree(TREE), { events });
    const watcher = answering.mock.contexts.at(-1) as Watcher;
    const told = new Promise<void>((resolve) => watcher.onNews(resolve));
    fault.error = new Error('no more');
    await told;
    expect(watcher.eventCount).toBeUndefined();
  });

  it('reads no events once it is closed', async () => {
    const root = await museTree(TREE);
    let reads = 0;
    const events = (source: EventSource): EventSource => ({
      ...source,
      read: (buffer) => {
        reads++;
        return source.read(buffer);
      },
    });
    const snapshotter = await watchSettled(root, { events });
    await snapshotter.close();
    const before = reads;
    await sleep(300);
    expect([before > 0, reads]).toEqual([true, before]);
  });

  it('makes nothing ready once it is closed', async () => {
    const snapshotter = await watch(await museTree(TREE));
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    await snapshotter.snapshot();
    expect(vi.getTimerCount()).toBeGreaterThan(0);
    await snapshotter.close();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('lists nothing where nothing changed', async () => {
    const root = await museTree(TREE);
    const { snapshotter } = await watcherOf(root);
    const finishing = vi.spyOn(WatchedTree.prototype, 'finish');
    onTestFinished(() => {
      finishing.mockRestore();
    });
    expect((await snapshotter.snapshot()).by).toBe('events');
    expect(finishing).not.toHaveBeenCalled();
  });

  it('lists a directory again, as long as the cache cannot vouch for a file in it', async () => {
    const root = await museTree(TREE);
    const judging = vi.spyOn(DirectoryResult.prototype, 'isTrusted', 'get').mockReturnValue(false);
    const answering = vi.spyOn(Watcher.prototype, 'answer');
    // Otherwise it depends on the clock what is read again.
    const boundary = vi.spyOn(StatCache.prototype, 'boundary').mockResolvedValue(0n);
    onTestFinished(() => {
      for (const spy of [judging, answering, boundary]) spy.mockRestore();
    });
    const snapshotter = await watch(root);
    await snapshotter.snapshot();
    const watcher = answering.mock.contexts.at(-1) as Watcher;
    for (const isUntrusted of [true, false, true, false]) {
      expect(watcher.hearsAll).toBe(!isUntrusted);
      judging.mockReturnValue(isUntrusted);
      for (const path of ['a', 'd/b']) appendFileSync(join(root, path), '!');
      const { manifest } = await snapshotter.snapshot();
      // Judged anew, it is in another version of the tree.
      expect((await snapshotter.snapshot()).manifest === manifest).toBe(isUntrusted);
    }
  });

  it('has the same files in one piece where a directory was listed anew and nothing changed in it', async () => {
    const root = await museTree(TREE);
    linkSync(join(root, 'a'), join(root, 'd/link'));
    const { snapshotter } = await watcherOf(root);
    await snapshotter.snapshot();
    const { by, manifest } = await snapshotter.snapshot();
    expect([by, manifest]).toEqual(['events', (await snapshotter.snapshot()).manifest]);
    expect((await snapshotter.snapshot()).manifest).toBe(manifest);
    appendFileSync(join(root, 'd/link'), '!');
    const changed = await snapshotter.snapshot();
    expect(changed.manifest.get('a')).toBe(changed.manifest.get('d/link'));
    expect(changed.manifest.get('a')).not.toBe(manifest.get('a'));
  });

  it('leaves the counts of an answer as they are', async () => {
    const root = await museTree(TREE);
    const snapshotter = await watch(root);
    const answers = [await snapshotter.snapshot()];
    for (const name of ['k', 'l']) {
      symlinkSync('a', join(root, name));
      answers.push(await snapshotter.snapshot());
    }
    expect(answers.map(({ stats }) => stats.leftOut.symlink)).toEqual([0, 1, 2]);
  });

  it('counts what was read in both listings of one answer', async () => {
    const root = await museTree(TREE);
    const { snapshotter } = await watcherOf(root);
    // What is read in the first listing is not trusted in the second.
    const boundary = vi.spyOn(StatCache.prototype, 'boundary').mockResolvedValue(0n);
    onTestFinished(() => {
      boundary.mockRestore();
    });
    linkSync(join(root, 'a'), join(root, 'd/link'));
    appendFileSync(join(root, 'd/link'), '!');
    const { by, stats } = await snapshotter.snapshot();
    expect([by, stats.files, stats.hits]).toEqual(['scan', 3, 1]);
    expect([stats.hashedFiles, stats.hashedBytes]).toEqual([3, 6]);
  });

  it('takes a scan where the root was replaced during the question', async () => {
    const root = await museTree(TREE);
    const { snapshotter } = await watcherOf(root);
    const confirming = vi.spyOn(Tree.prototype, 'confirmTop').mockImplementationOnce(function (
      this: Tree<unknown>,
    ) {
      this.top.giveUp();
    });
    onTestFinished(() => {
      confirming.mockRestore();
    });
    writeFileSync(join(root, 'd/b'), 'B');
    expect(await ask(snapshotter)).toBe('scan');
  });

  it('lists no more than twice for one answer', async () => {
    const root = await museTree(TREE);
    const { snapshotter } = await watcherOf(root);
    const finish: (this: WatchedTree) => Finished = Reflect.get(WatchedTree.prototype, 'finish');
    const finishing = vi.spyOn(WatchedTree.prototype, 'finish').mockImplementation(function (
      this: WatchedTree,
    ) {
      return { ...finish.call(this), isAllDue: true };
    });
    onTestFinished(() => {
      finishing.mockRestore();
    });
    linkSync(join(root, 'a'), join(root, 'd/link'));
    expect((await snapshotter.snapshot()).by).toBe('scan');
    expect(finishing).toHaveBeenCalledTimes(2);
  });
});

describe.skipIf(!hasEvents)('the cache of a watched tree is saved', () => {
  /** Counts saves, in which no time passes but what a test says. */
  const countSaves = () => {
    const saving = vi.spyOn(StatCache.prototype, 'save');
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => {
      vi.useRealTimers();
      saving.mockRestore();
    });
    return saving;
  };

  it('ten seconds after the last question, where something was recorded', async () => {
    const root = await museTree(TREE);
    const snapshotter = await watchSettled(root);
    const saving = countSaves();
    writeFileSync(join(root, 'd/b'), 'B');
    await snapshotter.snapshot();
    await pass(9000);
    await snapshotter.snapshot();
    await pass(9000);
    expect(saving).not.toHaveBeenCalled();
    await pass(1000);
    expect(saving).toHaveBeenCalledOnce();
    await pass(1000);
    await saving.mock.results[0]?.value;
    await snapshotter.snapshot();
    await pass(20_000);
    expect(saving).toHaveBeenCalledOnce();
  });

  it('nowhere, where it has no home', async () => {
    const root = await bareTree(TREE);
    const snapshotter = await watch(root);
    await snapshotter.snapshot();
    const saving = countSaves();
    writeFileSync(join(root, 'd/b'), 'B');
    await snapshotter.snapshot();
    await pass(20_000);
    expect(saving).not.toHaveBeenCalled();
  });

  it('with a warning where it cannot be', async () => {
    const root = await museTree(TREE);
    const logger = recordingLogger();
    const snapshotter = await watchSettled(root, { logger });
    const saving = countSaves().mockRejectedValue(new Error('no room'));
    writeFileSync(join(root, 'd/b'), 'B');
    await snapshotter.snapshot();
    await pass(10_000);
    expect(saving).toHaveBeenCalledOnce();
    expect(logger.messages.warn).toEqual(['The cache was not saved: no room']);
  });

  it('at the first answer, which says where it cannot be', async () => {
    const snapshotter = await watch(await museTree(TREE));
    const saveError = new Error('no room');
    countSaves().mockRejectedValue(saveError);
    expect(await snapshotter.snapshot()).toMatchObject({ by: 'scan', saveError });
    expect((await snapshotter.snapshot()).saveError).toBeUndefined();
  });

  it('before it is closed', async () => {
    const root = await museTree(TREE);
    const snapshotter = await watchSettled(root);
    writeFileSync(join(root, 'd/new'), 'new');
    await snapshotter.snapshot();
    await sleep(60);
    appendFileSync(join(root, 'a'), '!');
    await snapshotter.snapshot();
    expect(await cachedPaths(root)).not.toContain('d/new');
    await snapshotter.close();
    expect(await cachedPaths(root)).toContain('d/new');
  });

  it('never after it is closed, though it could not be before: nothing is left to be done then', async () => {
    const root = await museTree(TREE);
    const logger = recordingLogger();
    const saving = countSaves().mockRejectedValue(new Error('no room'));
    const snapshotter = await watch(root, { logger });
    await snapshotter.snapshot();
    writeFileSync(join(root, 'd/b'), 'B');
    await snapshotter.snapshot();
    saving.mockClear();
    await snapshotter.close();
    expect(saving).toHaveBeenCalledOnce();
    expect(vi.getTimerCount()).toBe(0);
    await pass(20_000);
    expect(saving).toHaveBeenCalledOnce();
  });
});
