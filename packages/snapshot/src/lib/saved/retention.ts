import type { SavedSnapshotInfo } from './format.js';

/** A span of calendar time: of each unit a whole number from 0. */
export interface CalendarSpan {
  readonly years: number;
  readonly months: number;
  readonly days: number;
  readonly hours: number;
}

/** Which saved snapshots to keep: each that a rule keeps. At least one rule must be given. */
export interface RetentionPolicy {
  /** Keeps the newest ones, this many, at least 1. */
  readonly last?: number | undefined;
  /** Keeps those that were saved less than this long before the newest one, which is kept, too. */
  readonly within?: CalendarSpan | undefined;
}

/** What a saved snapshot is judged by. */
type Judged = Pick<SavedSnapshotInfo, 'savedAt' | 'subtree'>;

/**
 * Returns the saved snapshots that a policy does not keep, in the order given. Those of each directory are judged by
 * themselves, so that the saves of one never push out the last of another.
 *
 * @throws RangeError if the policy has no rule, or one that would keep nothing.
 */
export function notKept<Saved extends Judged>(
  snapshots: readonly Saved[],
  { last, within }: RetentionPolicy,
): Saved[] {
  if (last === undefined && within === undefined) throw new RangeError('The policy has no rule');
  if (last !== undefined && !(Number.isSafeInteger(last) && last > 0)) {
    throw new RangeError(`Cannot keep the last ${String(last)}: it must be a whole number above 0`);
  }
  const kept = new Set<Saved>();
  for (const ofOne of byDirectory(snapshots)) {
    const newestFirst = ofOne.sort((a, b) => b.savedAt.getTime() - a.savedAt.getTime());
    const [newest] = newestFirst;
    const since = within && newest ? before(newest.savedAt, within) : Infinity;
    for (const [index, each] of newestFirst.entries()) {
      const isWithin = each.savedAt.getTime() > since || (within !== undefined && each === newest);
      if (isWithin || index < (last ?? 0)) kept.add(each);
    }
  }
  return snapshots.filter((each) => !kept.has(each));
}

function byDirectory<Saved extends Judged>(snapshots: readonly Saved[]): Iterable<Saved[]> {
  const groups = new Map<string, Saved[]>();
  for (const each of snapshots) {
    const group = groups.get(each.subtree);
    if (group) group.push(each);
    else groups.set(each.subtree, [each]);
  }
  return groups.values();
}

/** Returns the time that lies a span before another one, in milliseconds since the Unix epoch, by the calendar of UTC. */
function before(time: Date, { years, months, days, hours }: CalendarSpan): number {
  const date = new Date(time);
  date.setUTCFullYear(time.getUTCFullYear() - years, time.getUTCMonth() - months, time.getUTCDate() - days);
  const since = date.getTime() - hours * 3_600_000;
  if (Number.isNaN(since)) throw new RangeError('The policy goes back beyond what the calendar can name');
  return since;
}
