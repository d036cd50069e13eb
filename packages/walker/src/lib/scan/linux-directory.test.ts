import { lstatSync, mkdirSync, readdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { holdDirectory } from '@muse/paths';
import { fifo, hostileNames, makeTree, removeTree, socket, symlink, type TreeSpec } from '@muse/testkit';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { callsBy, linuxCalls, LinuxDirectory, quickCalls, type LinuxCalls } from './linux-directory.js';
import { systemCalls, type OpenedDirectory, type ScanCalls } from './open-directory.js';
import { DETAIL_WORDS, Details, PackedStats } from './packed-stat.js';
import { listingsIn, ReplyWriter } from './reply.js';
import { scanDirectory } from './engine.js';
import { show, type Shown } from '../../../test/support/listings.js';

const linux = linuxCalls();

async function make(spec: TreeSpec): Promise<string> {
  const root = await makeTree(spec);
  onTestFinished(() => removeTree(root));
  return root;
}

/** What stands behind a directory, and what it was asked. */
class Fallback implements OpenedDirectory {
  readonly log: string[] = [];
  is = () => (this.log.push('is'), true);
  names = () => (this.log.push('names'), ['by path']);
  stat = (name: string) => (this.log.push(`stat ${name}`), 7);
  directories = () => (this.log.push('directories'), undefined);
  isStill = () => (this.log.push('isStill'), true);
  close = () => undefined;
}

/** Returns how many stats were added to memory that was all zero. */
function countOf({ words }: Details): number {
  return words.findLastIndex((word) => word !== 0) < 0
    ? 0
    : Math.ceil((words.findLastIndex((word) => word !== 0) + 1) / DETAIL_WORDS);
}

describe.skipIf(!linux)('LinuxDirectory', () => {
  const real = linux ?? ({} as LinuxCalls);

  function opened(root: string, calls: Partial<LinuxCalls> = {}) {
    const fallback = new Fallback();
    const held = holdDirectory(root);
    if (!held) throw new Error('This system cannot hold a directory');
    onTestFinished(() => {
      held.close();
    });
    const directory = new LinuxDirectory({ ...real, ...calls }, held.descriptor, root, fallback);
    return { directory, fallback, stats: new Details() };
  }

  it('is the directory that was opened, and no other', async () => {
    const root = await make({ d: {} });
    const { directory } = opened(root);
    expect(directory.is(lstatSync(root, { bigint: true }))).toBe(true);
    expect(directory.is(lstatSync(join(root, 'd'), { bigint: true }))).toBe(false);
    const { directory: unknown, fallback } = opened(root, { fstatx: () => -1 });
    expect([unknown.is({ dev: 1n, ino: 1n }), fallback.log]).toEqual([true, ['is']]);
  });

  it('lists and stats in what was opened, whatever becomes of its path', async () => {
    const root = await make({ d: { a: '1', b: '22' }, other: { c: '333' } });
    const path = join(root, 'd');
    const { directory, fallback, stats } = opened(path);
    const { ino } = lstatSync(join(path, 'a'), { bigint: true });
    renameSync(path, join(root, 'away'));
    symlinkSync('other', path);
    expect(directory.names()).toEqual(['a', 'b']);
    expect(directory.stat('a', stats)).toBe(lstatSync(join(root, 'away/a')).mode);
    expect(directory.stat('c', stats)).toBeUndefined();
    expect(new PackedStats(stats.words).at(0).ino).toBe(ino);
    expect([countOf(stats), fallback.log]).toEqual([1, []]);
  });

  it('lists again from the start', async () => {
    const root = await make({ a: '' });
    const { directory } = opened(root);
    expect(directory.names()).toEqual(['a']);
    writeFileSync(join(root, 'b'), '');
    expect(directory.names()).toEqual(['a', 'b']);
  });

  it('lists more names than one call gives', async () => {
    const names = Array.from({ length: 2000 }, (_, i) => `${i}`.padStart(40, '0'));
    const root = await make(Object.fromEntries(names.map((name) => [name, ''])));
    expect(opened(root).directory.names()).toEqual(names);
  });

  it('leaves to the other what the quick calls cannot answer', async () => {
    const root = await make({ a: '' });
    const log = (calls: Partial<LinuxCalls>) => {
      const { directory, fallback, stats } = opened(root, calls);
      const names = [directory.names(), directory.names()];
      const mode = directory.stat('a', stats);
      return { names, mode, log: fallback.log };
    };
    const failing = { statx: () => -1, isAbsent: () => false };
    expect(log(failing)).toMatchObject({ mode: 7, log: ['stat a'] });
    expect(log({ getdents: () => -1 }).log).toEqual(['names', 'names']);
    expect(log({ rewind: () => -1 }).names).toEqual([['a'], ['by path']]);
  });

  it('leaves to the other a record without all that is needed', async () => {
    const root = await make({ a: '' });
    const statx: LinuxCalls['statx'] = (directory, name, record) => {
      const answer = real.statx(directory, name, record);
      record[0] = 0;
      return answer;
    };
    const { directory, fallback, stats } = opened(root, { statx });
    expect(directory.stat('a', stats)).toBe(7);
    expect([fallback.log, countOf(stats)]).toEqual([['stat a'], 0]);
  });

  it('is still at its path, or asks the other where it cannot tell', async () => {
    const root = await make({ d: {} });
    const identity = lstatSync(root, { bigint: true });
    const other = lstatSync(join(root, 'd'), { bigint: true });
    const { directory, fallback } = opened(root);
    expect([directory.isStill(identity), directory.isStill(other), fallback.log]).toEqual([true, false, []]);
    const { directory: mute, fallback: asked } = opened(root, { statxPath: () => -1 });
    expect([mute.isStill(other), asked.log]).toEqual([true, ['isStill']]);
  });

  it('is not at its path where something else has its recycled inode number', async () => {
    const root = await make({});
    const statxPath: LinuxCalls['statxPath'] = (path, written) => {
      const answer = real.statxPath(path, written);
      // The type of a symbolic link, in the upper half of `stx_mode`.
      written[29] = 0xa0;
      return answer;
    };
    expect(opened(root, { statxPath }).directory.isStill(lstatSync(root, { bigint: true }))).toBe(false);
  });

  it('leaves to the other a name that is not UTF-8', async () => {
    const { directory, fallback, stats } = opened(await make({ 'a\udcff': '' }));
    expect(directory.names()).toEqual(['a\udcff']);
    expect(directory.stat('a\udcff', stats)).toBe(7);
    expect(fallback.log).toEqual(['stat a\udcff']);
  });
});

/** Lists the directory at `path` below `root`, which is taken for the one that is there now. */
function scan(calls: ScanCalls, root: string, path = '', maxNames?: number): Shown & { reply: Uint8Array } {
  const { dev, ino } = lstatSync(join(root, path), { bigint: true });
  return scanAs(calls, root, { path, dev, ino }, maxNames);
}

/** Lists the directory with an identity; the reply is all that an engine says, stats included. */
function scanAs(
  calls: ScanCalls,
  root: string,
  directory: { readonly path: string; readonly dev: bigint; readonly ino: bigint },
  maxNames?: number,
): Shown & { reply: Uint8Array } {
  const writer = new ReplyWriter();
  scanDirectory(calls, root, { ...directory, slice: { from: 0, to: 0 } }, writer, { maxNames });
  const reply = writer.take();
  const [listing] = listingsIn(reply);
  if (!listing) throw new Error('The reply has no record');
  return { ...show(listing, directory.path), reply };
}

/** The quick calls, with an edit after the names of a directory were listed. */
function afterNames(edit: () => void): ScanCalls {
  if (!linux) throw new Error('There are no quick calls');
  const { getdents } = linux;
  return callsBy({
    ...linux,
    getdents: (directory, buffer) => {
      const length = getdents(directory, buffer);
      if (length === 0) edit();
      return length;
    },
  });
}

describe.skipIf(!linux)('scanDirectory, by descriptor', () => {
  const openFiles = () => readdirSync('/proc/self/fd').length;

  it('says what it says by path', async () => {
    const hostile = new Map<Uint8Array, string>(hostileNames.map((name) => [name, 'x']));
    const root = await make({
      hostile,
      kinds: { a: {}, 'a.c': '', a0: '', l: symlink('a'), p: fifo(), s: socket(), '.git': {} },
      empty: {},
      '\u{1f600}': { '\u{1f601}': '', '\uff5e': '' },
    });
    for (const path of ['', 'hostile', 'kinds', 'empty', '\u{1f600}']) {
      const quick = scan(quickCalls(), root, path);
      expect(quick).toEqual(scan(systemCalls, root, path));
      expect(quick.outcome).toBe('listed');
    }
  });

  it('says what it says by path, of any names', async () => {
    const names = fc
      .uint8Array({ minLength: 1, maxLength: 40 })
      .map((name) => name.map((byte) => (byte === 0 || byte === 0x2f ? 0x61 : byte)))
      .filter((name) => name.some((byte) => byte !== 0x2e));
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(names, { selector: String, maxLength: 30 }), async (all) => {
        const root = await makeTree(new Map(all.map((name, i) => [name, i % 3 === 0 ? {} : 'x'])));
        try {
          expect(scan(quickCalls(), root)).toEqual(scan(systemCalls, root));
        } finally {
          await removeTree(root);
        }
      }),
      { numRuns: 50 },
    );
  });

  it('says what it says by path where something cannot be had', async () => {
    const root = await make({ d: {}, file: '' });
    const { dev, ino } = lstatSync(join(root, 'd'), { bigint: true });
    const outcome = (calls: ScanCalls, path: string) => scanAs(calls, root, { path, dev, ino });
    for (const path of ['file', 'absent', 'file/below', 'x'.repeat(300)]) {
      expect(outcome(quickCalls(), path)).toEqual(outcome(systemCalls, path));
    }
  });

  it('sees another directory in the place of the one that was listed, even if that is back at the end', async () => {
    const root = await make({ d: { a: '' }, other: { b: '' } });
    const [d, other, away] = ['d', 'other', 'away'].map((name) => join(root, name)) as [
      string,
      string,
      string,
    ];
    const calls: ScanCalls = {
      ...quickCalls(),
      hold: (path) => {
        renameSync(d, away);
        renameSync(other, d);
        const held = holdDirectory(path);
        renameSync(d, other);
        renameSync(away, d);
        return held;
      },
    };
    expect(scan(calls, root, 'd')).toMatchObject({ outcome: 'moved', names: [] });
  });

  it('sees that its directory was moved away while it was listed', async () => {
    const root = await make({ d: { a: '' } });
    const calls = afterNames(() => {
      renameSync(join(root, 'd'), join(root, 'away'));
      mkdirSync(join(root, 'd'));
    });
    expect(scan(calls, root, 'd')).toMatchObject({ outcome: 'moved' });
  });

  it('sees that a link, or nothing, is where its directory was', async () => {
    const root = await make({ d: { a: '' }, e: { a: '' } });
    const linked = afterNames(() => {
      renameSync(join(root, 'd'), join(root, 'away'));
      symlinkSync('away', join(root, 'd'));
    });
    expect(scan(linked, root, 'd')).toMatchObject({ outcome: 'moved' });
    const gone = afterNames(() => {
      renameSync(join(root, 'e'), join(root, 'gone'));
    });
    expect(scan(gone, root, 'e')).toMatchObject({ outcome: 'moved' });
  });

  it('closes what it opened, whatever comes of it', async () => {
    const root = await make({ a: '', d: {} });
    const before = openFiles();
    for (let i = 0; i < 50; i++) {
      scan(quickCalls(), root);
      scan(quickCalls(), root, '', 1);
      const moved = { path: '', dev: 1n, ino: 1n };
      expect(scanAs(quickCalls(), root, moved).outcome).toBe('moved');
      const failing = afterNames(() => {
        throw Object.assign(new Error('no'), { code: 'EIO' });
      });
      expect(scan(failing, root).outcome).toBe('failed');
      const throwing = afterNames(() => {
        throw new Error('no');
      });
      expect(() => scan(throwing, root)).toThrow('no');
    }
    expect(openFiles()).toBe(before);
  });
});
