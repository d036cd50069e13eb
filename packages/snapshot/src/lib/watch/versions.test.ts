import { setImmediate as nextTurn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { filesOf, KeptTree, UNREAD, type Content } from '../../../test/support/kept-tree.js';
import { computeSnapshotId } from '../manifest/manifest.js';
import { directoriesChanged, filesChanged, Version } from './versions.js';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;
const dir = (entries: Record<string, string | Content>): Content => new Map(Object.entries(entries));
const FIRST = dir({ a: 'content 1', d: dir({ b: 'content 2', e: dir({ c: 'c' }) }), f: dir({ g: 'g' }) });

/** A tree, and its versions as they come. */
class History {
  readonly kept: KeptTree;
  readonly versions: Version[];
  readonly contents: Content[];

  constructor(content: Content) {
    this.kept = new KeptTree(content);
    this.versions = [new Version(this.kept.top, this.kept.replaced)];
    this.contents = [content];
  }

  /** Lists the directory at a path anew, whose content this is now. */
  change(path: string, content: Content, now: Content, kept?: (name: string) => boolean): void {
    const names = path === '' ? [] : path.split('/');
    const directory = names.reduce((at, name) => at.children.get(name) ?? at, this.kept.top);
    this.kept.set(directory, content, kept);
    this.kept.replaced = new Map();
    const next = this.versions.at(-1)?.followedBy(this.kept.replaced, false);
    if (next) this.versions.push(next);
    this.contents.push(now);
  }
}

function changed(): History {
  const history = new History(FIRST);
  const d = dir({ b: 'content 3', e: dir({ c: 'c' }) });
  history.change('d', d, dir({ ...Object.fromEntries(FIRST), d }));
  // `f` is gone with its file, and `e` is another directory of that name.
  const without = dir({ a: 'content 1', d, h: dir({ i: dir({ j: 'j' }) }) });
  history.change('', without, without);
  const d2 = dir({ b: 'content 3', e: dir({ k: 'k' }) });
  history.change('d', d2, dir({ ...Object.fromEntries(without), d: d2 }), () => false);
  const last = dir({ z: 'z' });
  history.change('', last, last);
  return history;
}

describe('Version', () => {
  it('has its own files and id, whatever happens later', () => {
    const { versions, contents } = changed();
    for (const [i, version] of versions.entries()) {
      const files = filesOf(contents[i] ?? new Map());
      expect([i, [...version.manifest]]).toEqual([i, [...files]]);
      expect(version.id).toBe(computeSnapshotId(files));
    }
  });

  it('has them though the steps between those that are held are joined', () => {
    const count = changed().versions.length;
    for (const held of [[0], [0, 2], [1, 3], [0, 1, 2, 3, 4], [0, 3, 4]]) {
      const { kept, versions, contents } = changed();
      const last = versions.at(-1);
      Version.joinSteps(versions.filter((version, i) => held.includes(i) || version === last));
      expect(versions).toHaveLength(count);
      for (const [i, version] of versions.entries()) {
        const files = filesOf(contents[i] ?? new Map());
        expect([held, i, [...version.manifest]]).toEqual([held, i, [...files]]);
        const { before } = filesChanged(version.replaced, kept.top);
        for (const [path, id] of before) expect([i, path, id]).toEqual([i, path, files.get(path)]);
      }
    }
  });

  it('keeps nothing of a directory that came and went after it', () => {
    const { versions } = changed();
    const [first, last] = [versions[0], versions.at(-1)];
    if (!first || !last) throw new Error('There are no versions');
    const paths = () => [...first.replaced.keys()].map(({ path }) => path).sort();
    expect(paths()).toContain('h/i');
    Version.joinSteps([first, last]);
    expect(paths()).toEqual(['', 'd']);
  });

  it('takes no more memory for a version that is held, however many come after', async () => {
    const history = new History(FIRST);
    const last = (n: number) => dir({ ...Object.fromEntries(FIRST), f: dir({ g: String(n) }) });
    const replaced: WeakRef<object>[] = [];
    for (let n = 0; n < 400; n++) {
      history.change('f', dir({ g: String(n) }), last(n));
      replaced.push(new WeakRef(history.kept.replaced));
      if (n > 0) history.versions.splice(1, history.versions.length - 2);
      if (n % 20 > 0) continue;
      // What is asked whether it is held is, until then.
      await nextTurn();
      collectGarbage();
    }
    expect(replaced.filter((each) => each.deref()).length).toBeLessThan(100);
    expect([...(history.versions[0]?.manifest ?? [])]).toEqual([...filesOf(FIRST)]);
  });

  it('has them while the next change is under way', () => {
    const kept = new KeptTree(FIRST);
    const [version, other] = [new Version(kept.top, kept.replaced), new Version(kept.top, kept.replaced)];
    const { manifest } = version;
    kept.set(kept.top, dir({ z: 'z' }));
    expect([...other.manifest]).toEqual([...filesOf(FIRST)]);
    expect(other.id).toBe(computeSnapshotId(filesOf(FIRST)));
    expect(version.manifest).toBe(manifest);
  });

  it('makes its id once', () => {
    const { versions } = changed();
    for (const version of versions)
      expect([version.knownId, version.id]).toEqual([undefined, version.knownId]);
  });

  it('tells whether it has the files of the one before', () => {
    const [version] = changed().versions;
    expect(version?.followedBy(new Map(), true).files).toBe(version?.files);
    expect(version?.followedBy(new Map(), false).files).not.toBe(version?.files);
  });
});

describe('filesChanged', () => {
  it('has the files that differ from any version to the tree as it is now', () => {
    const { kept, versions, contents } = changed();
    const after = filesOf(contents.at(-1) ?? new Map());
    for (const [i, { replaced }] of versions.entries()) {
      const before = filesOf(contents[i] ?? new Map());
      const all = [...new Set([...before.keys(), ...after.keys()])];
      const paths = all.filter((path) => before.get(path) !== after.get(path));
      const differing = filesChanged(replaced, kept.top);
      const entries = (files: ReadonlyMap<string, string>) =>
        paths.flatMap((path) => (files.has(path) ? [[path, files.get(path)]] : [])).sort();
      expect([...differing.before].sort()).toEqual(entries(before));
      expect([...differing.after].sort()).toEqual(entries(after));
    }
  });

  it('has none that are the same, beside those that differ', () => {
    const kept = new KeptTree(
      dir({ a: 'content 1', b: 'content 2', 'd-': 'd-', d: dir({}), d0: 'd0', z: UNREAD }),
    );
    kept.set(
      kept.top,
      dir({ a: 'content 1', b: 'content 3', 'd-': 'd-', d: 'd', e: dir({}), y: UNREAD, z: 'z' }),
    );
    const { before, after } = filesChanged(kept.replaced, kept.top);
    expect([[...before.keys()], [...after.keys()]]).toEqual([
      ['b', 'd0'],
      ['b', 'd', 'z'],
    ]);
  });

  it('begins paths where the tree does', () => {
    const kept = new KeptTree(dir({ a: 'a', d: dir({ b: 'b' }) }), 'packages/one');
    kept.set(kept.top, dir({ a: 'A', d: dir({ b: 'b' }), e: 'e' }));
    const { before, after } = filesChanged(kept.replaced, kept.top);
    expect([[...before.keys()], [...after.keys()]]).toEqual([['a'], ['a', 'e']]);
  });
});

describe('directoriesChanged', () => {
  it('yields each directory once: new ones, gone ones, and those that are listed anew', () => {
    const kept = new KeptTree(FIRST);
    const entries = dir({ new: dir({ below: dir({ x: 'x' }) }), f: dir({ g: 'g' }) });
    kept.set(kept.top, entries);
    const told = [...directoriesChanged(kept.replaced)].map(({ directory, before, after }) => [
      directory.path,
      before?.listing !== undefined,
      after !== undefined,
    ]);
    expect(told.sort()).toEqual([
      ['', true, true],
      ['d', true, false],
      ['d/e', true, false],
      ['new', false, true],
      ['new/below', false, true],
    ]);
  });

  it('yields none of what came and went', () => {
    const kept = new KeptTree(FIRST);
    kept.set(kept.top, dir({ ...Object.fromEntries(FIRST), new: dir({ x: 'x' }) }));
    kept.set(kept.top, FIRST);
    expect([...directoriesChanged(kept.replaced)].map(({ directory }) => directory.path)).toEqual(['']);
  });
});
