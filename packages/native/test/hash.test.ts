import { createHash } from 'node:crypto';
import { chmodSync, existsSync, lstatSync, readFileSync, truncateSync } from 'node:fs';
import { packHashRequest } from '@muse/native';
import { fifo, hostileNames, makeTree, socket, symlink, tempDir, type TreeNode } from '@muse/testkit';
import { describe, expect, it, onTestFinished } from 'vitest';
import { judgeHash } from './support/judge.js';
import { hasNative, native, shared, wanted, withRoot } from './support/engine.js';
import { hashOne, unpackHashes } from './support/hashing.js';
import { asOrdinaryUser } from './support/ordinary.js';

async function temporary(spec: Parameters<typeof makeTree>[0] = {}): Promise<string> {
  const directory = tempDir();
  onTestFinished(() => directory.remove());
  return makeTree(spec, directory.path);
}

const stat = (path: string) => lstatSync(path, { bigint: true });

describe.skipIf(!hasNative)('hash()', () => {
  it('hashes files of every size as node:crypto, with their stats', async () => {
    const sizes = [0, 1, 55, 56, 63, 64, 65, 65_535, 65_536, 65_537, 131_072, 3_000_000];
    const spec = Object.fromEntries(sizes.map((size) => [`f${size}`, Buffer.alloc(size, `${size}`)]));
    const root = await temporary({ a: spec });
    const files = sizes.map((size) => ({ ...stat(`${root}/a/f${size}`), name: Buffer.from(`f${size}`) }));
    const directories = [{ ...wanted(root, 'a'), files }];
    const request = packHashRequest(directories);
    const reply = shared(files.length * 144);
    const results = unpackHashes(
      reply,
      withRoot(root, (descriptor) => native.hashSync({ root: descriptor, largest: 1 << 30, request, reply })),
    );
    expect(results.length).toBe(sizes.length);
    for (const [i, size] of sizes.entries()) {
      const path = `${root}/a/f${size}`;
      const result = results[i];
      expect(result?.digest).toBe(createHash('sha256').update(readFileSync(path)).digest('hex'));
      expect(result).toMatchObject({ outcome: 0, error: 0, bytesRead: BigInt(size) });
    }
    expect(Buffer.from(reply).equals(judgeHash(root, directories))).toBe(true);
  });

  it('hashes files of hostile names in several directories, as many as fit', async () => {
    const names = [...hostileNames];
    const spec = (prefix: string) =>
      new Map<Uint8Array, TreeNode>(names.map((name, i) => [name, `${prefix}${i}`]));
    const root = await temporary({ a: spec('a'), 'b/c': spec('c') });
    const directories = ['a', 'b/c'].map((path) => {
      const at = wanted(root, path);
      const full = (name: Uint8Array) => Buffer.concat([Buffer.from(`${root}/${path}/`), name]);
      return { ...at, files: names.map((name) => ({ ...lstatSync(full(name), { bigint: true }), name })) };
    });
    const request = packHashRequest(directories);
    const all = names.length * 2;
    for (const [capacity, fit] of [
      [0, 0],
      [143, 0],
      [144, 1],
      [144 * names.length + 143, names.length],
      [144 * (names.length + 1), names.length + 1],
      [144 * all + 500, all],
    ] as const) {
      const reply = shared(capacity).fill(0xa5);
      const answered = withRoot(root, (descriptor) =>
        native.hashSync({ root: descriptor, largest: 99, request, reply }),
      );
      expect(answered).toBe(fit);
      expect(reply.subarray(fit * 144).every((byte) => byte === 0xa5)).toBe(true);
      const expected = ['a', 'c'].flatMap((prefix) => names.map((_, i) => `${prefix}${i}`)).slice(0, fit);
      expect(unpackHashes(reply, answered).map(({ digest }) => digest)).toEqual(
        expected.map((text) => createHash('sha256').update(text).digest('hex')),
      );
      const judged = judgeHash(root, directories).subarray(0, fit * 144);
      expect(Buffer.from(reply.subarray(0, fit * 144)).equals(judged)).toBe(true);
    }
  });

  it('says why it has no digest', async () => {
    const root = await temporary({
      d: { file: 'x', link: symlink('file'), pipe: fifo(), sock: socket(), sub: {}, big: '12345' },
    });
    const directory = wanted(root, 'd');
    const file = stat(`${root}/d/file`);
    const run = (
      name: string,
      at = directory,
      identity: { dev: bigint; ino: bigint } = stat(`${root}/d/${name}`),
    ) => {
      const result = hashOne(native, root, { directory: at, file: identity }, name, 4);
      expect(result.record.subarray(0, 136).equals(Buffer.alloc(136))).toBe(true);
      const files = [{ ...identity, name: Buffer.from(name) }];
      if (name !== 'big') expect(result.record.equals(judgeHash(root, [{ ...at, files }]))).toBe(true);
      return [result.outcome, result.error];
    };
    expect(run('file', directory, { ...file, ino: file.ino + 1n })).toEqual([1, 0]);
    expect(run('file', directory, { ...file, dev: file.dev + 1n })).toEqual([1, 0]);
    expect(run('link')).toEqual([2, 0]);
    expect(run('pipe')).toEqual([2, 0]);
    expect(run('sock')).toEqual([2, 0]);
    expect(run('sub')).toEqual([2, 0]);
    expect(run('none', directory, file)).toEqual([1, 0]);
    expect(run('n'.repeat(300), directory, file)).toEqual([3, 36]);
    expect(run('big')).toEqual([5, 27]);
    expect(run('file', { ...directory, ino: directory.ino + 1n })).toEqual([1, 0]);
    expect(run('file', { ...directory, path: Buffer.from('none') })).toEqual([1, 0]);
    expect(run('file', { ...directory, path: Buffer.from('d/file') })).toEqual([1, 0]);
    expect(run('file', { ...directory, path: Buffer.from('n'.repeat(300)) })).toEqual([3, 36]);
    truncateSync(`${root}/d/big`, 4);
    expect(hashOne(native, root, { directory, file: stat(`${root}/d/big`) }, 'big', 4).outcome).toBe(0);
  });

  it.skipIf(!existsSync('/proc/version'))('reads a file to its end that says it is empty', () => {
    const result = hashOne(
      native,
      '/proc',
      { directory: wanted('/proc', ''), file: stat('/proc/version') },
      'version',
    );
    expect(result.digest).toBe(createHash('sha256').update(readFileSync('/proc/version')).digest('hex'));
    expect(result.outcome).toBe(0);
    expect(
      hashOne(native, '/proc', { directory: wanted('/proc', ''), file: stat('/proc/version') }, 'version', 3)
        .outcome,
    ).toBe(5);
  });

  it('says that a file or a directory may not be opened', async () => {
    const root = await temporary({ d: { file: 'x' }, e: { file: 'x' } });
    const d = { directory: wanted(root, 'd'), file: stat(`${root}/d/file`) };
    const e = { directory: wanted(root, 'e'), file: stat(`${root}/e/file`) };
    chmodSync(`${root}/d/file`, 0);
    chmodSync(`${root}/e`, 0);
    await asOrdinaryUser(root, () => {
      expect(hashOne(native, root, d, 'file')).toMatchObject({ outcome: 3, error: 13 });
      expect(hashOne(native, root, e, 'file')).toMatchObject({ outcome: 3, error: 13 });
    });
  });

  it('refuses a request that is not as it should be', async () => {
    const root = await temporary({ d: { file: 'x' } });
    const directory = wanted(root, 'd');
    const file = stat(`${root}/d/file`);
    for (const name of ['', '.', '..', 'a/b', '/', 'a\0', '../d/file', '/etc/passwd']) {
      expect(() => hashOne(native, root, { directory, file }, name), name).toThrow(RangeError);
    }
    const files = [{ ...file, name: Buffer.from('file') }];
    const whole = packHashRequest([{ ...directory, files }]);
    const reply = shared(144);
    for (let size = 1; size < whole.length; size++) {
      const request = whole.subarray(0, size);
      withRoot(root, (descriptor) => {
        expect(() => native.hashSync({ root: descriptor, largest: 9, request, reply }), `${size}`).toThrow(
          RangeError,
        );
      });
    }
    expect(() => native.hashSync({ root: 0, largest: -1, request: whole, reply })).toThrow(TypeError);
  });

  it.each([0, 1, 55, 56, 63, 64, 65, 100_000])('sha256() hashes %i bytes of any memory', (size) => {
    const bytes = new Uint8Array(size).map((_, i) => i * 7);
    const expected = createHash('sha256').update(bytes).digest('hex');
    const inShared = shared(size + 3).subarray(2, size + 2);
    inShared.set(bytes);
    for (const each of [bytes, Buffer.from(bytes), inShared]) expect(native.sha256?.(each)).toBe(expected);
  });

  it('sha256() refuses what are no bytes', () => {
    for (const other of [
      undefined,
      'abc',
      new ArrayBuffer(3),
      new Uint16Array(3),
      new DataView(new ArrayBuffer(3)),
    ]) {
      expect(() => native.sha256?.(other as unknown as Uint8Array), typeof other).toThrow(RangeError);
    }
    const detached = new Uint8Array(3);
    structuredClone(detached, { transfer: [detached.buffer] });
    expect(native.sha256?.(detached)).toBe(createHash('sha256').digest('hex'));
  });

  it('is right about itself', async () => {
    expect(await native.canHash()).toBe(true);
  });
});
