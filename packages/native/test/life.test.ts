import { execFile, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { built, effort, kernelTree, tempDir } from '@muse/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packHashRequest, packScanRequest } from '@muse/native';
import { hasNative, native, shared, wanted, withRoot } from './support/engine.js';
import { unpackHashes } from './support/hashing.js';

const place = tempDir();
beforeAll(() => {
  kernelTree({ root: place.path, files: 500 });
  for (let i = 0; i < 1000; i++) writeFileSync(`${place.path}/${i}`, '');
  writeFileSync(`${place.path}/large`, Buffer.alloc(10_000_000));
});
afterAll(() => place.remove());

/** A module that starts calls: `scans` and `hashes` run for some 10 ms each. */
const calls = `
  import { openSync, lstatSync } from 'node:fs';
  import { loadNative, packScanRequest, packHashRequest } from ${JSON.stringify(built('@muse/native'))};
  const { native } = loadNative();
  const bytes = (size) => new Uint8Array(new SharedArrayBuffer(size));
  const path = ${JSON.stringify(place.path)};
  const { dev, ino } = lstatSync(path, { bigint: true });
  const large = lstatSync(path + '/large', { bigint: true });
  const none = { dev, ino, from: 0, to: 0, path: new Uint8Array() };
  const scanCall = (root) => ({ root, request: packScanRequest(Array(8).fill(none)), lines: bytes(0), reply: bytes(1 << 22) });
  const file = { dev: large.dev, ino: large.ino, name: Buffer.from('large') };
  const hashCall = (root) => ({ root, largest: 1e9, request: packHashRequest([{ ...none, files: [file] }]), reply: bytes(144) });
`;

function runModule(code: string, timeout = 200_000) {
  return spawnSync(process.execPath, ['--input-type=module', '-e', calls + code], {
    encoding: 'utf8',
    timeout,
  });
}

describe.skipIf(!hasNative)('a call', () => {
  it('answers on the pool as it does at once, many at a time', async () => {
    const request = packScanRequest([wanted(place.path, '')]);
    const files = [{ ...wanted(place.path, 'large'), name: Buffer.from('large') }];
    const hashRequest = packHashRequest([{ ...wanted(place.path, ''), files }]);
    const lines = shared(0);
    await withRoot(place.path, async (root) => {
      const expected = shared(1 << 20);
      native.scanSync({ root, request, lines, reply: expected });
      const replies = Array.from({ length: 100 }, () => shared(1 << 20));
      const answers = await Promise.all(replies.map((reply) => native.scan({ root, request, lines, reply })));
      expect(answers).toEqual(replies.map(() => 1));
      for (const reply of replies) expect(Buffer.compare(reply, expected)).toBe(0);
      const [once, again] = [shared(144), shared(144)];
      native.hashSync({ root, largest: 1e9, request: hashRequest, reply: once });
      expect(await native.hash({ root, largest: 1e9, request: hashRequest, reply: again })).toBe(1);
      expect(unpackHashes(again, 1)).toEqual(unpackHashes(once, 1));
    });
  });

  it('rejects for a request that is not as it should be', async () => {
    const call = { root: 0, request: shared(7), reply: shared(144) };
    await expect(native.scan({ ...call, lines: shared(0) })).rejects.toThrow(RangeError);
    await expect(native.hash({ ...call, largest: 1 })).rejects.toThrow(RangeError);
    await expect(native.scan({ ...call, lines: new Uint8Array(8) })).rejects.toThrow(TypeError);
  });

  it.each([
    'process.exit(7)',
    'process.reallyExit(7)',
    'setTimeout(() => process.exit(7), 3)',
    'process.exitCode = 7',
  ])('is no trouble to a process that ends meanwhile: %s', (end) => {
    for (let i = 0; i < 3; i++) {
      const { status, signal, stderr } = runModule(`
          const root = openSync(path, 'r');
          for (let i = 0; i < 6; i++) { void native.scan(scanCall(root)); void native.hash(hashCall(root)); }
          ${end};
        `);
      expect({ status, signal, stderr }).toEqual({ status: 7, signal: null, stderr: '' });
    }
  });

  it('is no trouble to many threads that are terminated meanwhile, and leaves no descriptor', async () => {
    const code = `
      import { readdirSync, readlinkSync } from 'node:fs';
      import { Worker } from 'node:worker_threads';
      const root = openSync(path, 'r');
      const endings = [];
      for (let i = 0; i < ${effort(20, 100)}; i++) {
        const worker = new Worker(new URL('data:text/javascript,' + encodeURIComponent(${JSON.stringify(calls)} + \`
          import { parentPort, workerData } from 'node:worker_threads';
          const { root, i } = workerData;
          parentPort.postMessage('running');
          for (;;) {
            if (i % 3 !== 0) { native.scanSync(scanCall(root)); native.hashSync(hashCall(root)); }
            if (i % 3 !== 1) await Promise.all([native.scan(scanCall(root)), native.hash(hashCall(root))]);
          }
        \`)), { workerData: { root, i } });
        worker.on('error', (error) => { console.log(String(error)); process.exitCode = 1; });
        const running = new Promise((resolve) => worker.once('message', resolve));
        const later = () => new Promise((resolve) => setTimeout(resolve, (i * 7) % 60));
        endings.push(running.then(later).then(() => worker.terminate()));
        if (i % 10 === 9) await Promise.all(endings.splice(0));
      }
      const after = readdirSync('/proc/self/fd').map((it) => {
        try { return readlinkSync('/proc/self/fd/' + it); } catch { return ''; }
      }).filter((it) => it.startsWith(path));
      console.log('left:', ...after);
    `;
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [
      '--input-type=module',
      '-e',
      calls + code,
    ]);
    expect({ stdout, stderr }).toEqual({ stdout: `left: ${place.path}\n`, stderr: '' });
  });
});
