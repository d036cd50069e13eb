import { describe, expect, it } from 'vitest';
import {
  directory,
  FakeCalls,
  file,
  HeldCalls,
  link,
  type FakeNode,
} from '../../../test/support/fake-tree.js';
import {
  atCall,
  childOf,
  filesIn,
  pathsIn,
  problemsOf,
  sample,
  listed,
  treeOf,
  TOO_MANY_CALLS,
} from '../../../test/support/tree-scans.js';

async function momentsOfACleanScan(Calls: typeof FakeCalls): Promise<number[]> {
  const calls = new Calls(sample());
  await listed(calls);
  return Array.from({ length: calls.log.length + 1 }, (_, index) => index);
}

describe.each([
  { how: 'through a descriptor', Calls: HeldCalls, moments: await momentsOfACleanScan(HeldCalls) },
  { how: 'by path', Calls: FakeCalls, moments: await momentsOfACleanScan(FakeCalls) },
])('Tree, $how,', ({ Calls, moments }) => {
  describe('when a directory is swapped for a link', () => {
    const outside = directory({
      f: file(),
      x: file(),
      h: file(),
      secret: file(),
      d: directory({ f: file(), e: directory({ g: file() }) }),
      e: directory({ g: file(), secret: file() }),
    });
    const stolen = inodesBelow(outside);

    it.each(
      moments.flatMap((moment) =>
        [['p'], ['p', 'd'], ['p', 'd', 'e'], ['q']].map((path) => [moment, path] as const),
      ),
    )('before call %i at %j, nothing outside the root is in the result', async (moment, path) => {
      const calls = new Calls(sample());
      const name = path.at(-1) ?? '';
      const parent = childOf(calls.root, ...path.slice(0, -1));
      atCall(calls, moment, () => parent.children.set(name, link(outside)));
      const tree = await listed(calls);
      for (const ino of filesIn(tree).values()) expect(stolen).not.toContain(ino);
      expect(problemsOf(tree)).toEqual([]);
      expect(pathsIn(tree)).toContain('a');
    });

    // What a swap shows that is undone before the directory's last lstat is out of reach where no directory can be held.
    it
      .runIf(Calls === HeldCalls)
      .each(
        moments.flatMap((from) =>
          [['p'], ['p', 'd'], ['p', 'd', 'e'], ['q']].map((path) => [from, path] as const),
        ),
      )(
      'from call %i on for however long at %j, nothing outside the root is in the result',
      async (from, path) => {
        for (const to of moments.slice(from + 1)) {
          const calls = new HeldCalls(sample());
          const name = path.at(-1) ?? '';
          const parent = childOf(calls.root, ...path.slice(0, -1));
          const node = childOf(parent, name);
          let made = 0;
          calls.before = () => {
            if (made === from) parent.children.set(name, link(outside));
            if (made === to) parent.children.set(name, node);
            made++;
          };
          const tree = await listed(calls);
          for (const ino of filesIn(tree).values()) expect(stolen).not.toContain(ino);
          expect(problemsOf(tree)).toEqual([]);
          expect(calls.heldCount).toBe(0);
        }
      },
    );

    it.each(moments)(
      'before call %i and back before the next, nothing is lost or a problem',
      async (moment) => {
        const calls = new Calls(sample());
        const p = childOf(calls.root, 'p');
        const d = childOf(p, 'd');
        let made = 0;
        calls.before = () => {
          if (made === moment) p.children.set('d', link(outside));
          if (made === moment + 1) p.children.set('d', d);
          made++;
        };
        const tree = await listed(calls);
        expect(problemsOf(tree)).toEqual([]);
        const seenAsLink = moment === calls.log.indexOf('lstat p/d');
        const expected = ['a', ...(seenAsLink ? [] : ['p/d/e/g', 'p/d/f']), 'p/x', 'q/h'];
        expect(pathsIn(tree)).toEqual(expect.arrayContaining(expected));
      },
    );
  });

  describe('when a directory is replaced', () => {
    it.each(moments)('by another before call %i, it has the files of one of the two', async (moment) => {
      const calls = new Calls(sample());
      const before = inodesBelow(childOf(calls.root, 'p', 'd'));
      const replacement = directory({ f: file(), n: file() });
      const after = inodesBelow(replacement);
      atCall(calls, moment, () => childOf(calls.root, 'p').children.set('d', replacement));
      const tree = await listed(calls);
      const inside = [...filesIn(tree)].filter(([path]) => path.startsWith('p/d/')).map(([, ino]) => ino);
      const set = inside.every((ino) => after.includes(ino)) ? after : before;
      expect(inside.filter((ino) => !set.includes(ino))).toEqual([]);
      expect(problemsOf(tree)).toEqual([]);
    });

    it.each(moments)('by a file before call %i, it is a directory or that file', async (moment) => {
      const calls = new Calls(sample());
      atCall(calls, moment, () => childOf(calls.root, 'p').children.set('d', file()));
      const tree = await listed(calls);
      const paths = pathsIn(tree).filter((path) => path.startsWith('p/d'));
      expect([['p/d'], ['p/d/e/g', 'p/d/f'], ['p/d/f']]).toContainEqual(paths);
      expect(problemsOf(tree)).toEqual([]);
    });

    it.each(moments)('by nothing before call %i, it is gone and no problem', async (moment) => {
      const calls = new Calls(sample());
      atCall(calls, moment, () => childOf(calls.root, 'p').children.delete('d'));
      const tree = await listed(calls);
      expect(problemsOf(tree)).toEqual([]);
      expect(pathsIn(tree)).toEqual(expect.arrayContaining(['a', 'p/x', 'q/h']));
    });

    it('each time it is listed, it is torn and the scan ends', async () => {
      const calls = new Calls(sample());
      calls.before = (call, path) => {
        if (calls.log.length > TOO_MANY_CALLS) throw new Error('The scan does not come to an end');
        if (call === 'names' && path === 'p/d')
          childOf(calls.root, 'p').children.set('d', directory({ f: file() }));
      };
      const tree = await listed(calls);
      expect(problemsOf(tree)).toMatchObject([{ path: 'p/d', kind: 'torn', code: 'ETORN' }]);
      expect(pathsIn(tree)).toEqual(['a', 'p/x', 'q/h']);
      expect(calls.log.filter((call) => call === 'names p/d')).toHaveLength(4);
    });

    it('by itself again each time it is listed, it is torn and the scan ends', async () => {
      const calls = new Calls(sample());
      const p = childOf(calls.root, 'p');
      const d = childOf(p, 'd');
      calls.before = (call, path) => {
        if (calls.log.length > TOO_MANY_CALLS) throw new Error('The scan does not come to an end');
        if (call === 'names' && path === 'p/d') p.children.set('d', directory());
        else if (calls.log.at(-2) === 'lstat p/d' || calls.log.at(-2)?.startsWith('lstat p/d/'))
          p.children.set('d', d);
      };
      const tree = await listed(calls);
      expect(problemsOf(tree).every(({ path }) => path === 'p/d')).toBe(true);
      expect(pathsIn(tree)).toEqual(expect.arrayContaining(['a', 'p/x', 'q/h']));
    });

    it('a new name that is gone again each time the one above is listed ends the scan without a problem', async () => {
      const root = directory({ a: file() });
      const calls = new Calls(root);
      let made = 0;
      calls.before = (call, path) => {
        if (calls.log.length > TOO_MANY_CALLS) throw new Error('The scan does not come to an end');
        if (call !== 'names') return;
        if (path === '') root.children.set(`t${made++}`, directory());
        else root.children.delete(path);
      };
      const tree = await listed(calls);
      expect(problemsOf(tree)).toEqual([]);
      expect(pathsIn(tree)).toEqual(['a']);
    });

    it('forty directories that are deleted one by one, each just before it is listed, are no problem', async () => {
      const names = Array.from({ length: 40 }, (_, index) => `d${index}`);
      const root = directory({ ...Object.fromEntries(names.map((name) => [name, directory()])), a: file() });
      const calls = new Calls(root);
      calls.before = (call, path) => {
        if (call === 'names' && path !== '') root.children.delete(path);
      };
      const tree = await listed(calls);
      expect(problemsOf(tree)).toEqual([]);
      expect(pathsIn(tree)).toEqual(['a']);
    });

    it('forty directories that are replaced one by one, each once, are all listed', async () => {
      const names = Array.from({ length: 40 }, (_, index) => `d${String(index).padStart(2, '0')}`);
      const root = directory(Object.fromEntries(names.map((name) => [name, directory({ old: file() })])));
      const calls = new Calls(root);
      const replaced = new Set<string>();
      calls.before = (call, path) => {
        if (call !== 'names' || path === '' || replaced.has(path)) return;
        replaced.add(path);
        root.children.set(path, directory({ new: file() }));
      };
      const tree = await listed(calls);
      expect(problemsOf(tree)).toEqual([]);
      expect(pathsIn(tree)).toEqual(names.map((name) => `${name}/new`));
    });
  });

  describe('when the root goes', () => {
    it.each(moments.slice(0, -1))(
      'before call %i, it is a problem of the root or was seen before',
      async (moment) => {
        const calls = new Calls(sample());
        atCall(calls, moment, () => {
          calls.root = file();
        });
        const tree = await listed(calls);
        const problems = problemsOf(tree);
        if (pathsIn(tree).length < 5) expect(problems.map(({ path }) => path)).toContain('');
        else expect(problems).toEqual([]);
      },
    );

    it('and a link out takes its place, nothing is listed', async () => {
      const calls = new Calls(sample());
      const tree = treeOf(calls);
      calls.root = link(directory({ secret: file() }));
      await tree.list();
      expect(pathsIn(tree)).toEqual([]);
      expect(problemsOf(tree)).toMatchObject([{ path: '' }]);
    });
  });
});

function inodesBelow(node: FakeNode): bigint[] {
  const below = [...node.children.values()].flatMap(inodesBelow);
  return node.kind === 'file' ? [node.ino] : below;
}
