import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createSnapshot, type Manifest, type SnapshotCall } from '@muse/snapshot';
import { StatCache } from '@muse/stat-cache';
import { createMemoryStorage } from '@muse/stat-cache/memory';
import { effort, recordingLogger } from '@muse/testkit';
import { nativeEngine } from '@muse/walker/scan';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { EVENT, type EventSource } from '../src/lib/watch/events.js';
import { runNode } from './support/run-node.js';
import { bareTree, museTree } from './support/trees.js';
import { ask, hasEvents, watch, watchSettled } from './support/watching.js';

const TREE = { a: 'a', 'd/b': 'b', 'd/e/c': 'c', 'f/g': 'g' };

/** Returns an event as the system spells it. */
function eventOf(watch: number, mask: number, name = ''): Buffer {
  const padded = name === '' ? 0 : Math.ceil((name.length + 1) / 16) * 16;
  const event = Buffer.alloc(16 + padded);
  event.writeInt32LE(watch, 0);
  event.writeUInt32LE(mask, 4);
  event.writeUInt32LE(padded, 12);
  event.write(name, 16, 'latin1');
  return event;
}

/** Puts events of a test in line before those of the system. */
class Injected {
  readonly queue: Buffer[] = [];
  /** What reading throws, if anything. */
  error: Error | undefined;
  closed = 0;

  readonly over = (source: EventSource): EventSource => ({
    descriptor: source.descriptor,
    read: (buffer) => {
      if (this.error) throw this.error;
      const next = this.queue.shift();
      return next ? next.copy(buffer) : source.read(buffer);
    },
    remove: source.remove.bind(source),
    close: () => {
      this.closed++;
      source.close();
    },
  });
}

/** Writes many files in a child, while this process does nothing else. */
function writeMany(root: string, count: number): void {
  const script = `
    const fs = require('node:fs');
    for (let i = 0; i < ${String(count)}; i++) fs.writeFileSync(process.argv[1] + '/f' + i, 'content ' + i);`;
  execFileSync(process.execPath, ['-e', script, root]);
}

describe.skipIf(!hasEvents)('a watched tree', () => {
  it('is scanned once after a build that wrote 10,000 files while the event loop was blocked', async () => {
    const root = await museTree(TREE);
    const logger = recordingLogger();
    const snapshotter = await watchSettled(root, { logger });
    mkdirSync(join(root, 'd/out'));
    writeMany(join(root, 'd'), 10_000);
    expect(await ask(snapshotter)).toBe('scan');
    expect(logger.messages.debug.join()).toMatch(/more changed at once than the system keeps events of/);
    await ask(snapshotter);
  });

  it('is answered for by events again, once arming it again takes no more than its share', async () => {
    const root = await museTree(TREE);
    const injected = new Injected();
    const snapshotter = await watchSettled(root, { events: injected.over });
    injected.queue.push(eventOf(-1, EVENT.overflowed));
    let scans = 0;
    for (; (await ask(snapshotter)) === 'scan'; scans++) appendFileSync(join(root, 'd/b'), '!');
    expect(scans).toBeGreaterThan(0);
    expect(injected.closed).toBe(1);
  });

  it('arms again for a twentieth of the time at most, however often events are lost', async () => {
    const root = await museTree(TREE);
    const injected = new Injected();
    const clock = vi.spyOn(performance, 'now').mockReturnValue(0);
    onTestFinished(() => {
      clock.mockRestore();
    });
    const pass = (ms: number) => clock.mockReturnValue(performance.now() + ms);
    let opened = 0;
    const snapshotter = await watch(root, {
      events: (source) => {
        opened++;
        pass(10);
        return injected.over(source);
      },
    });
    await snapshotter.snapshot();
    for (let i = 0; i < 30; i++) {
      injected.queue.push(eventOf(-1, EVENT.overflowed));
      pass(30);
      expect(await ask(snapshotter)).toBe('scan');
    }
    // Once in 200 ms at the most.
    expect(opened).toBe(5);
  });

  it('is scanned once more names were made than are remembered, and nobody asked', async () => {
    for (const names of [60_000, 70_000]) {
      const injected = new Injected();
      const root = await museTree(TREE);
      const logger = recordingLogger();
      const snapshotter = await watchSettled(root, { events: injected.over, logger });
      for (let from = 0; from < names; from += 1000) {
        const events = Array.from({ length: 1000 }, (_, at) =>
          eventOf(1, EVENT.closedAfterWriting, `t${from + at}`),
        );
        injected.queue.push(Buffer.concat(events));
      }
      await ask(snapshotter);
      const lost = 'The next snapshot is taken by a scan: more files changed than are remembered';
      expect(logger.messages.debug).toEqual(names > 1 << 16 ? [lost] : []);
    }
  });

  it.each([
    ['more events than the system keeps', eventOf(-1, EVENT.overflowed)],
    ['an unmount', eventOf(1, EVENT.unmounted)],
    ['a directory that nobody knows', eventOf(1 << 20, EVENT.created, 'x')],
    ['a root that moves', eventOf(1, EVENT.selfMoved)],
    ['a root that is removed', eventOf(1, EVENT.selfDeleted)],
    ['a watch on the root that is lost', eventOf(1, EVENT.ignored)],
  ])('is scanned after an event of %s', async (_, event) => {
    const root = await museTree(TREE);
    const injected = new Injected();
    const snapshotter = await watchSettled(root, { events: injected.over });
    injected.queue.push(event);
    expect(await ask(snapshotter)).toBe('scan');
  });

  it('lists a directory anew whose watch is lost, and watches it again', async () => {
    const root = await museTree(TREE);
    let source: EventSource | undefined;
    const snapshotter = await watchSettled(root, { events: (opened) => (source = opened) });
    // The root is 1, and each directory is watched before those below it.
    for (const lost of [2, 3, 4]) source?.remove(lost);
    writeFileSync(join(root, 'd/e/c'), 'C');
    writeFileSync(join(root, 'f/g'), 'G');
    expect(await ask(snapshotter)).toBe('events');
    await sleep(60);
    await ask(snapshotter);
    writeFileSync(join(root, 'd/e/c'), 'again');
    expect(await ask(snapshotter)).toBe('events');
  });

  it('is scanned where reading events fails while nobody asks', async () => {
    const root = await museTree(TREE);
    const injected = new Injected();
    const snapshotter = await watchSettled(root, { events: injected.over });
    injected.error = new Error('no events');
    await expect.poll(() => injected.closed).toBe(1);
    injected.error = undefined;
    appendFileSync(join(root, 'd/b'), '!');
    expect(await ask(snapshotter)).toBe('scan');
  });

  it('throws what reading events says, and is scanned next', async () => {
    const root = await museTree(TREE);
    const injected = new Injected();
    const snapshotter = await watchSettled(root, { events: injected.over });
    injected.error = new Error('Cannot read events');
    await expect(snapshotter.snapshot()).rejects.toThrow('Cannot read events');
    injected.error = undefined;
    writeFileSync(join(root, 'd/b'), 'B');
    expect(await ask(snapshotter)).toBe('scan');
  });
});

/**
 * Has some directories refused by the system, as where the limit of watches is reached. Returns what takes the events of their
 * watches away, since there are none then.
 */
async function limitWatches(
  isRefused: (index: number) => boolean,
): Promise<(source: EventSource) => EventSource> {
  const engine = await nativeEngine(undefined);
  if (!engine) throw new Error('This system has no native engine');
  const scan = engine.native.scan.bind(engine.native);
  const seen = new Set<number>();
  const refused = new Set<number>();
  const spy = vi.spyOn(engine.native, 'scan').mockImplementation(async (call) => {
    const answered = await scan(call);
    if (call.inotify === undefined) return answered;
    const words = new Int32Array(call.reply.buffer, call.reply.byteOffset, call.reply.length >> 2);
    for (let i = 0, at = 0; i < answered; i++, at += (words[at] ?? 0) >> 2) {
      const watched = words[at + 7] ?? 0;
      if (watched <= 0) continue;
      if (!seen.has(watched) && isRefused(seen.size)) refused.add(watched);
      seen.add(watched);
      if (!refused.has(watched)) continue;
      words[at + 7] = -28;
    }
    return answered;
  });
  onTestFinished(() => {
    spy.mockRestore();
  });
  return (source) => ({
    ...source,
    read: (buffer) => {
      for (;;) {
        const bytes = source.read(buffer);
        if (bytes === 0) return 0;
        let kept = 0;
        for (let at = 0; at < bytes;) {
          const end = at + 16 + buffer.readUInt32LE(at + 12);
          if (!refused.has(buffer.readInt32LE(at))) kept += buffer.copy(buffer, kept, at, end);
          at = end;
        }
        if (kept > 0) return kept;
      }
    },
  });
}

describe.skipIf(!hasEvents)('a tree with more directories than may be watched', () => {
  it('has those that are not listed at each question', async () => {
    const root = await museTree(TREE);
    const events = await limitWatches((index) => index > 0 && index % 2 === 0);
    const snapshotter = await watch(root, { events });
    await ask(snapshotter);
    await sleep(60);
    for (const path of ['a', 'd/b', 'd/e/c', 'f/g']) {
      appendFileSync(join(root, path), '!');
      await ask(snapshotter);
      await sleep(30);
      await ask(snapshotter);
    }
    writeFileSync(join(root, 'd/e/new'), 'new');
    mkdirSync(join(root, 'f/new'));
    writeFileSync(join(root, 'f/new/h'), 'h');
    await ask(snapshotter);
    writeFileSync(join(root, 'f/new/h'), 'H');
    expect(await ask(snapshotter)).toBe('events');
  });

  it('is scanned where not even the root can be watched', async () => {
    const root = await museTree(TREE);
    await limitWatches(() => true);
    const logger = recordingLogger();
    const snapshotter = await watch(root, { logger });
    for (let i = 0; i < 3; i++) {
      appendFileSync(join(root, 'd/b'), '!');
      expect(await ask(snapshotter)).toBe('scan');
    }
    expect(logger.messages.warn).toEqual([expect.stringContaining('max_user_watches')]);
  });
});

describe.skipIf(!hasEvents)('a watched root', () => {
  it('that is renamed away and back is scanned, and its absence is an error', async () => {
    const root = await museTree(TREE);
    const snapshotter = await watchSettled(root);
    renameSync(root, `${root}-away`);
    await expect(snapshotter.snapshot()).rejects.toMatchObject({ code: 'ENOENT' });
    renameSync(`${root}-away`, root);
    expect(await ask(snapshotter)).toBe('scan');
  });

  it('that is renamed away and back between two questions is scanned', async () => {
    const root = await museTree(TREE);
    const snapshotter = await watchSettled(root);
    renameSync(root, `${root}-away`);
    writeFileSync(join(`${root}-away`, 'a'), 'A');
    renameSync(`${root}-away`, root);
    expect(await ask(snapshotter)).toBe('scan');
  });

  it.each(['at once', 'after a question'])('that is removed, and made again %s, is scanned', async (when) => {
    const root = await museTree(TREE);
    const snapshotter = await watchSettled(root);
    rmSync(root, { recursive: true });
    if (when !== 'at once') await expect(snapshotter.snapshot()).rejects.toMatchObject({ code: 'ENOENT' });
    mkdirSync(root);
    writeFileSync(join(root, 'new'), 'new');
    expect(await ask(snapshotter)).toBe('scan');
  });

  it('that another one takes the place of is scanned', async () => {
    const [root, other] = [await museTree(TREE), await museTree({ other: 'other' })];
    const snapshotter = await watchSettled(root);
    renameSync(root, `${root}-away`);
    renameSync(other, root);
    expect(await ask(snapshotter)).toBe('scan');
    rmSync(`${root}-away`, { recursive: true });
  });

  it.each(['a root', 'a root without a cache', 'a subtree'])(
    'that another one takes the place of, with a directory above it, is scanned: %s',
    async (what) => {
      const isSubtree = what === 'a subtree';
      const muse = what === 'a root' ? { 'p/root/.muse': {}, 'q/root/.muse': {} } : {};
      const above = await museTree({ 'p/root/a': 'a', 'q/root/b': 'b', ...muse });
      const options = isSubtree ? { subtree: 'p/root' } : {};
      const snapshotter = await watchSettled(isSubtree ? above : join(above, 'p/root'), options);
      renameSync(join(above, 'p'), join(above, 'away'));
      renameSync(join(above, 'q'), join(above, 'p'));
      expect(await ask(snapshotter, options)).toBe('scan');
    },
  );
});

describe.skipIf(!hasEvents)('a question to a watched tree', () => {
  it('that is aborted rejects with the reason, and the next is answered by a scan', async () => {
    const root = await museTree(TREE);
    const snapshotter = await watchSettled(root);
    appendFileSync(join(root, 'd/b'), '!');
    const aborting = new AbortController();
    const asked = snapshotter.snapshot({
      signal: aborting.signal,
      onProgress: () => {
        aborting.abort(new Error('no more'));
      },
    });
    await expect(asked).rejects.toThrow('no more');
    expect(await ask(snapshotter)).toBe('scan');
  });

  it('that is aborted while the tree is scanned for the first time leaves no events open', async () => {
    const injected = new Injected();
    const snapshotter = await watch(await museTree(TREE), { events: injected.over });
    const aborting = new AbortController();
    const onProgress = () => {
      aborting.abort(new Error('no more'));
    };
    await expect(snapshotter.snapshot({ signal: aborting.signal, onProgress })).rejects.toThrow('no more');
    expect(injected.closed).toBe(1);
    expect(await ask(snapshotter)).toBe('scan');
    expect(await ask(snapshotter)).toBe('events');
  });

  it('that is under way when the snapshotter is closed is answered first', async () => {
    const root = await museTree(TREE);
    const snapshotter = await watchSettled(root);
    appendFileSync(join(root, 'd/b'), '!');
    const asked = snapshotter.snapshot();
    await snapshotter.close();
    expect((await asked).complete).toBe(true);
    await expect(snapshotter.snapshot()).rejects.toThrow('closed');
  });

  it('has the same answers with no cache, and with one that has no lines', async () => {
    for (const isCached of [false, true]) {
      const root = await bareTree(TREE);
      const cache = isCached && (await StatCache.open({ root, storage: createMemoryStorage() }));
      const snapshotter = await watch(root, { cache });
      await ask(snapshotter);
      appendFileSync(join(root, 'd/b'), '!');
      expect(await ask(snapshotter)).toBe('events');
      const { stats } = await snapshotter.snapshot();
      expect(stats.hits + Object.values(stats.misses).reduce((sum, count) => sum + count, 0)).toBe(4);
    }
  });
});

describe('a tree that cannot be watched', () => {
  it('has the same answers by scan with the engine in TypeScript, and says so once', async () => {
    const root = await museTree(TREE);
    vi.stubEnv('MUSE_ENGINE', 'typescript');
    onTestFinished(() => void vi.unstubAllEnvs());
    const logger = recordingLogger();
    const snapshotter = await watch(root, { logger });
    for (let i = 0; i < 3; i++) {
      appendFileSync(join(root, 'd/b'), '!');
      expect(await ask(snapshotter)).toBe('scan');
    }
    expect(logger.messages.warn).toEqual([expect.stringMatching(/^Cannot watch .*; each snapshot is taken/)]);
  });

  it.skipIf(!hasEvents)('is one on a file system that is not known to tell', async () => {
    const logger = recordingLogger();
    const snapshotter = await watch('/proc/sys/fs/inotify', { logger, cache: false });
    for (let i = 0; i < 2; i++) expect((await snapshotter.snapshot()).by).toBe('scan');
    expect(logger.messages.warn.join()).toMatch(/its file system \(0x9fa0\) is not known/);
  });

  it.skipIf(!hasEvents)('is a subtree on such a file system', async () => {
    const snapshotter = await watch('/', { subtree: 'proc/sys/fs/inotify', cache: false, ignore: false });
    for (let i = 0; i < 2; i++) expect((await snapshotter.snapshot()).by).toBe('scan');
  });
});

/** Returns the number of descriptors of this process, and of watches on them. */
function held(): { descriptors: number; watches: number } {
  const descriptors = readdirSync('/proc/self/fd').filter((descriptor) => {
    try {
      return readlinkSync(`/proc/self/fd/${descriptor}`) !== '';
    } catch {
      return false;
    }
  });
  const watches = descriptors.flatMap((descriptor) =>
    readFileSync(`/proc/self/fdinfo/${descriptor}`, 'latin1')
      .split('\n')
      .filter((line) => line.startsWith('inotify wd')),
  );
  return { descriptors: descriptors.length, watches: watches.length };
}

describe.skipIf(!hasEvents)('watching', () => {
  it('holds as many descriptors and watches after a thousand moves of directories as before', async () => {
    const [root, outside] = [await museTree(TREE), await bareTree()];
    const before = held();
    const snapshotter = await watchSettled(root);
    const watched = held();
    expect(watched.watches).toBe(before.watches + 4);
    for (let i = 0; i < effort(300, 1000); i++) {
      renameSync(join(root, 'd'), join(root, 'f/d'));
      if (i % 3 === 0) await snapshotter.snapshot();
      renameSync(join(root, 'f/d'), join(outside, 'd'));
      if (i % 4 === 0) await snapshotter.snapshot();
      renameSync(join(outside, 'd'), join(root, 'd'));
      if (i % 50 === 0) expect(await ask(snapshotter)).toBe('events');
    }
    await ask(snapshotter);
    expect(held()).toEqual(watched);
    await snapshotter.close();
    expect(held()).toEqual(before);
  });

  it('keeps no process alive', async () => {
    const root = await museTree(TREE);
    const by = await runNode(`
      const snapshotter = await openSnapshotter(${JSON.stringify(root)}, { watch: true });
      await snapshotter.snapshot();
      answer((await snapshotter.snapshot()).by);`);
    expect(by).toBe('events');
  });

  it('goes on after the process was stopped', async () => {
    const root = await museTree(TREE);
    const script = `
      const fs = await import('node:fs');
      const { execSync } = await import('node:child_process');
      const snapshotter = await openSnapshotter(${JSON.stringify(root)}, { watch: true });
      await snapshotter.snapshot();
      const stopped = 'until grep -q "^State:.T" /proc/' + process.pid + '/status; do sleep 0.1; done';
      execSync('(' + stopped + '; echo more >> ${root}/d/b; kill -CONT ' + process.pid + ') > /dev/null 2>&1 &');
      process.kill(process.pid, 'SIGSTOP');
      const { manifest, by } = await snapshotter.snapshot();
      const { manifest: truth } = await createSnapshot(${JSON.stringify(root)}, { cache: false });
      answer([by, [...manifest].join() === [...truth].join(), fs.readFileSync(${JSON.stringify(root)} + '/d/b', 'utf8')]);`;
    expect(await runNode(script)).toEqual(['events', true, 'bmore\n']);
  });
});

describe.skipIf(!hasEvents)('a snapshot by events', () => {
  it('has its own manifest while the next is taken', async () => {
    const root = await museTree(TREE);
    const snapshotter = await watchSettled(root);
    for (let i = 0; i < 5; i++) {
      const before = await snapshotter.snapshot();
      const { manifest: truth } = await createSnapshot(root, { cache: false, threads: 1 });
      appendFileSync(join(root, 'd/b'), '!');
      rmSync(join(root, 'f'), { recursive: true, force: true });
      mkdirSync(join(root, `new${String(i)}`));
      const seen: Manifest[] = [];
      const call: SnapshotCall = {
        onProgress: ({ phase }) => {
          if (phase === 'hash') seen.push(before.manifest);
        },
      };
      await snapshotter.snapshot(call);
      expect(seen.map((manifest) => [...manifest])).toContainEqual([...truth]);
    }
  });
});
