import { setTimeout as sleep } from 'node:timers/promises';
import { diffSnapshots } from '../manifest/diff.js';
import type { ChangesOptions, Snapshot, TreeChange } from '../types.js';
import { filesChanged, type Version } from './versions.js';

/** A snapshot, and the version of the tree that it is about where one is kept. */
export interface Answer {
  readonly snapshot: Snapshot;
  readonly version: Version | undefined;
}

/** Hears of changes. */
export interface Hearing {
  /** The number of events so far. */
  readonly eventCount: number;
  /** True if there was any since the last answer. */
  readonly hasNews: boolean;
  /** True if there is one for each change, so that nobody has to ask without. */
  readonly hearsAll: boolean;
  /** Calls back when there is news, until the function that it returns is called. */
  onNews(listener: () => void): () => void;
}

/** Who is asked. */
export interface Asked {
  /** Resolves with an answer; `undefined` once it is closed. */
  ask(options: ChangesOptions): Promise<Answer | undefined>;
  /** `undefined` where no tree is watched. */
  readonly hearing: Hearing | undefined;
}

const SETTLE_MS = 50;
/** A writer that never rests delays what is told of it by so many times the settling time. */
const MOST_SETTLES = 10;
/** The time between two questions where no event tells of all changes, and the most of it that they may take. */
const POLL_MS = 1000;
const POLL_SHARE = 20;

/** Yields the tree as it is, and then each change to it; ends once whoever is asked is closed. */
export async function* changesOf(
  asked: Asked,
  options: ChangesOptions,
): AsyncGenerator<TreeChange, void, undefined> {
  const { signal, settleMs = SETTLE_MS } = options;
  let before: Answer | undefined;
  let tookMs = 0;
  for (;;) {
    if (before) {
      await news(asked, Math.max(POLL_MS, POLL_SHARE * tookMs), signal);
      await settled(asked, settleMs, signal);
    }
    const started = performance.now();
    const now: Answer | undefined = await asked.ask(options);
    tookMs = performance.now() - started;
    if (!now) return;
    const change = before ? changeFrom(before, now) : startOf(now);
    before = now;
    if (change) yield change;
  }
}

/** Waits until an event tells of a change; where not all are told, no longer than `pollMs`. Keeps the process alive. */
async function news({ hearing }: Asked, pollMs: number, signal: AbortSignal | undefined): Promise<void> {
  if (hearing?.hasNews === true) return;
  const timeout = hearing?.hearsAll === true ? MOST_MS : pollMs;
  const waiting = new AbortController();
  const stop = () => {
    waiting.abort();
  };
  const unhear = hearing?.onNews(stop);
  signal?.addEventListener('abort', stop);
  if (signal?.aborted === true) stop();
  await sleep(timeout, undefined, { signal: waiting.signal }).catch(() => undefined);
  signal?.removeEventListener('abort', stop);
  unhear?.();
  signal?.throwIfAborted();
}

/** The longest time that a timer can wait for. */
const MOST_MS = 2 ** 31 - 1;

async function settled({ hearing }: Asked, settleMs: number, signal: AbortSignal | undefined): Promise<void> {
  if (!hearing) return;
  for (let i = 0, count = -1; i < MOST_SETTLES && count !== hearing.eventCount; i++) {
    count = hearing.eventCount;
    await sleep(settleMs, undefined, { signal }).catch(() => signal?.throwIfAborted());
  }
}

function startOf({ snapshot }: Answer): TreeChange {
  return { kind: 'start', snapshot, added: [], modified: [], deleted: [], renamed: [], unknown: [] };
}

/** Returns what changed from one answer to the next; `undefined` where nothing did. */
function changeFrom(before: Answer, now: Answer): TreeChange | undefined {
  const { snapshot } = now;
  const [was, is] = sidesOf(before, now);
  const diff = diffSnapshots(
    { manifest: was, problems: before.snapshot.problems },
    { manifest: is, problems: snapshot.problems },
  );
  const { added, modified, deleted, renamed, unknown } = diff;
  const isSame = added.length + modified.length + deleted.length + renamed.length + unknown.length === 0;
  if (isSame && isSameProblems(before.snapshot, snapshot)) return undefined;
  return { kind: 'change', snapshot, ...diff };
}

/** Returns the manifests to compare: where the tree was kept, their parts that may differ. */
function sidesOf(before: Answer, now: Answer) {
  const tree = now.version?.tree;
  if (tree && before.version?.tree === tree) {
    const { before: was, after } = filesChanged(before.version.replaced, tree);
    return [was, after] as const;
  }
  return [before.snapshot.manifest, now.snapshot.manifest] as const;
}

function isSameProblems({ problems: a }: Snapshot, { problems: b }: Snapshot): boolean {
  if (a === b) return true;
  return a.length === b.length && JSON.stringify(a) === JSON.stringify(b);
}
