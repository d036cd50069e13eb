import { blobId } from '@muse/stat-cache';
import { SimFs } from '@muse/testkit';
import { describe, expect, it } from 'vitest';
import { bytesStorage, openSimCache, takeSimSnapshot } from './support/sim-snapshot.js';

// A tree that does not stand still while it is hashed: in a simulated file system, so that each edit comes just before
// the call that it is to surprise.

function simTree(): SimFs {
  const sim = new SimFs({ tickNs: 1n, callNs: 1_000n, readBytes: 1024 });
  sim.mkdir('/r');
  sim.write('/r/kept', Buffer.from('kept'));
  return sim;
}

/** Calls `edit` before each call of this name, with the path that it is about to use. */
function before(sim: SimFs, name: string, edit: (path: string) => void): void {
  let calls = 0;
  sim.fault = (call, path) => {
    if (++calls > 10_000) throw new Error('The snapshot does not come to an end');
    if (call === name) edit(path);
    return undefined;
  };
}

const kept = new Map([['kept', blobId(Buffer.from('kept'))]]);

describe('a snapshot of a tree in which', () => {
  it('each temporary file is gone before it is read, and another one is there, is complete', async () => {
    const sim = simTree();
    let count = 0;
    sim.write('/r/t0', Buffer.from('temporary'));
    before(sim, 'open', (path) => {
      if (!path.startsWith('/r/t')) return;
      if (sim.find(path)) sim.remove(path);
      sim.write(`/r/t${++count}`, Buffer.from('temporary'));
    });
    const { complete, problems, manifest, stats } = await takeSimSnapshot(sim, undefined);
    expect(problems).toEqual([]);
    expect(complete).toBe(true);
    expect(new Map(manifest)).toEqual(kept);
    expect(stats).toMatchObject({ files: 1, hits: 0, misses: { new: 1 } });
    expect(sim.openDescriptors).toBe(0);
  });

  it('each temporary directory is gone before its file is read, and another one is there, is complete', async () => {
    const sim = simTree();
    let count = 0;
    const make = () => {
      sim.mkdir(`/r/t${++count}`);
      sim.write(`/r/t${count}/f`, Buffer.from('temporary'));
    };
    make();
    before(sim, 'open', (path) => {
      if (!path.startsWith('/r/t')) return;
      sim.remove(path.slice(0, path.lastIndexOf('/')));
      make();
    });
    const { problems, manifest } = await takeSimSnapshot(sim, undefined);
    expect(problems).toEqual([]);
    expect(new Map(manifest)).toEqual(kept);
  });

  it('a file goes the last time it is looked for forgets what the cache had of it', async () => {
    const sim = simTree();
    sim.write('/r/f', Buffer.from('cached'));
    const storage = bytesStorage(sim);
    await takeSimSnapshot(sim, await openSimCache(sim, storage));
    sim.write('/r/f', Buffer.from('changed'));
    let times = 0;
    before(sim, 'open', (path) => {
      if (path !== '/r/f') return;
      sim.remove('/r/f');
      if (++times < 3) sim.write('/r/f', Buffer.from('replaced'));
    });
    const cache = await openSimCache(sim, storage);
    expect(cache.lines?.count).toBe(2);
    const { complete, stats } = await takeSimSnapshot(sim, cache);
    expect([complete, times]).toEqual([true, 3]);
    expect(stats).toMatchObject({ files: 1, pruned: 1 });
    expect(cache.has('f')).toBe(false);
  });

  it('a file is replaced each time before it is read is incomplete, and names it', async () => {
    const sim = simTree();
    sim.write('/r/f', Buffer.from('first'));
    before(sim, 'open', (path) => {
      if (path !== '/r/f') return;
      sim.remove('/r/f');
      sim.write('/r/f', Buffer.from('next'));
    });
    const { complete, problems, manifest } = await takeSimSnapshot(sim, undefined);
    expect(complete).toBe(false);
    expect(problems).toMatchObject([{ path: 'f', kind: 'torn', operation: 'read', code: 'ETORN' }]);
    expect(new Map(manifest)).toEqual(kept);
  });

  it('a file is written each time while it is read is incomplete, and names it', async () => {
    const sim = simTree();
    const node = sim.write('/r/f', Buffer.from('first'));
    sim.between = (call) => {
      if (call === 'read') sim.stampWrite(node);
    };
    const cache = await openSimCache(sim, bytesStorage(sim));
    const { problems, manifest } = await takeSimSnapshot(sim, cache);
    expect(problems).toMatchObject([{ path: 'f', kind: 'torn', code: 'ETORN' }]);
    expect(new Map(manifest)).toEqual(kept);
    expect([...cache.entries()].map(([path]) => path)).toEqual(['kept']);
  });

  it.each(['EMFILE', 'ENOMEM', 'EIO', 'EACCES'])(
    'the last look for a file that could not be opened fails with %s is incomplete, and names it',
    async (code) => {
      const sim = simTree();
      sim.write('/r/f', Buffer.from('first'));
      let opens = 0;
      sim.fault = (call, path) => {
        if (path !== '/r/f') return undefined;
        if (call === 'open') return ++opens <= 3 ? 'ENOENT' : undefined;
        return call === 'lstat' && opens === 3 ? code : undefined;
      };
      const { complete, problems, manifest } = await takeSimSnapshot(sim, undefined);
      expect(opens).toBe(3);
      expect(complete).toBe(false);
      expect(problems).toMatchObject([{ path: 'f' }]);
      expect(new Map(manifest)).toEqual(kept);
    },
  );

  it('a file cannot be opened for want of descriptors is incomplete, and says so', async () => {
    const sim = simTree();
    sim.write('/r/f', Buffer.from('first'));
    sim.fault = (call, path) => (call === 'open' && path === '/r/f' ? 'EMFILE' : undefined);
    const { problems } = await takeSimSnapshot(sim, undefined);
    expect(problems).toMatchObject([{ path: 'f', kind: 'io-error', operation: 'open', code: 'EMFILE' }]);
  });

  it.each([
    ['open', 'EIO', 'io-error'],
    ['open', 'ESTALE', 'io-error'],
    ['open', 'ENOMEM', 'io-error'],
    ['open', 'EACCES', 'unreadable'],
    ['read', 'EIO', 'io-error'],
    ['read', 'ESTALE', 'io-error'],
    ['fstat', 'EIO', 'io-error'],
  ] as const)('%s fails with %s is incomplete, with a problem of the kind %s', async (call, code, kind) => {
    const sim = simTree();
    sim.fault = (made) => (made === call ? code : undefined);
    const { complete, problems, manifest } = await takeSimSnapshot(sim, undefined);
    expect(complete).toBe(false);
    expect(problems).toMatchObject([{ path: 'kept', kind, operation: call, code }]);
    expect(manifest.size).toBe(0);
    expect(sim.openDescriptors).toBe(0);
  });

  it('one file goes while the others of its directory are hashed reads none of them twice', async () => {
    const sim = simTree();
    for (let i = 0; i < 20; i++) sim.write(`/r/f${i}`, Buffer.from(`file ${i}`));
    before(sim, 'open', (path) => {
      if (path === '/r/f7') sim.remove(path);
    });
    const { stats, complete } = await takeSimSnapshot(sim, undefined);
    expect(complete).toBe(true);
    expect(stats).toMatchObject({ files: 20, hashedFiles: 20, hits: 0, misses: { new: 20 } });
  });
});

// Edits that leave no trace in the stat: an entry from before them must not be a hit.
describe('the snapshot after one during which', () => {
  /** Takes two snapshots of a tree where `edit` is called before the system calls of the first, and expects the truth. */
  async function expectTruthAfter(sim: SimFs, edit: (call: string) => Buffer | undefined): Promise<void> {
    const storage = bytesStorage(sim);
    let last: Buffer | undefined;
    sim.between = (call) => {
      last = edit(call) ?? last;
    };
    await takeSimSnapshot(sim, await openSimCache(sim, storage));
    sim.between = () => undefined;
    if (last === undefined) throw new Error('The edit has not come about');
    const { manifest } = await takeSimSnapshot(sim, await openSimCache(sim, storage));
    expect(manifest.get('kept')).toBe(blobId(last));
  }

  it('a file was written again in the tick of its last write, after it was read, tells the truth', async () => {
    const sim = new SimFs({ tickNs: 1_000_000_000n, callNs: 1_000n, readBytes: 1024 });
    sim.nowNs += 500_000_000n;
    sim.mkdir('/r');
    sim.write('/r/kept', Buffer.from('kept'));
    let edited = false;
    await expectTruthAfter(sim, (call) => {
      if (call !== 'close' || edited) return undefined;
      edited = true;
      const { data } = sim.write('/r/kept', Buffer.from('EDIT'));
      sim.nowNs += 1_000_000_000n;
      return data;
    });
  });

  it('the bytes of a write came after its stamp, and after they were read, tells the truth', async () => {
    const sim = simTree();
    const node = sim.find('/r/kept');
    if (!node) throw new Error('There is no file to write to');
    let step: 'stamp' | 'bytes' | 'done' = 'stamp';
    await expectTruthAfter(sim, (call) => {
      if (step === 'stamp' && call === 'probe') {
        sim.stampWrite(node);
        sim.nowNs += 1_000_000n;
        step = 'bytes';
      } else if (step === 'bytes' && call === 'close') {
        node.data = Buffer.from('EDIT');
        step = 'done';
        return node.data;
      }
      return undefined;
    });
  });
});
