import { createHash, type Hash } from 'node:crypto';
import fc from 'fast-check';
import { effort, fsdecode, hostileNames } from '@muse/testkit';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { filesOf, KeptTree, UNREAD, type Content } from '../../../test/support/kept-tree.js';
import { computeSnapshotId } from '../manifest/manifest.js';
import { FlatId, type Directory } from './flat-id.js';

const names = fc.oneof(
  fc.constantFrom('a', 'b', 'a.b', 'a-', '10', '__proto__'),
  fc.constantFrom(...hostileNames.map(fsdecode)),
);
const contents = fc.oneof(
  fc.nat(12).map((n) => `content ${String(n)}`),
  fc.constant(UNREAD),
);
const { tree } = fc.letrec<{ tree: Content; entry: string | Content }>((tie) => ({
  entry: fc.oneof({ maxDepth: 3, withCrossShrink: true }, contents, tie('tree')),
  tree: fc.array(fc.tuple(names, tie('entry')), { maxLength: 8 }).map((entries) => new Map(entries)),
}));

/** Returns a tree, and what makes its id. */
function keptFlat(content: Content): [KeptTree, FlatId] {
  const kept = new KeptTree(content);
  return [kept, new FlatId(kept.top)];
}

const truth = (content: Content) => computeSnapshotId(filesOf(content));

/** Tells of a change as a watcher does. */
function tell(flatId: FlatId, kept: KeptTree, before: Content, after: Content): void {
  for (const directory of kept.replaced.keys()) flatId.changedIn(directory);
  kept.replaced.clear();
  const [was, is] = [filesOf(before), filesOf(after)];
  const all = new Map([...was, ...is]);
  const paths = [...all.keys()].filter((path) => was.get(path) !== is.get(path));
  const [first] = [...computeOrder(paths)];
  if (first !== undefined) flatId.changed(kept.top.prefix + first);
}

function computeOrder(paths: readonly string[]): string[] {
  return [...filesOf(new Map(paths.map((path) => [path, '']))).keys()];
}

/** Returns content in which some directory has other entries. */
function edited(content: Content, path: readonly number[], entries: Content): Content {
  const [index = 0, ...rest] = path;
  const directories = [...content].filter(([, each]) => typeof each !== 'string') as [string, Content][];
  const chosen = directories[index % Math.max(1, directories.length)];
  if (path.length === 0 || !chosen) return entries;
  return new Map([...content, [chosen[0], edited(chosen[1], rest, entries)]]);
}

/** Lists anew what is not as it was. */
function update(
  kept: KeptTree,
  directory: Directory,
  before: Content,
  after: Content,
  isReplacing: boolean,
): void {
  const isSame = (name: string) => {
    const [was, is] = [before.get(name), after.get(name)];
    return was === is || (typeof was !== 'string' && typeof is !== 'string' && !isReplacing);
  };
  kept.set(directory, after, isSame);
  for (const [name, child] of directory.children) {
    const [was, is] = [before.get(name), after.get(name)];
    if (was === is || typeof was === 'string' || typeof is === 'string' || !was || !is || !isSame(name))
      continue;
    update(kept, child, was, is, isReplacing);
  }
}

describe('FlatId', () => {
  it('is the snapshot id of the files, after any changes', () => {
    const edits = fc.array(fc.tuple(fc.array(fc.nat(3), { maxLength: 3 }), tree, fc.boolean()), {
      maxLength: 6,
    });
    fc.assert(
      fc.property(tree, edits, fc.constantFrom('', 'sub', 'sub/\udcff'), (first, changes, path) => {
        let content = first;
        const kept = new KeptTree(content, path);
        const flatId = new FlatId(kept.top);
        expect(flatId.makeNow()).toBe(truth(content));
        for (const [at, entries, isReplacing] of changes) {
          const next = edited(content, at, entries);
          update(kept, kept.top, content, next, isReplacing);
          tell(flatId, kept, content, next);
          content = next;
          expect(flatId.makeNow()).toBe(truth(content));
          expect(new FlatId(kept.top).makeNow()).toBe(truth(content));
        }
      }),
      { numRuns: effort(50, 5000) },
    );
  });

  /** Eight directories whose text has some checkpoints, each of many small ones, or of files alone. */
  const large = (isNested: boolean): Map<string, Content> =>
    new Map(
      Array.from({ length: 8 }, (_, d) => {
        const files = Array.from(
          { length: 1500 },
          (__, i) => [`f${String(i)}`, `${String(d)} ${String(i)}`] as const,
        );
        const groups = Array.from(
          { length: 30 },
          (__, g) => [`g${String(g)}`, new Map([['h', new Map(files.slice(g * 50, g * 50 + 50))]])] as const,
        );
        return [`d${String(d)}`, new Map<string, string | Content>(isNested ? groups : files)];
      }),
    );

  it.each([false, true])(
    'is made again from the change on, in a large tree, with nested directories: %s',
    async (isNested) => {
      let content = large(isNested);
      const kept = new KeptTree(content);
      const flatId = new FlatId(kept.top);
      expect(await flatId.make(undefined)).toBe(truth(content));
      for (const [at, isReplacing] of [
        [7, false],
        [6, false],
        [0, true],

        [3, false],
        [9, false],
      ] as const) {
        const name = `d${String(at)}`;
        const entries = new Map(content.get(name) ?? []);
        entries.set('new', `new ${String(at)}`);
        entries.delete([...entries.keys()][3] ?? '');
        const next = new Map([...content, [name, entries]]);
        update(kept, kept.top, content, next, isReplacing);
        tell(flatId, kept, content, next);
        content = next;
        expect(await flatId.make(undefined)).toBe(truth(content));
      }
    },
  );

  it('is right where another directory with the same files took the place of one', () => {
    const content = large(true);
    const kept = new KeptTree(content);
    const flatId = new FlatId(kept.top);
    const id = flatId.makeNow();
    kept.set(kept.top, content, (name) => name !== 'd5' && name !== 'd0');
    tell(flatId, kept, content, content);
    expect(flatId.makeNow()).toBe(id);
    const next = new Map([...content, ['d7', new Map([['only', 'this']])]]);
    update(kept, kept.top, content, next, false);
    tell(flatId, kept, content, next);
    expect(flatId.makeNow()).toBe(truth(next));
  });

  it('is right after it was given up half-way, and beside another one of the same tree', async () => {
    const content = large(true);
    const kept = new KeptTree(content);
    const flatId = new FlatId(kept.top);
    const aborting = new AbortController();
    const making = flatId.make(aborting.signal);
    aborting.abort(new Error('no more'));
    await expect(making).rejects.toThrow('no more');
    const again = flatId.make(undefined);
    expect(new FlatId(kept.top).makeNow()).toBe(truth(content));
    expect(await again).toBe(truth(content));
  });

  it('is right where only a directory far below changed', () => {
    const [kept, flatId] = keptFlat(new Map([['d', new Map([['e', new Map([['f', 'f']])]])]]));
    flatId.makeNow();
    const next = new Map([['d', new Map([['e', new Map([['f', 'F']])]])]]);
    const below = kept.top.children.get('d')?.children.get('e');
    if (below) kept.set(below, new Map([['f', 'F']]));
    tell(flatId, kept, new Map(), next);
    expect(flatId.makeNow()).toBe(truth(next));
  });

  it('is right however long the texts of directories are', () => {
    // The text of a file is its path, a NUL, an id of 71 bytes, and a NUL.
    const directory = (d: number, bytes: number) => {
      const name = `d${String(d).padStart(3, '0')}`;
      return [name, new Map([['x'.repeat(bytes - name.length - 74), 'x']])] as const;
    };
    for (const first of [127, 128, 129, 130, 2047, 2048, 2049]) {
      // 512 texts of 128 bytes are as many as are put together.
      const content = new Map(Array.from({ length: 520 }, (_, d) => directory(d, d === 0 ? first : 128)));
      expect(new FlatId(new KeptTree(content).top).makeNow()).toBe(truth(content));
    }
  });

  it('is right where a checkpoint lies within a directory that is small', () => {
    const content = new Map(
      Array.from({ length: 300 }, (_, d) => {
        const files = Array.from({ length: 30 }, (__, i) => [`f${String(i)}`, `${d} ${i}`] as const);
        return [
          `d${String(d)}`,
          new Map<string, string | Content>([...files, ['g', new Map([['f', 'f']])]]),
        ] as const;
      }),
    );
    const [kept, flatId] = keptFlat(content);
    flatId.makeNow();
    const next = new Map([...content, ['d99', new Map([['only', 'this']])]]);
    update(kept, kept.top, content, next, false);
    tell(flatId, kept, content, next);
    expect(flatId.makeNow()).toBe(truth(next));
  });

  it('is right where others with the same files took the place of all directories', () => {
    const content = large(true);
    const [kept, flatId] = keptFlat(content);
    const id = flatId.makeNow();
    kept.set(kept.top, content, () => false);
    tell(flatId, kept, content, content);
    expect(flatId.makeNow()).toBe(id);
  });

  it('hashes little more than what follows a change', () => {
    const content = large(true);
    const [kept, flatId] = keptFlat(content);
    const ofHash = Object.getPrototypeOf(createHash('sha256')) as Hash;
    const [hashing, copying] = [vi.spyOn(ofHash, 'update'), vi.spyOn(ofHash, 'copy')];
    onTestFinished(() => {
      hashing.mockRestore();
      copying.mockRestore();
    });
    const hashed = () => {
      hashing.mockClear();
      flatId.makeNow();
      return hashing.mock.calls.reduce((sum, [text]) => sum + text.length, 0);
    };
    const all = hashed();
    expect(copying.mock.calls.length).toBeLessThan(4);
    const next = new Map([...content, ['d7', new Map([...(content.get('d7') ?? []), ['new', 'new']])]]);
    update(kept, kept.top, content, next, false);
    tell(flatId, kept, content, next);
    expect(hashed()).toBeLessThan(0.7 * all);
  });

  it('is right after it could not be made', () => {
    const content: Content = new Map([
      ['a', 'a'],
      ['b', 'b'],
    ]);
    const [kept, flatId] = keptFlat(content);
    const { value } = kept.top;
    if (!value) throw new Error('The tree has no files');
    const failing = vi.spyOn(value, 'has');
    failing.mockReturnValueOnce(true).mockImplementationOnce(() => {
      throw new Error('no memory');
    });
    expect(() => flatId.makeNow()).toThrow('no memory');
    failing.mockRestore();
    expect(flatId.makeNow()).toBe(truth(content));
  });

  it('keeps the text of a small directory with that of all below it, and that of a large one by itself', () => {
    const [kept, flatId] = keptFlat(large(true));
    flatId.makeNow();
    const large1 = kept.top.children.get('d1');
    const small = large1?.children.get('g1');
    const below = small?.children.get('h');
    expect([large1, small, below].map((directory) => directory?.value?.texts !== undefined)).toEqual([
      true,
      false,
      false,
    ]);
  });

  it('lets the event loop turn now and then, more often while it makes text that it did not have', async () => {
    const longNames = new Map<string, Content>(
      Array.from({ length: 8 }, (_, d) => {
        const files = Array.from({ length: 1800 }, (__, i) => [`${d}${i}`.padEnd(250, 'x'), 'f'] as const);
        return [`d${d}`, new Map(files)];
      }),
    );
    for (const [content, first, second] of [
      [large(true), 4, 0],
      [large(false), 2, 0],
      [longNames, 8, 1],
    ] as const) {
      const [, flatId] = keptFlat(content);
      for (const expected of [first, second]) {
        let turns = 0;
        const signal = { throwIfAborted: () => turns++ } as unknown as AbortSignal;
        await flatId.make(signal);
        expect(turns).toBe(expected);
        flatId.changed('');
      }
    }
  });
});
