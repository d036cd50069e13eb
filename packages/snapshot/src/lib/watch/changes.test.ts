import { getEventListeners } from 'node:events';
import { blobId, type ObjectId } from '@muse/stat-cache';
import type { Problem } from '@muse/walker';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { KeptTree } from '../../../test/support/kept-tree.js';
import { computeSnapshotId } from '../manifest/manifest.js';
import type { ChangesOptions, Snapshot, TreeChange } from '../types.js';
import { changesOf, type Hearing } from './changes.js';
import { Version } from './versions.js';

/** A tree that is asked, and the events that tell of its changes. */
class Tree {
  readonly files = new Map<string, ObjectId>();
  problems: Problem[] = [];
  scanMs = 0;
  asked = 0;
  readonly closing = new AbortController();
  readonly listeners = new Set<() => void>();
  /** Done while a question is answered. */
  whileAsked: (() => void) | undefined;
  /** False where events are lost: then there is no number of them. */
  isHearing = true;
  readonly #hearing: Pick<Hearing, 'hearsAll'> | undefined;
  #events = 0;
  /** Another one for each change that an answer covers. */
  #files = {};
  #isChanged = false;

  constructor(hearing?: Pick<Hearing, 'hearsAll'>) {
    this.#hearing = hearing;
  }

  /** Changes a file, and tells of it. */
  write(path: string, content: string | undefined): void {
    if (content === undefined) this.files.delete(path);
    else this.files.set(path, blobId(Buffer.from(content)));
    this.tell();
  }

  tell(): void {
    this.#events++;
    this.#isChanged = true;
    for (const listener of this.listeners) listener();
  }

  fail(...paths: string[]): void {
    this.problems = paths.map((path) => ({
      path,
      kind: 'unreadable',
      operation: 'open',
      code: 'EACCES',
      message: '',
    }));
    this.tell();
  }

  readonly ask = (): Promise<{ snapshot: Snapshot; version: never }> => {
    this.asked++;
    this.whileAsked?.();
    if (this.#isChanged) this.#files = {};
    this.#isChanged = false;
    const manifest = new Map(this.files);
    const { problems } = this;
    const snapshot = {
      id: computeSnapshotId(manifest),
      manifest,
      problems,
      complete: problems.length === 0,
      stats: { milliseconds: { scan: this.scanMs } },
    } as unknown as Snapshot;
    return Promise.resolve({ snapshot, version: { tree: {}, files: this.#files } as never });
  };

  changes(options: ChangesOptions = {}): AsyncGenerator<TreeChange, void, undefined> {
    const eventCount = () => (this.isHearing ? this.#events : undefined);
    const hearing = this.#hearing && {
      ...this.#hearing,
      get eventCount() {
        return eventCount();
      },
      hasNewsSince: (version: Version | undefined) => this.#isChanged || version?.files !== this.#files,
      onNews: (listener: () => void) => {
        this.listeners.add(listener);
        return () => this.listeners.delete(listener);
      },
    };
    return changesOf({ ask: this.ask, hearing, closed: this.closing.signal }, options);
  }
}

/** Follows changes as they come; each with the time of it, and what it lists. */
function follow(changes: AsyncIterable<TreeChange>): { told: string[]; ended: Promise<unknown> } {
  const told: string[] = [];
  const ended = (async () => {
    for await (const change of changes) told.push(`${performance.now()} ${textOf(change)}`);
    return 'done';
  })().catch((error: unknown) => error);
  return { told, ended };
}

function textOf({ kind, added, modified, deleted, renamed, unknown }: TreeChange): string {
  return [
    kind,
    ...added.map(({ path }) => `+${path}`),
    ...modified.map(({ path }) => `~${path}`),
    ...deleted.map(({ path }) => `-${path}`),
    ...renamed.map(({ from, to }) => `${from}>${to}`),
    ...unknown.map((path) => `?${path}`),
  ].join(' ');
}

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

describe('changesOf() with events', () => {
  it('tells of the tree as it is, and of a change once nothing more has happened for a while', async () => {
    const tree = new Tree({ hearsAll: true });
    tree.write('a', '1');
    const { told } = follow(tree.changes({ settleMs: 50 }));
    await pass(1000);
    tree.write('b', '2');
    await pass(40);
    tree.write('b', '3');
    await pass(40);
    tree.write('a', undefined);
    await pass(1000);
    expect(told).toEqual(['0 start', '1150 change +b -a']);
    expect(tree.asked).toBe(2);
  });

  it('tells of a writer that never rests after ten times as long', async () => {
    const tree = new Tree({ hearsAll: true });
    const { told } = follow(tree.changes({ settleMs: 50 }));
    await pass(1000);
    for (let time = 0; time < 600; time += 10) {
      tree.write('log', String(time));
      await pass(10);
    }
    expect(told).toEqual(['0 start', '1500 change +log']);
  });

  it('waits 50 ms where nobody says how long', async () => {
    const tree = new Tree({ hearsAll: true });
    const { told } = follow(tree.changes());
    await pass(1000);
    tree.write('a', '1');
    await pass(1000);
    expect(told).toEqual(['0 start', '1050 change +a']);
  });

  it('tells at once where events were lost, since nobody knows when nothing more happens', async () => {
    const tree = new Tree({ hearsAll: true });
    const { told } = follow(tree.changes({ settleMs: 50 }));
    await pass(1000);
    tree.isHearing = false;
    tree.write('a', '1');
    await pass(1000);
    expect(told).toEqual(['0 start', '1000 change +a']);
  });

  it('waits however long it is told to', async () => {
    const tree = new Tree({ hearsAll: true });
    const { told } = follow(tree.changes({ settleMs: Infinity }));
    await pass(1000);
    tree.write('a', '1');
    await pass(1_000_000);
    expect(told).toEqual(['0 start']);
  });

  it('tells nothing where nothing has changed after all', async () => {
    const tree = new Tree({ hearsAll: true });
    const { told } = follow(tree.changes());
    await pass(1000);
    tree.tell();
    await pass(1000);
    expect(told).toEqual(['0 start']);
    expect(tree.asked).toBe(2);
  });

  it('asks each five seconds even so, since no event tells of a mount', async () => {
    const tree = new Tree({ hearsAll: true });
    const { told } = follow(tree.changes());
    await pass(4990);
    expect(tree.asked).toBe(1);
    tree.files.set('mounted', blobId(Buffer.from('m')));
    await pass(20);
    expect(told).toEqual(['0 start', '5000 change +mounted']);
  });

  it('tells of what another question has found out', async () => {
    const tree = new Tree({ hearsAll: true });
    const { told } = follow(tree.changes());
    await pass(1000);
    tree.files.set('a', blobId(Buffer.from('1')));
    tree.tell();
    await tree.ask();
    await pass(1000);
    expect(told).toEqual(['0 start', '1050 change +a']);
  });

  it('tells of what another question has found out while the loop was at work', async () => {
    const tree = new Tree({ hearsAll: true });
    const changes = tree.changes();
    await changes.next();
    tree.write('a', '1');
    await tree.ask();
    const { told } = follow(changes);
    await pass(1000);
    expect(told).toEqual(['50 change +a']);
  });

  it('tells as one change what happens while the loop is at work', async () => {
    const tree = new Tree({ hearsAll: true });
    const changes = tree.changes();
    await changes.next();
    for (const name of ['a', 'b', 'c']) {
      tree.write(name, name);
      await pass(10_000);
    }
    tree.write('b', undefined);
    expect(tree.asked).toBe(1);
    const { told } = follow(changes);
    await pass(1000);
    expect(told).toEqual(['30050 change +a +c']);
  });

  it('tells two loops of all changes', async () => {
    const tree = new Tree({ hearsAll: true });
    const [one, two] = [follow(tree.changes()), follow(tree.changes({ settleMs: 200 }))];
    await pass(1000);
    tree.write('a', '1');
    await pass(1000);
    expect(one.told).toEqual(['0 start', '1050 change +a']);
    expect(two.told).toEqual(['0 start', '1200 change +a']);
  });
});

describe('changesOf() where events do not tell of all', () => {
  it.each([
    ['without events', undefined],
    ['with some', { hearsAll: false }],
  ])('%s: asks each second, and waits for nothing to settle', async (_case, hearing) => {
    const tree = new Tree(hearing);
    const { told } = follow(tree.changes({ settleMs: 5000 }));
    await pass(500);
    tree.files.set('a', blobId(Buffer.from('1')));
    await pass(1000);
    expect(told).toEqual(['0 start', '1000 change +a']);
    await pass(10_000);
    expect(tree.asked).toBe(12);
  });

  it('asks less often where a scan takes long, unless that was the first', async () => {
    const tree = new Tree();
    tree.scanMs = 60_000;
    follow(tree.changes());
    await pass(0);
    tree.scanMs = 200;
    await pass(1000);
    expect(tree.asked).toBe(2);
    await pass(3990);
    expect(tree.asked).toBe(2);
    await pass(20);
    expect(tree.asked).toBe(3);
  });
});

describe('changesOf() ends', () => {
  /** Nothing is left that would keep a process alive, or be called. */
  const expectNothingLeft = (tree: Tree, signal = tree.closing.signal) => {
    expect(vi.getTimerCount()).toBe(0);
    expect(tree.listeners.size).toBe(0);
    for (const each of [signal, tree.closing.signal]) expect(getEventListeners(each, 'abort')).toEqual([]);
  };

  it.each([
    ['while it waits', 1000, { hearsAll: true }],
    ['while a change settles', 1010, { hearsAll: true }],
    ['while it waits without events', 1000, undefined],
  ])('by an abort %s', async (_case, at, hearing) => {
    const tree = new Tree(hearing);
    const ending = new AbortController();
    const { told, ended } = follow(tree.changes({ signal: ending.signal, settleMs: 60_000 }));
    await pass(at);
    if (at > 1000) tree.tell();
    await pass(0);
    ending.abort(new Error('enough'));
    expect(await ended).toEqual(new Error('enough'));
    expect(told).toEqual(['0 start']);
    expectNothingLeft(tree, ending.signal);
  });

  it('before it begins where it is aborted by then', async () => {
    const tree = new Tree();
    const { ended } = follow(tree.changes({ signal: AbortSignal.abort(new Error('enough')) }));
    expect(await ended).toEqual(new Error('enough'));
    expect(tree.asked).toBe(0);
  });

  it('with its loop, however it is left', async () => {
    const tree = new Tree({ hearsAll: true });
    for await (const { kind } of tree.changes()) {
      expect(kind).toBe('start');
      break;
    }
    expectNothingLeft(tree);
  });

  it.each([
    ['while it waits', 0, { hearsAll: true }],
    ['while a change settles', 1, { hearsAll: true }],
    ['while it waits without events', 0, undefined],
  ])('by itself once nobody answers any more, %s', async (_case, events, hearing) => {
    const tree = new Tree(hearing);
    const { told, ended } = follow(tree.changes({ settleMs: 60_000 }));
    await pass(100);
    if (events > 0) tree.tell();
    await pass(0);
    tree.closing.abort();
    expect(await ended).toBe('done');
    expect(told).toEqual(['0 start']);
    expect(tree.asked).toBe(1);
    expectNothingLeft(tree);
  });

  it('by itself once nobody answers any more, while the last answer is made', async () => {
    const tree = new Tree({ hearsAll: true });
    tree.whileAsked = () => {
      tree.closing.abort();
    };
    const { told, ended } = follow(tree.changes());
    await pass(0);
    expect(await ended).toBe('done');
    expect(told).toEqual(['0 start']);
    expectNothingLeft(tree);
  });

  it('where a question fails', async () => {
    const tree = new Tree({ hearsAll: true });
    const changes = changesOf(
      {
        ask: () => Promise.reject(new Error('gone')),
        hearing: undefined,
        closed: tree.closing.signal,
      },
      {},
    );
    await expect(changes.next()).rejects.toThrow('gone');
    expect(await changes.next()).toEqual({ done: true, value: undefined });
    expectNothingLeft(tree);
  });
});

describe('changesOf() tells of files that no answer can vouch for', () => {
  let tree: Tree;
  let told: string[];
  beforeEach(async () => {
    tree = new Tree({ hearsAll: true });
    for (const name of ['d/edited', 'd/gone', 'd/same', 'other']) tree.write(name, name);
    ({ told } = follow(tree.changes()));
    await pass(1000);
    for (const name of ['d/edited', 'd/gone', 'd/same']) tree.files.delete(name);
    tree.fail('d');
    await pass(1000);
  });

  it('as unknown, once', async () => {
    expect(told.slice(1)).toEqual(['1050 change ?d/edited ?d/gone ?d/same']);
    tree.write('more', 'm');
    await pass(1000);
    expect(told.slice(2)).toEqual(['2050 change +more']);
  });

  it('and of what has become of them, once one can', async () => {
    tree.write('d/edited', 'new');
    tree.write('d/same', 'd/same');
    tree.write('d/new', 'n');
    tree.fail();
    await pass(1000);
    expect(told.slice(2)).toEqual(['2050 change +d/new ~d/edited -d/gone']);
    tree.write('d/same', undefined);
    await pass(1000);
    expect(told.slice(3)).toEqual(['3050 change -d/same']);
  });

  it('each by itself', async () => {
    tree.write('d/same', 'd/same');
    tree.fail('d/edited');
    await pass(1000);
    expect(told.slice(2)).toEqual(['2050 change -d/gone']);
    tree.fail();
    await pass(1000);
    expect(told.slice(3)).toEqual(['3050 change -d/edited']);
  });

  it('as changed, where they are seen again though others near them are not', async () => {
    tree.write('d/edited', 'new');
    await pass(1000);
    expect(told.slice(2)).toEqual(['2050 change ~d/edited']);
  });

  it('and of a problem that comes or becomes another, even where no file is known to have changed', async () => {
    tree.fail('d', 'elsewhere');
    await pass(1000);
    tree.fail('d', 'nowhere');
    await pass(1000);
    expect(told.slice(2)).toEqual(['2050 change', '3050 change']);
  });
});

it('changesOf() makes no manifest of a scan that has the id of the one before, and neither of a tree that is kept', async () => {
  const scanned = (id: string) =>
    ({ id, problems: [], stats: { milliseconds: { scan: 0 } } }) as unknown as Snapshot;
  const kept = new KeptTree(new Map([['a', 'a']]));
  const version = new Version(kept.top, kept.replaced);
  for (const [snapshot, at] of [
    [scanned('same'), undefined],
    [scanned(''), version],
  ] as const) {
    const made = vi.fn();
    Object.defineProperty(snapshot, 'manifest', { get: made });
    if (at) Object.defineProperty(snapshot, 'id', { get: made });
    const asking = vi.fn(() => Promise.resolve({ snapshot, version: at }));
    const ending = new AbortController();
    follow(changesOf({ ask: asking, hearing: undefined, closed: ending.signal }, {}));
    await pass(2500);
    ending.abort();
    expect([asking.mock.calls.length, made.mock.calls.length]).toEqual([3, 0]);
  }
});

it('changesOf() calls a file deleted that is gone, whatever is the matter with the rules', async () => {
  const tree = new Tree({ hearsAll: true });
  tree.problems = [{ path: '', kind: 'not-trusted', operation: 'read', code: 'EPERM', message: '' }];
  tree.write('a', '1');
  const { told } = follow(tree.changes());
  await pass(1000);
  tree.write('a', undefined);
  tree.write('b', '2');
  await pass(1000);
  expect(told).toEqual(['0 start', '1050 change +b -a']);
});
