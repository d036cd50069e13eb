import { describe, expect, it } from 'vitest';
import { notKept, type CalendarSpan, type RetentionPolicy } from './retention.js';

const nothing: CalendarSpan = { years: 0, months: 0, days: 0, hours: 0 };

function saved(...times: string[]): { savedAt: Date; subtree: string }[] {
  return times.map((time) => {
    const [at = '', subtree = ''] = time.split(' ');
    return { savedAt: new Date(at), subtree };
  });
}

/** Returns those that are not kept, as they were written. */
function gone(times: readonly string[], policy: RetentionPolicy): string[] {
  const all = saved(...times);
  return notKept(all, policy).map((each) => times[all.indexOf(each)] ?? '');
}

const year = ['2026-03-31', '2026-03-30', '2026-03-01', '2026-02-28', '2025-03-31', '2020-01-01'];

describe('notKept()', () => {
  it.each<[string, RetentionPolicy, number]>([
    ['the last', { last: 1 }, 1],
    ['the last four', { last: 4 }, 4],
    ['more than there are', { last: 99 }, 6],
    ['nothing but the newest within no time', { within: nothing }, 1],
    ['those within an hour of the newest', { within: { ...nothing, hours: 1 } }, 1],
    ['no one that is exactly as old', { within: { ...nothing, days: 1 } }, 1],
    ['those within 25 hours', { within: { ...nothing, hours: 25 } }, 2],
    ['those within 30 days, from the newest', { within: { ...nothing, days: 31 } }, 3],
    // The 31st of February is the 3rd of March.
    ['those within a month of the calendar', { within: { ...nothing, months: 1 } }, 2],
    ['those within a year', { within: { ...nothing, years: 1 } }, 4],
    ['those within a year and an hour', { within: { ...nothing, years: 1, hours: 1 } }, 5],
    ['what any rule keeps', { last: 3, within: { ...nothing, days: 1 } }, 3],
    ['what any rule keeps, the other way round', { last: 1, within: { ...nothing, days: 31 } }, 3],
  ])('keeps %s', (_case, policy, kept) => {
    expect(gone(year, policy)).toEqual(year.slice(kept));
    expect(gone([...year].reverse(), policy)).toEqual(year.slice(kept).reverse());
  });

  it('counts those of each directory by themselves', () => {
    const all = ['2026-03-03 net', '2026-03-02 net', '2026-03-01', '2026-02-01', '2020-01-01 net/a'];
    expect(gone(all, { last: 1 })).toEqual(['2026-03-02 net', '2026-02-01']);
    expect(gone(all, { within: { ...nothing, days: 1 } })).toEqual(['2026-03-02 net', '2026-02-01']);
  });

  it('keeps one of two that were saved at the same time', () => {
    const all = saved('2026-03-03', '2026-03-03');
    expect(notKept(all, { last: 1 })).toEqual([all[1]]);
  });

  it.each<[RetentionPolicy]>([
    [{}],
    [{ last: 0 }],
    [{ last: -1 }],
    [{ last: 1.5 }],
    [{ last: NaN }],
    [{ within: { ...nothing, years: 1e9 } }],
  ])('refuses %j', (policy) => {
    expect(() => notKept(saved('2026-03-03'), policy)).toThrow(RangeError);
  });

  it('has nothing to forget where nothing is saved', () => {
    expect(notKept([], { last: 1 })).toEqual([]);
  });
});
