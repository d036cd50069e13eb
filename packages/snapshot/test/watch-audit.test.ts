import { appendFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { createSnapshot } from '@muse/snapshot';
import { recordingLogger } from '@muse/testkit';
import { nativeEngine, type NativeEngine } from '@muse/walker/scan';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { openWithEvents } from '../src/lib/take/snapshotter.js';
import { openInotify, type EventSource } from '../src/lib/watch/events.js';
import { WatchedTree } from '../src/lib/watch/watched-tree.js';
import { museTree } from './support/trees.js';

/** Milliseconds from one audit to the next, whatever one takes: no time passes for the watcher but that of timers. */
const AUDIT_MS = 30;
/** More directories than an audit lists in one go. */
const many = Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`d${i}`, { f: String(i) }]));

async function watched(root: string, openEvents?: (native: NativeEngine) => EventSource) {
  const logger = recordingLogger();
  const clock = vi.spyOn(performance, 'now').mockReturnValue(0);
  onTestFinished(() => {
    clock.mockRestore();
  });
  const snapshotter = await openWithEvents(root, { watch: true, logger }, openEvents, AUDIT_MS);
  onTestFinished(() => snapshotter.close());
  return { snapshotter, ...logger.messages };
}

/** Events of the system, of which nobody hears. */
function deaf(native: NativeEngine): EventSource {
  return { ...openInotify(native), read: () => 0 };
}

const hasNative = (await nativeEngine(undefined)) !== undefined;

describe.skipIf(!hasNative)('an audit of a tree that is watched', () => {
  it.each([
    [
      'a file that was edited',
      'd299/f',
      (root: string) => {
        appendFileSync(`${root}/d299/f`, 'more');
      },
    ],
    [
      'a new file',
      'd150/new',
      (root: string) => {
        writeFileSync(`${root}/d150/new`, '');
      },
    ],
    [
      'a new directory',
      'new',
      (root: string) => {
        mkdirSync(`${root}/new`);
      },
    ],
    [
      'a directory that is gone',
      'd0',
      (root: string) => {
        rmSync(`${root}/d0`, { recursive: true });
      },
    ],
  ])('finds %s of which no event told, names it, and ends the watching', async (_, path, change) => {
    const root = await museTree(many);
    const { snapshotter, error } = await watched(root, deaf);
    const before = await snapshotter.snapshot();
    change(root);
    await expect.poll(() => error).toHaveLength(1);
    expect(error[0]).toContain(JSON.stringify(path));
    const after = await snapshotter.snapshot();
    expect(after).toMatchObject({ by: 'scan', id: (await createSnapshot(root)).id });
    if (path !== 'new') expect(after.id).not.toBe(before.id);
    expect((await snapshotter.snapshot()).by).toBe('scan');
  });

  it('comes again and again, and none after one that found something: then nothing is watched any more', async () => {
    const root = await museTree({ a: 'a' });
    const auditing = vi.spyOn(WatchedTree.prototype, 'findSurprise');
    const arming = vi.spyOn(WatchedTree.prototype, 'adopt');
    onTestFinished(() => {
      for (const spy of [auditing, arming]) spy.mockRestore();
    });
    const { snapshotter, error } = await watched(root, deaf);
    await snapshotter.snapshot();
    await expect.poll(() => auditing.mock.calls.length).toBeGreaterThan(2);
    appendFileSync(`${root}/a`, '!');
    await expect.poll(() => error).toHaveLength(1);
    const audits = auditing.mock.calls.length;
    // Since no time passes, arming again would not have to wait for its share.
    for (let i = 0; i < 20; i++) {
      await sleep(AUDIT_MS);
      expect((await snapshotter.snapshot()).by).toBe('scan');
    }
    expect([arming.mock.calls.length, auditing.mock.calls.length]).toEqual([1, audits]);
  });

  it('takes no change for untold of which an event told, before it or meanwhile', async () => {
    const root = await museTree(many);
    const { snapshotter, error } = await watched(root);
    await snapshotter.snapshot();
    for (let i = 0; i < 40; i++) {
      writeFileSync(`${root}/d${(i * 97) % 300}/f`, `edit ${i}`);
      mkdirSync(`${root}/d${(i * 31) % 300}/sub${i}`);
      await sleep(7);
    }
    const last = await snapshotter.snapshot();
    expect(error).toEqual([]);
    expect(last).toMatchObject({ by: 'events', id: (await createSnapshot(root)).id });
  });
});
