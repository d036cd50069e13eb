import { once } from 'node:events';
import {
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readlinkSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import { Worker } from 'node:worker_threads';
import { built, makeTree, tempDir } from '@muse/testkit';
import { describe, expect, it } from 'vitest';
import { hasNative, native, scan, unpack, wanted } from './support/engine.js';

/** Reads all events: watch and mask of each. */
function drain(inotify: number): { watch: number; mask: number; name: string }[] {
  const buffer = Buffer.alloc(65_536);
  const events = [];
  for (;;) {
    const size = native.inotifyRead(inotify, buffer);
    if (size === 0) return events;
    for (let at = 0; at < size;) {
      const length = buffer.readUInt32LE(at + 12);
      const name = buffer.toString('latin1', at + 16, at + 16 + length).replace(/\0+$/, '');
      events.push({ watch: buffer.readInt32LE(at), mask: buffer.readUInt32LE(at + 4), name });
      at += 16 + length;
    }
  }
}

/** The number of inotify descriptors that this process has open. */
function openInotify(): number {
  return readdirSync('/proc/self/fd').filter((name) => {
    try {
      return readlinkSync(`/proc/self/fd/${name}`) === 'anon_inode:inotify';
    } catch {
      return false;
    }
  }).length;
}

describe.skipIf(!hasNative)('watching', () => {
  it('ends with a thread that is terminated, and before where it is closed', async () => {
    const before = openInotify();
    const script = `
      const { parentPort } = require('node:worker_threads');
      import(${JSON.stringify(built('@muse/native'))}).then(({ loadNative }) => {
        const { native } = loadNative();
        native.inotifyInit();
        native.inotifyClose(native.inotifyInit());
        parentPort.postMessage('open');
        setInterval(() => {}, 1000);
      });`;
    const worker = new Worker(script, { eval: true });
    await once(worker, 'message');
    expect(openInotify()).toBe(before + 1);
    await worker.terminate();
    expect(openInotify()).toBe(before);
    expect(() => {
      native.inotifyClose('1' as never);
    }).toThrow(RangeError);
  });

  it('watches each directory that is scanned, by its descriptor', async () => {
    await using place = tempDir();
    const root = await makeTree({ a: { x: '' }, b: {} }, place.path);
    const inotify = native.inotifyInit();
    try {
      const records = scan(native, root, [wanted(root, 'a'), wanted(root, 'b'), wanted(root, 'a')], {
        inotify,
      }).map(unpack);
      const [a, b, again] = records.map(({ watch }) => watch);
      expect(a).toBeGreaterThan(0);
      expect(b).toBeGreaterThan(0);
      expect(b).not.toBe(a);
      expect(again).toBe(a);
      expect(drain(inotify)).toEqual([]);
      renameSync(`${root}/a`, `${root}/moved`);
      writeFileSync(`${root}/moved/x`, 'new');
      mkdirSync(`${root}/b/sub`);
      const events = drain(inotify);
      // Written, then closed; how often the first is told depends on who is reading.
      expect(events).toContainEqual({ watch: a, mask: 0x2, name: 'x' });
      expect(events).toContainEqual({ watch: a, mask: 0x8, name: 'x' });
      expect(events).toContainEqual({ watch: b, mask: 0x4000_0100, name: 'sub' });
      expect(scan(native, root, [wanted(root, 'moved')], { inotify }).map(unpack)[0]?.watch).toBe(a);
      native.inotifyRemove(inotify, a ?? 0);
      drain(inotify);
      writeFileSync(`${root}/moved/x`, 'newer');
      expect(drain(inotify)).toEqual([]);
    } finally {
      native.inotifyClose(inotify);
    }
  });

  it('watches before it lists, and says so where it cannot', async () => {
    await using place = tempDir();
    const root = await makeTree({ a: {} }, place.path);
    const file = openSync('/dev/null', 'r');
    const [record] = scan(native, root, [wanted(root, 'a')], { inotify: file }).map(unpack);
    closeSync(file);
    expect(record).toMatchObject({ outcome: 0, watch: -22 });
    expect(() => {
      native.inotifyRemove(native.inotifyInit(), 99);
    }).toThrow(RangeError);
    expect(() => native.inotifyRead(-1, Buffer.alloc(16))).toThrow('error 9');
    // No event fits into it.
    const inotify = native.inotifyInit();
    scan(native, root, [wanted(root, 'a')], { inotify });
    writeFileSync(`${root}/a/x`, '');
    expect(() => native.inotifyRead(inotify, Buffer.alloc(15))).toThrow(RangeError);
    expect(() => native.inotifyRead(inotify, 'bytes' as never)).toThrow(RangeError);
    native.inotifyClose(inotify);
  });
});
