import { execFileSync } from 'node:child_process';
import { closeSync, lstatSync, openSync, readdirSync } from 'node:fs';
import { onTestFinished, describe, expect, it, vi } from 'vitest';
import { makeTree, removeTree, symlink } from '@muse/testkit';
import { DirentBuffer, linuxCalls, StatxRecord, tryLoading, type LinuxCalls } from './linux-directory.js';

const calls = linuxCalls();
/** Where the tests must not pass by skipping: koffi is installed, and not turned off. */
const expected =
  process.platform === 'linux' &&
  ['x64', 'arm64'].includes(process.arch) &&
  execFileSync('ldd', ['--version'], { encoding: 'utf8' }).includes('GLIBC') &&
  !process.env['MUSE_NO_KOFFI'];

describe('linuxCalls', () => {
  it('can be had wherever koffi is, and the C library that it calls', () => {
    expect(calls !== undefined).toBe(expected);
  });

  it.skipIf(!expected)('says the same the second time', () => {
    expect(linuxCalls()).toBe(calls);
  });

  it('cannot be had where MUSE_NO_KOFFI is set, and says nothing', async () => {
    const said = [vi.spyOn(process.stderr, 'write'), vi.spyOn(process.stdout, 'write')];
    onTestFinished(() => void vi.restoreAllMocks());
    onTestFinished(() => void vi.unstubAllEnvs());
    vi.stubEnv('MUSE_NO_KOFFI', '1');
    vi.resetModules();
    const { quickCalls } = await import('./linux-directory.js');
    expect(quickCalls().quicken).toBeUndefined();
    for (const write of said) expect(write).not.toHaveBeenCalled();
  });
});

/** Never called: what needs the calls is skipped without them. */
const NONE: LinuxCalls = {
  statx: () => -1,
  statxPath: () => -1,
  fstatx: () => -1,
  getdents: () => -1,
  rewind: () => -1,
  isAbsent: () => false,
};

describe.skipIf(!calls)('LinuxCalls', () => {
  const { statx, statxPath, fstatx, getdents, rewind, isAbsent } = calls ?? NONE;

  async function opened(): Promise<{ root: string; directory: number }> {
    const root = await makeTree({ é: 'e', d: {}, l: symlink('d') });
    const directory = openSync(root, 'r');
    onTestFinished(async () => {
      closeSync(directory);
      await removeTree(root);
    });
    return { root, directory };
  }

  it('gives the stat of an entry, and of the directory itself', async () => {
    const { root, directory } = await opened();
    const record = new StatxRecord();
    const expectTruth = (path: string, answer: number) => {
      expect(answer).toBe(0);
      const { dev, ino, mode } = lstatSync(path, { bigint: true });
      expect(record.isOf({ dev, ino })).toBe(true);
      expect(BigInt(record.mode)).toBe(mode);
      record.bytes.fill(0);
    };
    for (const name of ['é', 'd', 'l']) {
      expectTruth(`${root}/${name}`, statx(directory, name, record.bytes));
      expectTruth(`${root}/${name}`, statxPath(`${root}/${name}`, record.bytes));
    }
    expectTruth(root, fstatx(directory, record.bytes));
  });

  it('tells absence from any other trouble', async () => {
    const { directory } = await opened();
    const { bytes } = new StatxRecord();
    expect([statx(directory, 'f', bytes), isAbsent()]).toEqual([-1, true]);
    expect([statx(directory, 'x'.repeat(300), bytes), isAbsent()]).toEqual([-1, false]);
    expect([statx(1_000_000, 'd', bytes), isAbsent()]).toEqual([-1, false]);
  });

  it('lists a directory, and once more from the start', async () => {
    const { root, directory } = await opened();
    const buffer = new DirentBuffer();
    for (let time = 0; time < 2; time++) {
      const names: string[] = [];
      buffer.addNames(getdents(directory, buffer.bytes), names);
      expect(names.sort()).toEqual(readdirSync(root).sort());
      expect(getdents(directory, buffer.bytes)).toBe(0);
      expect(rewind(directory)).toBe(0);
    }
    expect(getdents(1_000_000, buffer.bytes)).toBe(-1);
  });

  it('are not used where they say something else than Node', () => {
    const real = calls ?? NONE;
    expect(tryLoading(() => real)).toBe(real);
    expect(tryLoading(() => ({ ...real, statxPath: () => -1 }))).toBeUndefined();
    const twisted = (offset: number): LinuxCalls => ({
      ...real,
      statxPath: (path, record) => {
        const answer = real.statxPath(path, record);
        record[offset] = (record[offset] ?? 0) ^ 0x40;
        return answer;
      },
    });
    // The mask, the mode, the inode number and the device.
    for (const offset of [0, 28, 32, 140]) expect(tryLoading(() => twisted(offset))).toBeUndefined();
  });

  it('cannot be had where loading them fails', () => {
    const fail = (): LinuxCalls => {
      throw new Error('no such library');
    };
    expect(tryLoading(fail)).toBeUndefined();
  });
});
