import { describe, expect, it, onTestFinished, vi } from 'vitest';
import {
  MemoryDirectory,
  MemoryFile,
  now,
  ToldTree,
  type ToldOptions,
} from '../../../test/support/told-tree.js';
import { EVENT } from './events.js';

const TREE = { a: 'a', d: { b: 'b', e: { c: 'c' } }, f: { g: 'g' } };
const ALL = ['', 'd', 'd/e', 'f'];
const DIRECTORY = EVENT.isDirectory;
/** The most events that are held, and the most names that are remembered. */
const MOST = 1 << 16;

const watched = (options?: ToldOptions) => ToldTree.of(TREE, options);

describe('a question', () => {
  it('lists nothing where nothing was told', async () => {
    const told = await watched();
    expect(await told.ask()).toEqual([]);
    expect(told.watched).toMatchObject({ isChanged: false, hasUntold: false, eventCount: 0, listed: [] });
  });

  it.each([
    'modified',
    'attributes',
    'closedAfterWriting',
    'movedFrom',
    'movedTo',
    'created',
    'deleted',
  ] as const)('lists once the directory that an event of the kind %s tells of', async (kind) => {
    const told = await watched();
    told.tell('d', EVENT[kind], 'b');
    told.watched.drain();
    expect(told.watched.isChanged).toBe(true);
    expect(await told.ask()).toEqual(['d']);
    expect(told.watched.listed).toEqual([told.node('d')]);
    expect(await told.ask()).toEqual([]);
  });

  it('lists a directory whose own rights were changed', async () => {
    const told = await watched();
    told.tell('d', EVENT.attributes | DIRECTORY);
    expect(await told.ask()).toEqual(['d']);
  });

  it('hears all that was told, however much is read at once', async () => {
    const told = await watched();
    for (let i = 0; i < 500; i++) for (const path of ALL) told.tell(path, EVENT.attributes);
    expect(await told.ask()).toEqual(ALL);
    expect(told.watched.eventCount).toBe(2000);
  });

  it.each(['selfDeleted', 'selfMoved', 'ignored'] as const)(
    'lists a directory, and the one above it, after its own event of the kind %s',
    async (kind) => {
      const told = await watched();
      told.tell('d/e', EVENT[kind]);
      expect(await told.ask()).toEqual(['d', 'd/e']);
    },
  );

  it('lists what is new, with all that is below it', async () => {
    const told = await watched();
    told.put('n', { m: { o: 'o' } });
    told.tell('', EVENT.created | DIRECTORY, 'n');
    expect(await told.ask()).toEqual(['']);
    expect(told.watched.listed.map(({ path }) => path)).toEqual(['', 'n', 'n/m']);
    told.tell('n/m', EVENT.modified, 'o');
    expect(await told.ask()).toEqual(['n/m']);
  });

  it('lists nothing that has left the tree', async () => {
    const told = await watched();
    const { watch } = told.directory('d');
    told.watched.askAgain(told.node('d/e'));
    told.put('d', undefined);
    told.tell('', EVENT.deleted | DIRECTORY, 'd');
    told.tell(watch, EVENT.deleted, 'b');
    expect(await told.ask()).toEqual(['', 'd', 'd/e']);
    expect(told.watched.listed).toEqual([told.node('')]);
    expect(told.watched.hasUntold).toBe(false);
    expect(await told.ask()).toEqual([]);
  });

  it('lists nothing of what was told while that was leaving the tree', async () => {
    const told = await watched();
    told.put('d', undefined);
    const { watch } = told.node('d').listing ?? {};
    told.tell('', EVENT.deleted | DIRECTORY, 'd');
    told.onListing = () => {
      told.tell(watch ?? 0, EVENT.deleted, 'b');
      told.watched.drain();
    };
    await told.ask();
    expect(await told.ask()).toEqual([]);
  });

  it('forgets what it listed at the next', async () => {
    const told = await watched();
    told.tell('d', EVENT.attributes);
    await told.ask();
    await told.ask();
    expect(told.watched.listed).toEqual([]);
  });
});

describe('events are lost', () => {
  it.each([
    ['where more happened than the system keeps events of', -1, EVENT.overflowed, /more changed at once/],
    ['where a file system was unmounted', 'd', EVENT.unmounted, /unmounted/],
    ['where one tells of a directory that nobody knows', 1, EVENT.created, /not known/],
    ['where the root was moved', '', EVENT.selfMoved, /root was moved/],
    ['where the root was removed', '', EVENT.selfDeleted, /root was moved/],
    ['where the watch on the root has ended', '', EVENT.ignored, /root was moved/],
  ] as const)('%s', async (_, at, mask, why) => {
    const told = await watched();
    told.tell(at, mask, 'x');
    told.watched.drain();
    expect(told.watched.lost).toMatch(why);
    expect(told.watched.isChanged).toBe(true);
  });

  it('where a directory that nobody knows is told of after a question that listed nothing', async () => {
    const told = await watched();
    expect(told.begin()).toEqual([]);
    told.tell(1, EVENT.created, 'x');
    told.watched.drain();
    expect(told.watched.lost).toMatch(/not known/);
  });

  it('and none is heard from then on', async () => {
    const told = await watched();
    told.tell(-1, EVENT.overflowed);
    told.watched.drain();
    told.tell('', EVENT.selfMoved);
    told.watched.drain();
    expect(told.watched.eventCount).toBe(1);
  });

  it('for the first reason of several', async () => {
    const told = await watched();
    told.tell('d', EVENT.unmounted);
    told.tell(-1, EVENT.overflowed);
    told.watched.drain();
    expect(told.watched.lost).toMatch(/unmounted/);
  });

  it.each([
    ['written', EVENT.modified],
    ['made', EVENT.created],
    ['moved away', EVENT.movedFrom],
  ])('where more files were %s than are remembered', async (_, mask) => {
    const told = await watched();
    for (let i = 0; i < MOST; i++) told.tell('d', mask, `f${i}`, i);
    told.tell('d', mask, 'f0');
    told.tell('d', EVENT.attributes, 'other');
    told.watched.drain();
    expect(told.watched.lost).toBeUndefined();
    told.tell('d', mask, 'other', MOST);
    told.watched.drain();
    expect(told.watched.lost).toMatch(/more files changed than are remembered/);
  });

  it.each([
    ['written', EVENT.modified],
    ['moved away', EVENT.movedFrom],
  ])('but not where many were %s before each of several questions', async (_, mask) => {
    const told = await watched();
    for (const round of [0, 1]) {
      for (let i = 0; i <= MOST / 2; i++) told.tell('d', mask, `f${round}-${i}`, i + 1);
      await told.ask();
    }
    expect(told.watched.lost).toBeUndefined();
  });

  it('but not where many files were made and moved, each to where it belongs', async () => {
    const told = await watched();
    for (let i = 1; i <= MOST; i++) {
      told.tell('d', EVENT.created, '.tmp');
      told.tell('d', EVENT.movedFrom, '.tmp', i);
      told.tell('d', EVENT.movedTo, 'b', i);
    }
    await told.ask();
  });

  it.each([0, 1])(
    'where too much was told of directories that are not listed yet: %i too many',
    async (more) => {
      const told = await watched();
      told.tell('d', EVENT.attributes);
      told.begin();
      for (let i = 0; i < MOST + more; i++) told.tell(7, EVENT.attributes);
      told.watched.drain();
      expect(told.watched.lost).toEqual(more === 0 ? undefined : expect.stringMatching(/too much changed/));
    },
  );
});

describe('a file that was written', () => {
  it.each(['modified', 'closedAfterWriting'] as const)(
    'is read, after an event of the kind %s, once',
    async (kind) => {
      const told = await watched();
      told.tell('d', EVENT[kind], 'b');
      await told.ask();
      expect(told.mustRead).toEqual(['d/b']);
      told.tell('d', EVENT.attributes, 'b');
      told.begin();
      expect(told.watched.mustRead(told.node('d'))).toBeUndefined();
      await told.end();
      expect(told.mustRead).toEqual([]);
    },
  );

  it('is read under the name that it was moved to', async () => {
    const told = await watched();
    told.tell('d', EVENT.modified, 'b');
    told.tell('d', EVENT.movedFrom, 'b', 5);
    told.tell('f', EVENT.movedTo, 'h', 5);
    told.move('d/b', 'f/h');
    expect(await told.ask()).toEqual(['d', 'f']);
    expect(told.mustRead).toEqual(['f/h']);
  });

  it('is not taken for another one that was moved', async () => {
    const told = await watched();
    told.tell('d', EVENT.modified, 'b');
    told.tell('d', EVENT.movedFrom, 'b', 5);
    told.tell('f', EVENT.movedFrom, 'g', 6);
    told.tell('f', EVENT.movedTo, 'h', 6);
    told.move('f/g', 'f/h');
    told.put('d/b', undefined);
    await told.ask();
    expect(told.mustRead).toEqual([]);
  });

  it('and is gone, may have another name: all is listed then', async () => {
    const told = await watched();
    told.tell('d', EVENT.created, 'new');
    told.tell('d', EVENT.modified, 'new');
    told.tell('d', EVENT.deleted, 'new');
    expect(await told.ask()).toEqual(['d', 'all']);
    expect(await told.ask()).toEqual(ALL);
    expect(await told.ask()).toEqual([]);
  });

  it('has no other name where it was in the listing before', async () => {
    const told = await watched();
    told.tell('d', EVENT.modified, 'b');
    told.tell('d', EVENT.deleted, 'b');
    told.put('d/b', undefined);
    expect(await told.ask()).toEqual(['d']);
  });

  it('by a name that has become that of a directory, may have another one', async () => {
    const told = await watched();
    told.tell('d', EVENT.created, 'new');
    told.tell('d', EVENT.modified, 'new');
    told.put('d/new', {});
    expect(await told.ask()).toEqual(['d', 'all']);
  });

  it('by a name that another file got since, may have another one', async () => {
    const told = await watched();
    for (const name of ['new', 'b']) {
      told.tell('d', EVENT.created, name);
      told.tell('d', EVENT.modified, name);
      told.tell('d', EVENT.movedTo, name);
      told.put(`d/${name}`, 'other');
      expect(await told.ask()).toEqual(ALL);
    }
  });

  it('has no other name where it was known by that, or where nothing was written by it', async () => {
    const told = await watched();
    told.tell('d', EVENT.modified, 'b');
    told.tell('d', EVENT.movedTo, 'b', 9);
    told.tell('f', EVENT.created, 'new');
    told.tell('f', EVENT.movedTo, 'new', 10);
    expect(await told.ask()).toEqual(['d', 'f']);
  });

  it('by a name that it has had, which is gone, may have another one', async () => {
    const told = await watched();
    told.tell('d', EVENT.movedTo, 'b');
    told.tell('d', EVENT.modified, 'b');
    told.put('d/b', undefined);
    expect(await told.ask()).toEqual(['d', 'all']);
  });

  it('in a directory that has left the tree, by a new name, may have another one', async () => {
    for (const [mask, due] of [
      [EVENT.created, ['', 'd', 'all']],
      [EVENT.modified, ['', 'd']],
    ] as const) {
      const told = await watched();
      told.tell('d', mask, 'b');
      told.tell('', EVENT.movedFrom | DIRECTORY, 'd');
      told.put('d', undefined);
      expect(await told.ask()).toEqual(due);
    }
  });
});

describe('a file that was moved out of the tree', () => {
  it('by a new name, may have another one: all is listed then', async () => {
    const told = await watched();
    told.tell('d', EVENT.created, 'new');
    told.tell('d', EVENT.movedFrom, 'new', 3);
    expect(await told.ask()).toEqual(ALL);
    expect(await told.ask()).toEqual([]);
  });

  it('by the name that it had, has no other', async () => {
    const told = await watched();
    told.tell('d', EVENT.movedFrom, 'b', 3);
    told.put('d/b', undefined);
    expect(await told.ask()).toEqual(['d']);
  });

  it('and into it again, has the names that are there', async () => {
    const told = await watched();
    told.tell('d', EVENT.created, 'new');
    told.tell('d', EVENT.movedFrom, 'new', 3);
    told.tell('f', EVENT.movedTo, 'new', 3);
    told.put('f/new', 'new');
    expect(await told.ask()).toEqual(['d', 'f']);
  });
});

describe('a file with two names', () => {
  const linked = (...paths: string[]) => {
    const file = new MemoryFile('linked');
    file.links = 2;
    return (told: ToldTree) => {
      for (const path of paths) told.put(path, file);
      return file;
    };
  };

  it('that got one of them has all directories listed, for those with the other', async () => {
    const told = await watched();
    linked('d/b', 'f/new')(told);
    told.tell('f', EVENT.created, 'new');
    expect(await told.ask()).toEqual(['f', 'all']);
    expect(await told.ask()).toEqual(ALL);
    for (let i = 0; i < 3; i++) expect(await told.ask()).toEqual(['d', 'f']);
  });

  it('has nothing listed for names that are none of its own', async () => {
    const told = await watched();
    linked('d/b')(told);
    told.tell('d', EVENT.attributes, 'b');
    await told.ask();
    told.tell('d', EVENT.created | DIRECTORY, 'n');
    told.tell('d', EVENT.created, '.tmp');
    told.tell('d', EVENT.movedFrom, '.tmp', 1);
    told.tell('f', EVENT.movedTo, 'g', 1);
    expect(await told.ask()).toEqual(['d', 'f']);
  });

  it('that was written has those listed that hold one of them', async () => {
    const told = await watched();
    const file = linked('d/b', 'f/g')(told);
    told.tell('d', EVENT.attributes, 'b');
    told.tell('f', EVENT.attributes, 'g');
    expect(await told.ask()).toEqual(['d', 'f']);
    file.content = 'more';
    told.tell('d', EVENT.modified, 'b');
    expect(await told.ask()).toEqual(['d', 'f']);
  });

  it('in a new directory has all listed, unless that is how the tree was found', async () => {
    const told = await watched();
    linked('f/g')(told);
    told.put('n', {});
    linked('n/b')(told);
    told.tell('', EVENT.created | DIRECTORY, 'n');
    expect(await told.ask()).toEqual(['', 'all']);
    const found = await ToldTree.of({ n: { b: linked('n/b')(await ToldTree.of({ n: {} })) } });
    expect(await found.ask()).toEqual(['n']);
  });

  it('in a directory that is not watched, or was not until now, has all listed', async () => {
    const told = await watched();
    const { watch } = told.directory('d');
    linked('d/b')(told);
    told.directory('d').watch = -28;
    told.watched.askAgain(told.node('d'));
    expect(await told.ask()).toEqual(['d', 'all']);
    told.directory('d').watch = watch;
    expect(await told.ask()).toEqual([...ALL, 'all']);
    await told.ask();
    expect(await told.ask()).toEqual(['d']);
  });

  it('that changed so late that it may have got one meanwhile has all listed at the next question, too', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    onTestFinished(() => void vi.useRealTimers());
    const told = await watched();
    const file = linked('d/b')(told);
    told.put('d/a', new MemoryFile('a'));
    for (const [secondsAgo, next] of [
      [1.5, ALL],
      [2.5, ['d']],
    ] as const) {
      vi.advanceTimersByTime(10_000);
      file.ctimeNs = now() - BigInt(secondsAgo * 1e9);
      told.tell('d', EVENT.attributes, 'b');
      expect(await told.ask()).toEqual(['d']);
      expect(await told.ask()).toEqual(next);
      file.ctimeNs = 0n;
      await told.ask();
    }
  });
});

describe('a directory', () => {
  const UNLIKE_OTHERS: Record<string, (told: ToldTree, is: boolean) => void> = {
    'that cannot be read': (told, is) => (told.directory('d').isReadable = !is),
    'that cannot be watched': (told, is) => (told.directory('d').watch = is ? -28 : 77),
    'that no watch was asked for': (told, is) => (told.directory('d').watch = is ? 0 : 77),
  };
  it.each(Object.entries(UNLIKE_OTHERS))(
    '%s is listed at each question, as long as it is so',
    async (_, make) => {
      const told = await watched();
      told.tell('d', EVENT.attributes);
      make(told, true);
      await told.ask();
      for (let i = 0; i < 3; i++) expect((await told.ask())[0]).toBe('d');
      expect(told.watched.hasUntold).toBe(true);
      make(told, false);
      await told.ask();
      await told.ask();
      expect(told.watched.hasUntold).toBe(false);
      expect(await told.ask()).toEqual([]);
    },
  );

  it('with a file that has or had other names is listed at each question, wherever that is', async () => {
    const told = await watched();
    told.file('d/b').links = 2;
    told.tell('d', EVENT.attributes, 'b');
    await told.ask();
    for (let i = 0; i < 3; i++) expect((await told.ask())[0]).toBe('d');
    told.file('d/b').links = 1;
    told.tell('d', EVENT.attributes, 'b');
    await told.ask();
    for (let i = 0; i < 3; i++) expect(await told.ask()).toEqual(['d']);
  });

  it('with a problem of its own is listed at each question', async () => {
    const told = await watched();
    told.tell('d', EVENT.attributes);
    told.begin();
    await told.tree.list();
    told.node('d').problems = [
      { path: 'd/b', kind: 'io-error', operation: 'lstat', code: 'EIO', message: 'it broke' },
    ];
    told.watched.finish();
    expect(await told.ask()).toEqual(['d']);
    expect(await told.ask()).toEqual([]);
  });

  it('with a file that has a problem is listed at each question', async () => {
    const told = await watched();
    told.tell('d', EVENT.attributes);
    told.begin();
    await told.tree.list();
    told.node('d').value?.problems.push({
      path: 'd/b',
      kind: 'torn',
      operation: 'read',
      code: 'EAGAIN',
      message: 'it moved',
    });
    told.watched.finish();
    expect(await told.ask()).toEqual(['d']);
    expect(await told.ask()).toEqual([]);
  });

  it('that is listed and is as it was is no part of what changed', async () => {
    const file = new MemoryFile('linked');
    file.links = 2;
    const told = await ToldTree.of({ d: { a: file, below: { b: '1' } }, e: { c: '1' } });
    expect(told.begin()).toEqual(['d']);
    const { replaced, listed } = await told.end();
    expect([replaced.size, listed.map(({ path }) => path)]).toEqual([0, ['d']]);
    const { version } = told.watched;
    told.watched.commit(true);
    expect(told.watched.version).toBe(version);
    file.write('2');
    told.begin();
    expect([...(await told.end()).replaced.keys()].map(({ path }) => path)).toEqual(['d']);
  });

  it('in which a file was written is part of what changed, though its stat is as it was', async () => {
    const told = await watched();
    told.file('d/b').content = 'B';
    told.tell('d', EVENT.modified, 'b');
    told.begin();
    expect([...(await told.end()).replaced.keys()].map(({ path }) => path)).toEqual(['d']);
  });

  it('that lost one below it is part of what changed, though it was not listed anew', async () => {
    const told = await watched();
    told.tell('d/e', EVENT.attributes);
    told.begin();
    await told.tree.list();
    const [above, below] = [told.node('d'), told.node('d/e')];
    told.watched.onTouched(above);
    below.remove();
    expect([...told.watched.finish().replaced.keys()]).toEqual([above]);
  });

  it('that can no longer be read has nothing that is left out', async () => {
    const told = await ToldTree.of({ d: {} });
    told.tell('d', EVENT.attributes);
    told.directory('d').isRepository = true;
    await told.ask();
    expect(told.node('d').leftOut).toEqual({ reserved: 1 });
    told.tell('d', EVENT.attributes);
    told.directory('d').isReadable = false;
    await told.ask();
    expect(told.node('d').leftOut).toEqual({});
  });

  it('on another device is listed at each question', async () => {
    const foreign = new MemoryDirectory({ x: 'x' });
    foreign.dev = 2n;
    const told = await ToldTree.of({ ...TREE, foreign });
    for (let i = 0; i < 3; i++) expect(await told.ask()).toEqual(['foreign']);
  });

  it('in which a file is mounted is listed at each question', async () => {
    for (const [path, due] of [
      ['d/b', ['d']],
      ['a', ['']],
      ['elsewhere/b', []],
    ] as const)
      expect(await (await watched({ mountedFiles: [path] })).ask()).toEqual(due);
  });

  it('that is mounted in a second place is listed in both, of which events tell of one', async () => {
    const twice = new MemoryDirectory({ x: 'x' });
    const told = await ToldTree.of({ ...TREE, one: twice, two: { in: twice } });
    for (let i = 0; i < 3; i++) {
      expect((await told.ask()).length).toBeGreaterThan(0);
      told.tell(twice.watch, EVENT.modified, 'x');
      expect(await told.ask()).toEqual(['one', 'two/in']);
    }
    told.put('two', undefined);
    told.tell('', EVENT.deleted | DIRECTORY, 'two');
    await told.ask();
    await told.ask();
    expect(await told.ask()).toEqual([]);
    expect(told.ended).not.toContain(twice.watch);
    told.tell(twice.watch, EVENT.modified, 'x');
    expect(await told.ask()).toEqual(['one']);
  });

  it('is listed once more where somebody asks for that', async () => {
    const told = await watched();
    told.watched.askAgain(told.node('d'));
    expect(await told.ask()).toEqual(['d']);
    expect(await told.ask()).toEqual([]);
  });

  it('whose watch was lost is watched by another one', async () => {
    const told = await watched();
    told.tell('d/e', EVENT.ignored);
    told.directory('d/e').watch = 77;
    expect(await told.ask()).toEqual(['d', 'd/e']);
    told.tell('d/e', EVENT.modified, 'c');
    expect(await told.ask()).toEqual(['d/e']);
  });
});

describe('rules', () => {
  const isRuleFile = (name: string) => name === '.gitignore' || name === '.git';

  it('that change have all below their directory listed', async () => {
    const told = await watched({ isRuleFile });
    told.put('d/.gitignore', 'c');
    told.tell('d', EVENT.created, '.gitignore');
    expect(await told.ask()).toEqual(['d', 'd/e']);
    told.tell('', EVENT.created | DIRECTORY, '.git');
    expect(await told.ask()).toEqual(ALL);
  });

  const unwatched = async () => {
    const told = await ToldTree.of({ d: { '.gitignore': 'e', x: 'x', e: { c: 'c' } } }, { isRuleFile });
    told.tell('d', EVENT.attributes);
    told.directory('d').watch = -28;
    await told.ask();
    return told;
  };

  it.each<[string, (file: MemoryFile, told: ToldTree) => void]>([
    ['has other content', (file) => (file.content = 'other')],
    ['has another mtime', (file) => file.mtimeNs++],
    ['has another ctime', (file) => file.ctimeNs++],
    ['is another one', (file) => file.ino++],
    [
      'has another name',
      (_, told) => {
        told.move('d/.gitignore', 'd/.git');
      },
    ],
    [
      'is gone',
      (_, told) => {
        told.put('d/.gitignore', undefined);
      },
    ],
  ])('in a directory of which no event tells have all listed once the file %s', async (_, change) => {
    const told = await unwatched();
    expect(await told.ask()).toEqual(['d']);
    change(told.file('d/.gitignore'), told);
    expect(await told.ask()).toEqual(['d', 'all']);
    await told.ask();
    expect(await told.ask()).toEqual(['d']);
  });

  it('are none in another file, or in a directory', async () => {
    const told = await unwatched();
    told.file('d/x').write('no rules');
    told.put('d/.git', {});
    expect(await told.ask()).toEqual(['d']);
    told.put('d/.git', {});
    expect(await told.ask()).toEqual(['d']);
  });

  it('that changed so late that they may have changed again have all listed at the next question, too', async () => {
    const told = await unwatched();
    told.file('d/.gitignore').write('other');
    expect(await told.ask()).toEqual(['d', 'all']);
    await told.ask();
    expect(await told.ask()).toEqual(['', 'd', 'd/e']);
  });

  it('of which an event tells have nothing listed twice', async () => {
    const told = await watched({ isRuleFile });
    told.put('d/.gitignore', 'e');
    told.file('d/b').links = 2;
    told.tell('d', EVENT.created, '.gitignore');
    await told.ask();
    await told.ask();
    told.file('d/.gitignore').content = 'other';
    told.tell('d', EVENT.modified, '.gitignore');
    expect(await told.ask()).toEqual(['d', 'd/e']);
    // Told of only after it was seen.
    told.put('f/.gitignore', 'e');
    told.tell('f', EVENT.attributes);
    expect(await told.ask()).toEqual(['d', 'f']);
  });

  it('in a repository below the root, where nothing is watched, have all below listed at each question', async () => {
    for (const [options, path, due] of [
      [{ isRuleFile }, 'd', ['d', 'd/e']],
      [{}, 'd', []],
      // Those of the root are read for each question.
      [{ isRuleFile }, '', []],
    ] as const) {
      const told = await watched(options);
      told.tell(path, EVENT.attributes);
      told.directory(path).isRepository = true;
      await told.ask();
      for (let i = 0; i < 2; i++) expect(await told.ask()).toEqual(due);
    }
  });
});

describe('a watch', () => {
  it('on a directory that is gone is ended, and on those below it', async () => {
    const told = await watched();
    const watches = ['d', 'd/e'].map((path) => told.directory(path).watch);
    told.put('d', undefined);
    told.tell('', EVENT.deleted | DIRECTORY, 'd');
    await told.ask();
    expect(told.ended).toEqual(watches);
  });

  it('on a directory that came and went while others were listed is ended, and nothing is kept of it', async () => {
    const told = await watched();
    told.put('n', { m: {} });
    const { watch } = told.directory('n');
    told.tell('', EVENT.created | DIRECTORY, 'n');
    told.onListing = (paths) => {
      if (paths.includes('n/m')) told.put('n', undefined);
    };
    await told.ask();
    expect(told.ended).toEqual([watch]);
    expect(told.watched.hasUntold).toBe(false);
    expect(told.watched.listed).toEqual([told.node('')]);
  });

  it('that the system has ended is not ended again', async () => {
    const told = await watched();
    told.tell('f', EVENT.ignored);
    told.put('f', undefined);
    told.tell('', EVENT.deleted | DIRECTORY, 'f');
    await told.ask();
    expect(told.ended).toEqual([]);
  });

  it('that ends while its directory is taken out of the tree is no loss', async () => {
    const told = await watched();
    const { watch } = told.directory('d');
    told.put('d', undefined);
    told.tell('', EVENT.deleted | DIRECTORY, 'd');
    told.tell('f', EVENT.attributes);
    told.onListing = ([path]) => {
      if (path !== 'f') return;
      told.tell(watch, EVENT.deleted, 'b');
      told.tell(watch, EVENT.ignored);
      told.watched.drain();
    };
    await told.ask();
    expect(await told.ask()).toEqual([]);
  });

  it('that there never was is not ended', async () => {
    for (const none of [0, -28]) {
      const told = await watched();
      told.tell('d', EVENT.attributes);
      told.directory('d').watch = none;
      await told.ask();
      told.put('d', undefined);
      told.tell('', EVENT.deleted | DIRECTORY, 'd');
      const { watch } = told.node('d/e').listing ?? {};
      await told.ask();
      expect(told.ended).toEqual([watch]);
    }
  });

  it('that was ended may tell of what came before, and of its end', async () => {
    const told = await watched();
    const { watch } = told.directory('f');
    told.put('f', undefined);
    told.tell('', EVENT.deleted | DIRECTORY, 'f');
    await told.ask();
    told.tell(watch, EVENT.deleted, 'g');
    told.tell(watch, EVENT.ignored);
    expect(await told.ask()).toEqual([]);
    // From then on the number is another one's.
    told.tell(watch, EVENT.deleted, 'g');
    told.watched.drain();
    expect(told.watched.lost).toMatch(/not known/);
  });

  it('goes with a directory that is moved', async () => {
    const told = await watched();
    const { watch } = told.directory('d/e');
    told.move('d/e', 'f/e');
    told.tell('d', EVENT.movedFrom | DIRECTORY, 'e', 1);
    told.tell('f', EVENT.movedTo | DIRECTORY, 'e', 1);
    told.tell(watch, EVENT.selfMoved);
    await told.ask();
    expect(told.ended).toEqual([]);
    expect(told.watched.hasUntold).toBe(false);
    told.tell(watch, EVENT.modified, 'c');
    expect(await told.ask()).toEqual(['f/e']);
    expect(told.mustRead).toEqual(['f/e/c']);
    told.put('f/e', undefined);
    told.tell('f', EVENT.deleted | DIRECTORY, 'e');
    await told.ask();
    expect(told.ended).toEqual([watch]);
  });

  it('that was ended may have told of another name for a file: all is listed then', async () => {
    for (const [mask, due] of [
      [EVENT.created, ['', 'd', 'd/e']],
      [EVENT.movedTo, ['', 'd', 'd/e']],
      [EVENT.created | DIRECTORY, []],
      [EVENT.modified, []],
    ] as const) {
      const told = await watched();
      const { watch } = told.directory('f');
      told.put('f', undefined);
      told.tell('', EVENT.deleted | DIRECTORY, 'f');
      await told.ask();
      told.tell(watch, mask, 'new');
      expect(await told.ask()).toEqual(due);
    }
  });

  it('of a directory that has another one now is ended', async () => {
    const told = await watched();
    const { watch } = told.directory('d');
    told.tell('d', EVENT.attributes);
    told.directory('d').watch = 77;
    await told.ask();
    told.tell(77, EVENT.modified, 'b');
    expect(await told.ask()).toEqual(['d']);
    told.tell(watch, EVENT.deleted, 'b');
    told.tell(watch, EVENT.ignored);
    expect(await told.ask()).toEqual([]);
    told.tell(watch, EVENT.modified, 'b');
    told.watched.drain();
    expect(told.watched.lost).toMatch(/not known/);
  });

  it('is that of another directory, where the number was given again', async () => {
    const told = await watched();
    const [d, f] = [told.directory('d'), told.directory('f')];
    for (const path of ['d', 'f']) told.tell(path, EVENT.attributes);
    [d.watch, f.watch] = [f.watch, d.watch];
    await told.ask();
    for (let i = 0; i < 2; i++) await told.ask();
    told.tell('d', EVENT.modified, 'b');
    await told.ask();
    expect(told.mustRead).toEqual(['d/b']);
  });
});

describe('while directories are listed', () => {
  it('what is told of a new one is heard once it is listed', async () => {
    const told = await watched();
    told.put('n', { x: 'x' });
    const { watch } = told.directory('n');
    told.tell('', EVENT.created | DIRECTORY, 'n');
    told.onListing = ([path]) => {
      if (path !== 'n') return;
      told.tell(watch, EVENT.modified, 'x');
      told.watched.drain();
    };
    await told.ask();
    told.onListing = undefined;
    expect(await told.ask()).toEqual(['n']);
    expect(told.mustRead).toEqual(['n/x']);
    expect(await told.ask()).toEqual([]);
  });

  it('what is told when the tree is found is heard once it is', async () => {
    const told = await ToldTree.of(TREE, {
      onListing: (paths, tree) => {
        if (!paths.includes('f')) return;
        tree.tell('f', EVENT.modified, 'g');
        tree.watched.drain();
      },
    });
    expect(await told.ask()).toEqual(['f']);
  });

  it('what is told of one that is moved is heard where it is then', async () => {
    const told = await watched();
    const { watch } = told.directory('d/e');
    told.move('d/e', 'f/e');
    told.tell('d', EVENT.movedFrom | DIRECTORY, 'e', 1);
    told.tell('f', EVENT.movedTo | DIRECTORY, 'e', 1);
    told.onListing = (paths) => {
      if (!paths.includes('f/e')) return;
      told.tell(watch, EVENT.modified, 'c');
      told.watched.drain();
    };
    await told.ask();
    expect(await told.ask()).toEqual(['f/e']);
    expect(told.mustRead).toEqual(['f/e/c']);
  });

  it('what is told of others is for the next question', async () => {
    const told = await watched();
    told.tell('d', EVENT.modified, 'b');
    told.onListing = () => {
      told.tell('d', EVENT.modified, 'later');
      told.watched.drain();
    };
    await told.ask();
    expect(told.mustRead).toEqual(['d/b']);
    told.onListing = undefined;
    expect(await told.ask()).toEqual(['d', 'all']);
    expect(told.mustRead).toEqual(['d/later']);
  });
});

describe('finish()', () => {
  it('returns what the directories were, since the last version', async () => {
    const told = await watched();
    const { version } = told.watched;
    const before = told.node('d').listing;
    for (const content of ['B', 'BB']) {
      told.file('d/b').write(content);
      told.tell('d', EVENT.modified, 'b');
      told.begin();
      const { replaced, listed } = await told.end();
      expect([...replaced.keys()]).toEqual([told.node('d')]);
      expect(replaced.get(told.node('d'))?.listing).toBe(before);
      expect(listed).toEqual([told.node('d')]);
    }
    expect([...version.manifest.keys()]).toEqual(['a', 'd/b', 'd/e/c', 'f/g']);
    told.watched.commit(false);
    expect(told.watched.version).not.toBe(version);
    told.begin();
    expect((await told.end()).replaced.size).toBe(0);
    const last = told.watched.version;
    told.watched.commit(true);
    expect(told.watched.version).toBe(last);
  });
});

describe('findSurprise()', () => {
  const audit = async (change: (told: ToldTree) => void, meanwhile?: (told: ToldTree) => void) => {
    const told = await watched();
    change(told);
    told.begin(ALL);
    await told.tree.list();
    meanwhile?.(told);
    return told.watched.findSurprise([told.tree.top, told.node('d'), told.node('f')]);
  };
  const write = (told: ToldTree) => {
    told.file('d/b').write('changed');
  };

  it('returns undefined where nothing changed, and lists what is audited', async () => {
    expect(await audit(() => undefined)).toBeUndefined();
    const told = await watched();
    expect(told.begin(['d', 'f'])).toEqual(['d', 'f']);
  });

  it('returns the path of a file that was written, is new or gone, or of a directory', async () => {
    expect(await audit(write)).toBe('d/b');
    expect(
      await audit((told) => {
        told.put('f/new', 'new');
      }),
    ).toBe('f/new');
    expect(
      await audit((told) => {
        told.put('a', undefined);
      }),
    ).toBe('a');
    expect(
      await audit((told) => {
        told.put('new', {});
      }),
    ).toBe('new');
    expect(
      await audit((told) => {
        told.put('d/e', undefined);
      }),
    ).toBe('d/e');
  });

  it.each<[string, (told: ToldTree) => void, ((told: ToldTree) => void)?]>([
    [
      'an event told before',
      (told) => {
        write(told);
        told.tell('d', EVENT.attributes);
      },
    ],
    [
      'an event told meanwhile',
      write,
      (told) => {
        told.tell('d', EVENT.attributes);
      },
    ],
    [
      'no event tells, as is known',
      (told) => {
        write(told);
        told.watched.askAgain(told.node('d'));
      },
    ],
    [
      'events were lost',
      write,
      (told) => {
        told.tell(-1, EVENT.overflowed);
      },
    ],
  ])('returns undefined where %s', async (_, change, meanwhile) => {
    expect(await audit(change, meanwhile)).toBeUndefined();
  });

  it('passes by what has left the tree, before or meanwhile', async () => {
    const told = await watched();
    const gone = told.node('d/e');
    told.begin(['d/e']);
    told.onListing = (paths) => {
      if (!paths.includes('d/e')) return;
      told.put('d/e', undefined);
      told.tell('d', EVENT.deleted | DIRECTORY, 'e');
    };
    await told.tree.list();
    expect(told.watched.findSurprise([gone])).toBeUndefined();
    told.watched.finish();
    told.watched.commit(false);
    told.begin(['d']);
    await told.tree.list();
    expect(told.watched.findSurprise([gone])).toBeUndefined();
  });
});

it('a directory that is too deep to be listed by itself loses events', async () => {
  const told = await watched();
  const { base } = told.node('d');
  expect(base).toBeUndefined();
  told.tell('d', EVENT.attributes);
  told.begin();
  Object.assign(told.node('d'), { base: { path: 'd', descriptor: 1, length: 2 } });
  await told.end();
  expect(told.watched.lost).toMatch(/too deep/);
});
