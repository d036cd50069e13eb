import { constants } from 'node:os';
import { getSystemErrorMap } from 'node:util';
import { describe, expect, it } from 'vitest';
import {
  directory,
  FakeCalls,
  file,
  HeldCalls,
  link,
  special,
  systemError,
  type FakeNode,
} from '../../../test/support/fake-tree.js';
import { show, type Shown } from '../../../test/support/listings.js';
import { listingsIn, ReplyWriter } from './reply.js';
import { scanDirectory } from './engine.js';

/** Lists the directory at `path`, which is taken for the inode that is there now. */
function scan(calls: FakeCalls, path = '', maxNames?: number): Shown {
  const { dev, ino } = nodeAt(calls.root, path);
  return scanAs(calls, { path, dev, ino }, maxNames);
}

/** Lists the directory that was listed with an identity. */
function scanAs(
  calls: FakeCalls,
  { path, dev, ino }: { path: string; dev: bigint; ino: bigint },
  maxNames?: number,
): Shown {
  const reply = new ReplyWriter();
  scanDirectory(calls, '/root', { path, dev, ino, slice: { from: 0, to: 0 } }, reply, { maxNames });
  const [listing] = listingsIn(reply.take());
  if (!listing) throw new Error('The reply has no record');
  return show(listing, path);
}

function nodeAt(root: FakeNode, path: string): FakeNode {
  let node = root;
  for (const segment of path.split('/')) node = node.children.get(segment) ?? node;
  return node;
}

/** Runs `edit` once, before the first call that reads `call path`. */
function once(calls: FakeCalls, moment: string, edit: () => void): void {
  let done = false;
  calls.before = (call, path) => {
    if (done || `${call} ${path}` !== moment) return;
    done = true;
    edit();
  };
}

function failing(calls: FakeCalls, moment: string, code: string): void {
  calls.before = (call, path) => {
    if (`${call} ${path}` === moment) throw systemError(code, call === 'lstat' ? 'lstat' : 'scandir');
  };
}

/** Returns what is said of an error: Node has no words for some of the system's. */
function messageOf(code: keyof typeof constants.errno): string {
  const known = [...getSystemErrorMap().values()].find(([name]) => name === code);
  return known?.[1] ?? `system error ${constants.errno[code]}`;
}

describe('scanDirectory', () => {
  it('gives files and directories with their stats, and counts the rest by kind', () => {
    const entries = {
      a: file(),
      d: directory(),
      l: link(file()),
      p: special('fifo'),
      s: special('socket'),
      b: special('device'),
      u: special('unknown'),
    };
    const scanned = scan(new FakeCalls(directory(entries)));
    expect(scanned).toMatchObject({
      outcome: 'listed',
      names: ['a', 'd'],
      kinds: ['file', 'directory'],
      problems: [],
    });
    expect(scanned.inodes).toEqual([entries.a.ino, entries.d.ino]);
    expect(scanned.leftOut).toEqual(['symlink', 'fifo', 'socket', 'device', 'unknown']);
  });

  it('makes one lstat an entry, one listing and one lstat of the directory', () => {
    const calls = new FakeCalls(directory({ d: directory({ a: file(), b: file() }) }));
    scan(calls, 'd');
    expect(calls.log).toEqual(['names d', 'lstat d/a', 'lstat d/b', 'lstat d']);
  });

  it('holds the directory open meanwhile, where it can', () => {
    const calls = new HeldCalls(directory({ d: directory({ a: file() }) }));
    scan(calls, 'd');
    expect(calls.log).toEqual(['open d', 'fstat d', 'names d', 'lstat d/a', 'lstat d', 'close d']);
  });

  it.each(['open', 'fstat', 'names', 'lstat'])('closes what it holds where %s fails', (failed) => {
    const calls = new HeldCalls(directory({ d: directory() }));
    calls.before = (call) => {
      if (call === failed) throw systemError('EMFILE', call);
    };
    expect(scan(calls, 'd')).toMatchObject({ outcome: 'failed', problems: [{ path: 'd', code: 'EMFILE' }] });
    expect(calls.heldCount).toBe(0);
  });

  it.each(['.git', '.muse'])('leaves out %s without looking at it', (name) => {
    const calls = new FakeCalls(directory({ [name]: directory(), [`${name}x`]: file() }));
    const scanned = scan(calls);
    expect(scanned).toMatchObject({ names: [`${name}x`], leftOut: ['reserved'] });
    expect(calls.log).not.toContain(`lstat ${name}`);
  });

  it('sorts a directory by the paths below it: a/ after a.c, before a0', () => {
    const entries = { a0: file(), 'a.c': file(), a: directory(), 'a-': file(), 'a.': directory() };
    const scanned = scan(new FakeCalls(directory(entries)));
    expect(scanned.names).toEqual(['a-', 'a.', 'a.c', 'a', 'a0']);
    expect(scanned.kinds).toEqual(['file', 'directory', 'file', 'directory', 'file']);
    expect(scanned.inodes).toEqual([
      entries['a-'].ino,
      entries['a.'].ino,
      entries['a.c'].ino,
      entries.a.ino,
      entries.a0.ino,
    ]);
  });

  it('sorts by bytes where UTF-16 units would not', () => {
    const names = ['\u{1f600}', '\udcff', '\uff5e', 'z'];
    const root = directory(Object.fromEntries(names.map((name) => [name, file()])));
    expect(scan(new FakeCalls(root)).names).toEqual(['z', '\uff5e', '\u{1f600}', '\udcff']);
  });

  it('keeps names that are not UTF-8, and U+FFFD that is one', () => {
    const entries = { '\ufffd': file(), 'a\udcff': file(), '\udc80': directory() };
    const calls = new FakeCalls(directory(entries));
    const scanned = scan(calls);
    expect(scanned.names).toEqual(['a\udcff', '\udc80', '\ufffd']);
    expect(scanned.inodes).toEqual([entries['a\udcff'].ino, entries['\udc80'].ino, entries['\ufffd'].ino]);
    expect(scanned.problems).toEqual([]);
  });

  it('reaches into a directory whose own name is not UTF-8', () => {
    const inner = file();
    const calls = new FakeCalls(directory({ 'd\udcff': directory({ é: inner }) }));
    expect(scan(calls, 'd\udcff')).toMatchObject({ outcome: 'listed', names: ['é'], inodes: [inner.ino] });
  });

  it('takes inode numbers from 2^63 on, which Node gives as negative ones, for the same directory', () => {
    const root = directory({ a: file() });
    root.ino = -5n;
    const listedAs = { path: '', dev: root.dev, ino: BigInt.asUintN(64, -5n) };
    expect(scanAs(new FakeCalls(root), listedAs).outcome).toBe('listed');
  });

  it('calls a directory too large that has more names than allowed, without any lstat', () => {
    const calls = new FakeCalls(directory({ a: file(), b: file() }));
    expect(scan(calls, '', 1)).toMatchObject({ outcome: 'too-large', names: [], inodes: [] });
    expect(calls.log).toEqual(['names ']);
    expect(scan(calls, '', 2).outcome).toBe('listed');
  });

  it('takes a name that a listing gives twice for one entry', () => {
    const calls = new FakeCalls(directory({ a: file() }));
    calls.ghosts.set('', ['a', 'a']);
    expect(scan(calls)).toMatchObject({ names: ['a'], kinds: ['file'], leftOut: [], problems: [] });
  });
});

describe('scanDirectory, when names vanish', () => {
  it('takes a name that vanished between readdir and lstat for gone', () => {
    const calls = new FakeCalls(directory({ a: file(), b: file() }));
    once(calls, 'lstat a', () => calls.root.children.delete('a'));
    expect(scan(calls)).toMatchObject({ outcome: 'listed', names: ['b'], problems: [] });
    expect(calls.log).toEqual(['names ', 'lstat a', 'lstat b', 'names ', 'lstat ']);
  });

  it('lists once however many vanished', () => {
    const names = Array.from({ length: 50 }, (_, index) => `f${index}`);
    const calls = new FakeCalls(directory(Object.fromEntries(names.map((name) => [name, file()]))));
    once(calls, 'lstat f0', () => {
      calls.root.children.clear();
    });
    expect(scan(calls)).toMatchObject({ outcome: 'listed', names: [], problems: [] });
    expect(calls.log.filter((call) => call === 'names ')).toHaveLength(2);
  });

  it('finds a name that came back meanwhile', () => {
    const returned = file();
    const calls = new FakeCalls(directory({ a: file(), b: file() }));
    calls.before = (call, path) => {
      if (call === 'lstat' && path === 'a') calls.root.children.delete('a');
      if (call === 'lstat' && path === 'b') {
        calls.root.children.set('a', returned);
        calls.before = () => undefined;
      }
    };
    const scanned = scan(calls);
    expect(scanned).toMatchObject({ names: ['a', 'b'], problems: [] });
    expect(scanned.inodes[0]).toBe(returned.ino);
  });

  it('names a problem where a name without an entry is still listed', () => {
    const calls = new FakeCalls(directory({ d: directory({ b: file() }) }));
    calls.ghosts.set('d', ['a']);
    const scanned = scan(calls, 'd');
    expect(scanned).toMatchObject({ outcome: 'listed', names: ['b'] });
    expect(scanned.problems).toEqual([
      {
        path: 'd/a',
        kind: 'unreadable',
        operation: 'lstat',
        code: 'ENOENT',
        message: 'no such file or directory',
      },
    ]);
  });

  it.each(['EIO', 'EACCES'])(
    'names the entry, not the directory, when its second lstat fails with %s',
    (code) => {
      const calls = new FakeCalls(directory({ b: file() }));
      calls.ghosts.set('', ['a']);
      let lstats = 0;
      calls.before = (call, path) => {
        if (call === 'lstat' && path === 'a' && ++lstats === 2) throw systemError(code, 'lstat');
      };
      const scanned = scan(calls);
      expect(scanned).toMatchObject({ outcome: 'listed', names: ['b'] });
      expect(scanned.problems).toMatchObject([{ path: 'a', operation: 'lstat', code }]);
    },
  );
});

describe('scanDirectory, when the directory is replaced', () => {
  const outside = directory({ a: file(), b: file(), secret: file() });
  const replacements: [string, () => FakeNode][] = [
    ['another directory', () => directory({ a: file(), b: file() })],
    ['a link out of the root', () => link(outside)],
    ['a file', file],
  ];
  const moments = ['names d', 'lstat d/a', 'lstat d/b', 'lstat d'];
  const cases = replacements.flatMap(([what, make]) =>
    moments.map((moment) => [what, moment, make] as const),
  );

  it.each(cases)('by %s before %s, it has moved', (_, moment, make) => {
    const calls = new FakeCalls(directory({ d: directory({ a: file(), b: file() }) }));
    once(calls, moment, () => calls.root.children.set('d', make()));
    expect(scan(calls, 'd').outcome).toBe('moved');
  });

  it.each(moments)('by nothing before %s, it has moved', (moment) => {
    const calls = new FakeCalls(directory({ d: directory({ a: file(), b: file() }) }));
    once(calls, moment, () => calls.root.children.delete('d'));
    expect(scan(calls, 'd').outcome).toBe('moved');
  });

  it.each(moments)('by a link with its recycled inode number before %s, it has moved', (moment) => {
    const calls = new FakeCalls(directory({ d: directory({ a: file(), b: file() }) }));
    const recycled = link(outside);
    recycled.ino = nodeAt(calls.root, 'd').ino;
    once(calls, moment, () => calls.root.children.set('d', recycled));
    expect(scan(calls, 'd').outcome).toBe('moved');
  });

  it('by a directory with the same number on another device, it has moved', () => {
    const calls = new FakeCalls(directory({ d: directory() }));
    const mounted = directory();
    mounted.ino = nodeAt(calls.root, 'd').ino;
    mounted.dev = 2n;
    once(calls, 'names d', () => calls.root.children.set('d', mounted));
    expect(scan(calls, 'd').outcome).toBe('moved');
  });

  it('by a link higher up, it has moved', () => {
    const calls = new FakeCalls(directory({ p: directory({ d: directory({ a: file() }) }) }));
    once(calls, 'names p/d', () =>
      calls.root.children.set('p', link(directory({ d: directory({ x: file() }) }))),
    );
    expect(scan(calls, 'p/d').outcome).toBe('moved');
  });
});

describe('scanDirectory, when a call fails', () => {
  const kinds = [
    ['EACCES', 'unreadable'],
    ['EPERM', 'unreadable'],
    ['ENAMETOOLONG', 'path-too-long'],
    ['EIO', 'io-error'],
    ['EMFILE', 'io-error'],
    ['ENFILE', 'io-error'],
    ['ENOMEM', 'io-error'],
    ['ESTALE', 'io-error'],
  ] as const;

  it.each(kinds)('on %s from readdir the directory is a problem of the kind %s', (code, kind) => {
    const calls = new FakeCalls(directory({ d: directory({ a: file() }) }));
    failing(calls, 'names d', code);
    const scanned = scan(calls, 'd');
    expect(scanned).toMatchObject({ outcome: 'failed', names: [], inodes: [] });
    expect(scanned.problems).toEqual([
      { path: 'd', kind, operation: 'readdir', code, message: messageOf(code) },
    ]);
  });

  it.each(kinds)('on %s from the lstat of an entry the entry is a problem of the kind %s', (code, kind) => {
    const calls = new FakeCalls(directory({ d: directory({ a: file(), b: file() }) }));
    failing(calls, 'lstat d/a', code);
    const scanned = scan(calls, 'd');
    expect(scanned).toMatchObject({ outcome: 'listed', names: ['b'] });
    expect(scanned.problems).toEqual([
      { path: 'd/a', kind, operation: 'lstat', code, message: messageOf(code) },
    ]);
  });

  it.each(kinds)('on %s from the last look at the directory nothing in it counts: %s', (code, kind) => {
    const calls = new FakeCalls(directory({ d: directory({ a: file() }) }));
    failing(calls, 'lstat d', code);
    const scanned = scan(calls, 'd');
    expect(scanned).toMatchObject({ outcome: 'failed', names: [], inodes: [] });
    expect(scanned.problems).toMatchObject([{ path: 'd', kind, operation: 'lstat', code }]);
  });

  it.each(kinds)('on %s from the second listing nothing in it counts: %s', (code, kind) => {
    const calls = new FakeCalls(directory({ d: directory({ a: file(), b: file() }) }));
    let listings = 0;
    calls.before = (call, path) => {
      if (`${call} ${path}` === 'lstat d/a') nodeAt(calls.root, 'd').children.delete('a');
      if (call === 'names' && ++listings === 2) throw systemError(code, 'scandir');
    };
    const scanned = scan(calls, 'd');
    expect(scanned).toMatchObject({ outcome: 'failed', names: [], inodes: [] });
    expect(scanned.problems).toMatchObject([{ path: 'd', kind, operation: 'readdir', code }]);
  });

  it.each(kinds)('on %s from the listing as bytes nothing in it counts: %s', (code, kind) => {
    const calls = new FakeCalls(directory({ 'a\udcff': file() }));
    failing(calls, 'nameBytes ', code);
    expect(scan(calls)).toMatchObject({ outcome: 'failed', names: [], problems: [{ path: '', kind, code }] });
  });

  it('names every entry of a directory that may be listed but not searched', () => {
    const calls = new FakeCalls(directory({ a: file(), b: directory() }));
    calls.before = (call, path) => {
      if (call === 'lstat' && path !== '') throw systemError('EACCES', 'lstat');
    };
    const scanned = scan(calls);
    expect(scanned.outcome).toBe('listed');
    expect(scanned.problems.map(({ path }) => path)).toEqual(['a', 'b']);
  });

  it('takes what Node denies for what the system denies', () => {
    const calls = new FakeCalls(directory());
    failing(calls, 'names ', 'ERR_ACCESS_DENIED');
    expect(scan(calls).problems).toMatchObject([{ path: '', kind: 'unreadable', code: 'EACCES' }]);
  });

  it('throws an error that is none of the system', () => {
    const calls = new FakeCalls(directory());
    calls.before = () => {
      throw new Error('something else');
    };
    expect(() => scan(calls)).toThrow('something else');
  });
});
