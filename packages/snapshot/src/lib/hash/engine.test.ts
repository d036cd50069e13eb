import { closeSync, lstatSync, mkdirSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { blobId } from '@muse/stat-cache';
import { tempDir } from '@muse/testkit';
import { DirectoryNode, nativeEngine, NEW, type NativeRoot } from '@muse/walker/scan';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { listingOf } from '../../../test/support/listings.js';
import { DirectoryResult } from '../take/join.js';
import { Batch, NativeHashEngine, TypeScriptHashEngine } from './engine.js';
import { HashReplyReader } from './reply.js';

const native = await nativeEngine(undefined);
const directory = tempDir();
const root = directory.path;
const contents: Readonly<Record<string, string>> = { 'd/a': 'one', 'd/b': 'two', 'e/c': 'three' };
let descriptor: number;

beforeAll(() => {
  for (const name of ['d', 'e']) mkdirSync(join(root, name));
  for (const [path, text] of Object.entries(contents)) writeFileSync(join(root, path), text);
  descriptor = openSync(root, 'r');
});
afterAll(async () => {
  closeSync(descriptor);
  await directory.remove();
});

/** Returns a directory as it would be listed; below a base, its path is given whole. */
function listed(path: string, base?: DirectoryNode<DirectoryResult>['base']): DirectoryResult {
  const identity = lstatSync(join(root, path), { bigint: true });
  const node = new DirectoryNode<DirectoryResult>(path, identity, undefined, { from: 0, to: 0 }, base);
  const names = Object.keys(contents).filter((file) => file.startsWith(`${path}/`));
  const files = names.map((file) => [file.slice(path.length + 1), NEW] as const);
  const stat = (name: string) => lstatSync(join(root, path, name), { bigint: true });
  return new DirectoryResult(node, listingOf(Object.fromEntries(files), [], stat), undefined);
}

function batchOf(...directories: DirectoryResult[]): Batch<DirectoryResult> {
  const batch = new Batch<DirectoryResult>();
  for (const result of directories) {
    const { listing } = result;
    for (const cursor = listing.entries(); cursor.entry < listing.length; cursor.next()) {
      result.addMiss(cursor, 'new');
      batch.add(result, cursor.entry, cursor.size);
    }
  }
  return batch;
}

/** Returns the digests of a reply, or why there is none, by file. */
function digestsIn(reply: Int32Array, files: number): string[] {
  const rows = new HashReplyReader(reply);
  return Array.from({ length: files }, (_, file) => {
    rows.moveTo(file);
    if (rows.verdict !== 'hashed') return rows.verdict;
    return `sha256:${Buffer.from(reply.buffer, reply.byteOffset + rows.digest * 4, 32).toString('hex')}`;
  });
}

const digests = Object.values(contents).map((text) => blobId(Buffer.from(text)));

describe.runIf(native)('NativeHashEngine', () => {
  type Hash = NativeRoot['native']['hash'];
  /** Returns the engine with another `hash`, the requests it got, and how many files went to the other engine. */
  const engineWith = async (hash: (asked: Parameters<Hash>[0], own: Hash) => ReturnType<Hash>, calls = 2) => {
    if (!native) throw new Error('There is no native engine');
    const asked: Parameters<Hash>[0][] = [];
    const own = native.native.hash.bind(native.native);
    const injected = {
      ...native.native,
      hash: (call: Parameters<Hash>[0]) => {
        asked.push({ ...call, request: call.request.slice() });
        return hash(call, own);
      },
    };
    const other = new TypeScriptHashEngine({ root, pool: undefined, calls: undefined, saving: undefined });
    const left: string[] = [];
    const hashFiles = other.hashFiles.bind(other);
    other.hashFiles = (files, signal) => {
      left.push(...files.map(({ name }) => name));
      return hashFiles(files, signal);
    };
    const opened = {
      ...native,
      native: injected,
      descriptor,
      calls,
      callsToQueue: calls,
      close: () => undefined,
    };
    const engine = new NativeHashEngine(opened, other);
    await engine.prepare({ count: 3, large: [] });
    return { engine, asked, left };
  };

  it('hashes the files of several directories in one call', async () => {
    const { engine, asked, left } = await engineWith((call, own) => own(call));
    const batch = batchOf(listed('d'), listed('e'));
    expect(digestsIn(await engine.hash(batch, undefined), 3)).toEqual(digests);
    expect([asked.length, left]).toEqual([1, []]);
  });

  it('uses the memory of a reply again once it was read, and not before', async () => {
    const { engine } = await engineWith((call, own) => own(call));
    const first = await engine.hash(batchOf(listed('d')), undefined);
    const second = await engine.hash(batchOf(listed('e')), undefined);
    expect(second.buffer).not.toBe(first.buffer);
    expect(digestsIn(first, 2)).toEqual(digests.slice(0, 2));
    engine.release(first);
    const third = await engine.hash(batchOf(listed('e'), listed('d')), undefined);
    expect(third.buffer).toBe(first.buffer);
    expect(digestsIn(third, 3)).toEqual([digests[2], digests[0], digests[1]]);
    expect(digestsIn(second, 1)).toEqual([digests[2]]);
  });

  it('asks in calls of their own for directories that are reached from others', async () => {
    const { engine, asked } = await engineWith((call, own) => own(call));
    // As if the path of `d` were `long/way/d`, of which all but `d` is held open.
    const base = { path: root, descriptor, length: 'long/way/'.length };
    const [d, e] = [listed('d'), listed('e')];
    const node = new DirectoryNode<DirectoryResult>('long/way/d', d.node, undefined, d.node.slice, base);
    const below = new DirectoryResult(node, d.listing, undefined);
    const reply = await engine.hash(batchOf(e, below, e), undefined);
    expect(digestsIn(reply, 4)).toEqual([digests[2], digests[0], digests[1], digests[2]]);
    expect(asked).toHaveLength(3);
  });

  it('leaves a batch to the other engine where the system refuses the call', async () => {
    let calls = 0;
    const { engine, left } = await engineWith((call, own) => {
      // As where OpenSSL is out of memory.
      if (calls++ === 0) return Promise.reject(Object.assign(new Error('Cannot hash'), { errno: -12 }));
      return own(call);
    });
    const batch = batchOf(listed('d'), listed('e'));
    expect(digestsIn(await engine.hash(batch, undefined), 3)).toEqual(digests);
    expect(left).toEqual(['a', 'b', 'c']);
    expect(digestsIn(await engine.hash(batch, undefined), 3)).toEqual(digests);
    expect(left).toHaveLength(3);
  });

  it('rejects where the call is wrong, or has no row for a file', async () => {
    const wrong = await engineWith(() => Promise.reject(new RangeError('not as they should be')));
    await expect(wrong.engine.hash(batchOf(listed('d')), undefined)).rejects.toThrow('not as they should be');
    const short = await engineWith(() => Promise.resolve(1));
    await expect(short.engine.hash(batchOf(listed('d')), undefined)).rejects.toThrow('a file has no row');
  });

  it('reads a file that has outgrown a call with the other engine', async () => {
    const { engine, left } = await engineWith((call, own) => own({ ...call, largest: 3 }));
    const batch = batchOf(listed('d'), listed('e'));
    expect(digestsIn(await engine.hash(batch, undefined), 3)).toEqual(digests);
    expect(left).toEqual(['c']);
  });

  it('has as many calls under way as may be queued', async () => {
    const { engine } = await engineWith((call, own) => own(call));
    expect(engine.capacity).toBe(2);
    const alone = await engineWith((call, own) => own(call), 1);
    expect(alone.engine.capacity).toBe(1);
  });

  it('asks for no more once it is aborted', async () => {
    const { engine, asked } = await engineWith((call, own) => own(call));
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(engine.hash(batchOf(listed('d')), signal)).rejects.toThrow('enough');
    expect(asked).toHaveLength(0);
  });
});
