import { diffSnapshots, type ParsedSnapshot } from '@muse/snapshot';
import { sha256Id } from '@muse/testkit';
import { describe, expect, it } from 'vitest';
import { decodeTree, pathOf } from './decode-tree.js';
import { itemOf } from './item-of.js';
import { KINDS, type ReportData } from './report-data.js';
import { reportOf, type ReportSide } from './report.js';

const idOf = (text: string) => sha256Id(text) as ParsedSnapshot['id'];

/** A side whose files have these contents. */
function side(
  name: string,
  files: Readonly<Record<string, string>>,
  problems: ParsedSnapshot['problems'] = [],
): ReportSide {
  const manifest = new Map(Object.entries(files).map(([path, text]) => [path, idOf(text)]));
  return { name, snapshot: { id: idOf(name), manifest, problems, complete: problems.length === 0 } };
}

/** The same for a directory: the sizes of its files are known, and what it left out. */
function directory(...args: Parameters<typeof side>): ReportSide {
  const [, files] = args;
  const sizes = new Map(Object.values(files).map((text) => [idOf(text), text.length]));
  const leftOut = { symlink: 3 } as unknown as NonNullable<ReportSide['taken']>['stats']['leftOut'];
  const stats = { leftOut } as NonNullable<ReportSide['taken']>['stats'];
  return { ...side(...args), taken: { sizes, stats } };
}

function report(before: ReportSide, after: ReportSide): ReportData {
  const diff = diffSnapshots(before.snapshot, after.snapshot);
  return reportOf({ title: 't', before, after, diff, damaged: [], made: new Date(0) });
}

/** The files of a report, each as `kind bytes path`. */
function filesOf({ tree: encoded }: ReportData): string[] {
  const tree = decodeTree(encoded);
  return tree.names.flatMap((_, node) => {
    const kind = KINDS[itemOf(tree.kind, node)];
    const from = tree.from.get(node);
    const moved = from === undefined ? '' : ` from ${from}`;
    return kind === undefined ? [] : `${kind} ${itemOf(tree.bytes, node)} ${pathOf(tree, node)}${moved}`;
  });
}

const old = { same: 'same', 'd/edited': 'x', 'd/gone': 'gone', 'd/moved': 'moved' };
const now = { same: 'same', 'd/edited': 'xyz', 'e/moved': 'moved', 'd/zz': '', new: 'new' };

describe('reportOf', () => {
  it('has the files of both sides with what became of them, and the sizes that a directory knows', () => {
    expect(filesOf(report(side('latest', old), directory('.', now)))).toEqual([
      'modified 3 d/edited',
      'deleted NaN d/gone',
      'added 0 d/zz',
      'renamed 5 e/moved from d/moved',
      'added 3 new',
      'unchanged 4 same',
    ]);
  });

  it('knows every size between two directories, and those of the first alone', () => {
    expect(filesOf(report(directory('a', old), directory('b', now)))).toContain('deleted 4 d/gone');
    const files = filesOf(report(directory('a', old), side('m.json', now)));
    expect(files).toEqual(
      expect.arrayContaining(['deleted 4 d/gone', 'modified NaN d/edited', 'renamed 5 e/moved from d/moved']),
    );
  });

  it('knows no size between two manifests', () => {
    const { tree, before, after } = report(side('a', old), side('b', now));
    expect(tree).not.toHaveProperty('sizes');
    expect([before.bytes, after.bytes]).toEqual([undefined, undefined]);
  });

  it('calls unknown what one side could not see', () => {
    const problem = {
      path: 'd',
      kind: 'unreadable',
      operation: 'readdir',
      code: 'EACCES',
      message: 'denied',
    } as const;
    const { same } = now;
    const made = report(side('a', old), directory('b', { same }, [problem]));
    expect(filesOf(made)).toEqual([
      'unknown NaN d/edited',
      'unknown NaN d/gone',
      'unknown NaN d/moved',
      'unchanged 4 same',
    ]);
    expect(made.problems).toEqual([
      { side: 'after', path: 'd', kind: 'unreadable', message: 'denied (EACCES)' },
    ]);
    expect([made.before.complete, made.after.complete]).toEqual([true, false]);
  });

  it('says of each side what it is', () => {
    const saved = { savedAt: new Date(1000), note: 'n' };
    const { before, after, made, title } = report({ ...side('latest', old), saved }, directory('.', now));
    expect(before).toEqual({
      ...{ name: 'latest', id: idOf('latest'), complete: true, files: 4 },
      ...{ savedAt: '1970-01-01T00:00:01.000Z', note: 'n' },
    });
    expect(after).toEqual({
      ...{ name: '.', id: idOf('.'), complete: true, files: 5, bytes: 15, leftOut: { symlink: 3 } },
    });
    expect([made, title]).toEqual(['1970-01-01T00:00:00.000Z', 't']);
  });
});
