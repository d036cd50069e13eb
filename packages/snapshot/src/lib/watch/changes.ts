import { PathMap, type PathSet } from '@muse/paths';
import type { ObjectId } from '@muse/stat-cache';
import { diffSnapshots } from '../manifest/diff.js';
import { isAtOrBelow, unseenPaths } from '../manifest/manifest.js';
import type { ChangesOptions, Manifest, Snapshot, TreeChange } from '../types.js';
import { filesChanged, type Version } from './versions.js';

/** A snapshot, and the version of the tree that it is about where one is kept. */
export interface Answer {
  readonly snapshot: Snapshot;
  readonly version: Version | undefined;
}

/** Hears of changes. */
export interface Hearing {
  /** The number of events so far; `undefined` while none are heard. */
  readonly eventCount: number | undefined;
  /** True if events tell of all changes to files, so that nobody has to ask without. */
  readonly hearsAll: boolean;
  /** Returns whether anything is known to have changed since an answer about a version, whoever asked in between. */
  hasNewsSince(version: Version | undefined): boolean;
  /** Calls back when there may be news, until the function that it returns is called. */
  onNews(listener: () => void): () => void;
}

/** Who is asked. */
export interface Asked {
  /** Resolves with an answer. */
  readonly ask: (options: ChangesOptions) => Promise<Answer>;
  /** `undefined` where no tree is watched. */
  readonly hearing: Hearing | undefined;
  /** Aborted once nobody answers any more. */
  readonly closed: AbortSignal;
}

const SETTLE_MS = 50;
/** A writer that never rests delays what is told of it by so many times the settling time. */
const MOST_SETTLES = 10;
/** Milliseconds between two questions where events tell of all changes to files: none tells of a mount, or of a root that moved. */
const HEARD_POLL_MS = 5000;
/** The same where events do not tell of all, and the part of the time that these questions may take: one in so many. */
const POLL_MS = 1000;
const POLL_SHARE = 20;

/** Yields the tree as it is, and then each change to it; ends once whoever is asked is closed. */
export async function* changesOf(
  { ask, hearing, closed }: Asked,
  options: ChangesOptions,
): AsyncGenerator<TreeChange, void, undefined> {
  const { signal, settleMs = SETTLE_MS } = options;
  const ended = [signal, closed].filter((each) => each !== undefined).map(whenAborted);
  const changes = new Changes();
  let pollMs = POLL_MS;
  for (;;) {
    signal?.throwIfAborted();
    if (closed.aborted) return;
    const answer = await ask(options);
    const change = changes.upTo(answer);
    if (change) yield change;
    // The first answer may have taken long for reasons of its own.
    if (change?.kind !== 'start')
      pollMs = Math.max(POLL_MS, POLL_SHARE * answer.snapshot.stats.milliseconds.scan);
    const isNews = () => hearing?.hasNewsSince(answer.version) === true;
    if (!isNews()) {
      const hears = hearing ? [(wake: () => void) => hearing.onNews(wake)] : [];
      await wait(hearing?.hearsAll === true ? HEARD_POLL_MS : pollMs, [...ended, ...hears]);
    }
    if (hearing && isNews()) await settled(hearing, settleMs, ended);
  }
}

/** Waits until there was no event for some time; not for ever. */
async function settled(hearing: Hearing, settleMs: number, ended: readonly Waker[]): Promise<void> {
  let before: number | undefined;
  for (let times = 0; times < MOST_SETTLES; times++) {
    const { eventCount } = hearing;
    if (eventCount === undefined || eventCount === before) return;
    before = eventCount;
    await wait(settleMs, ended);
  }
}

/** Calls back when something happens, at once where it has, until the function that it returns is called. */
type Waker = (wake: () => void) => () => void;

function whenAborted(signal: AbortSignal): Waker {
  return (wake) => {
    if (signal.aborted) wake();
    else signal.addEventListener('abort', wake);
    return () => {
      signal.removeEventListener('abort', wake);
    };
  };
}

/** The longest time that a timer can wait for. */
const MOST_MS = 2 ** 31 - 1;

/** Waits for some time, which keeps the process alive, or until one of `wakers` ends that early. */
async function wait(ms: number, wakers: readonly Waker[]): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  let stops: (() => void)[] = [];
  try {
    await new Promise<void>((resolve) => {
      timer = setTimeout(resolve, Math.min(ms, MOST_MS));
      stops = wakers.map((waker) => waker(resolve));
    });
  } finally {
    clearTimeout(timer);
    for (const stop of stops) stop();
  }
}

/** Finds out what changed from one answer to the next. */
class Changes {
  #before: Answer | undefined;
  /** Files that no answer can vouch for since they were last seen, with the object ids that they had then. */
  readonly #unknown = new PathMap<ObjectId>();

  /** Returns what changed since the answer before; `undefined` where nothing did. */
  upTo(now: Answer): TreeChange | undefined {
    const before = this.#before;
    this.#before = now;
    const { snapshot } = now;
    if (!before)
      return { kind: 'start', snapshot, added: [], modified: [], deleted: [], renamed: [], unknown: [] };
    const isSameAnswer = isSameProblems(before.snapshot, snapshot);
    const { version } = before;
    const isSameTree = version !== undefined && version.tree === now.version?.tree;
    if (isSameAnswer && !isSameTree && before.snapshot.id === snapshot.id) return undefined;
    const { before: was, after } = isSameTree
      ? filesChanged(version.replaced, version.tree)
      : { before: before.snapshot.manifest, after: snapshot.manifest };
    const unseen = unseenPaths(snapshot.problems);
    const known = this.#withSeenAgain(was, after, unseen);
    const problems = snapshot.problems.filter(({ path }) => unseen.has(path));
    const diff = diffSnapshots({ manifest: known, problems: [] }, { manifest: after, problems });
    for (const path of diff.unknown) {
      const objectId = known.get(path);
      if (objectId !== undefined) this.#unknown.set(path, objectId);
    }
    const isSame = Object.values(diff).every((list: readonly unknown[]) => list.length === 0);
    return isSame && isSameAnswer ? undefined : { kind: 'change', snapshot, ...diff };
  }

  /** Returns the files of before, and those that were unknown until now. */
  #withSeenAgain(was: Manifest, now: Manifest, unseen: PathSet): Manifest {
    const again = [...this.#unknown].filter(([path]) => now.has(path) || !isAtOrBelow(unseen, path));
    if (again.length === 0) return was;
    for (const [path] of again) this.#unknown.delete(path);
    return new PathMap([...was, ...again]);
  }
}

function isSameProblems({ problems: a }: Snapshot, { problems: b }: Snapshot): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}
