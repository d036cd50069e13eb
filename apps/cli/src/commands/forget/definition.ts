import type { CalendarSpan } from '@muse/snapshot';
import { define, flag, nonEmpty, positiveInteger, value, type Word } from '../../definition.js';
import { usageError } from '../../errors.js';
import { trustOption } from '../../shared-options.js';

const snapshots: Word<readonly string[]> = {
  syntax: '[snapshot...]',
  text: 'saved snapshots, each by its id, a unique prefix, latest, or latest~1',
  offer: 'saved',
  parse: nonEmpty,
  repeatable: true,
  resolve: (given) => (given as readonly string[] | undefined) ?? [],
};

export const forget = define({
  name: 'forget',
  summary: 'remove saved snapshots',
  description: 'Removes saved snapshots: those that are named, or all that no rule keeps.',
  arguments: { snapshots },
  options: {
    keepLast: value('--keep-last <n>', 'keep the n newest', positiveInteger),
    keepWithin: value(
      '--keep-within <duration>',
      'keep those saved within this time before the newest, e.g. 30d or 1y6m',
      calendarSpan,
    ),
    damaged: flag('--damaged', 'remove those that are damaged'),
    dryRun: flag('--dry-run', 'remove nothing; print what would be removed'),
    ...trustOption,
  },
  check({ snapshots: names, keepLast, keepWithin, damaged }) {
    const hasRule = keepLast !== undefined || keepWithin !== undefined || damaged;
    if (names.length > 0 && hasRule) {
      throw usageError('cannot forget snapshots by name and by a rule at once', "see 'muse forget --help'");
    }
    if (names.length === 0 && !hasRule) {
      throw usageError(
        'nothing says what to forget',
        'name snapshots, or use --keep-last, --keep-within or --damaged',
      );
    }
  },
  details: `Stdout has a line for each that is removed, as 'muse log' prints it. Of named ones all are removed, or none. An id that
several saves share does not say which one: use latest~1, or a rule.

Rules keep, as those of restic do: what any of them keeps stays, and all others go. They judge the snapshots of each
directory by themselves. A duration has years, months, days and hours: 1y6m, 30d, 12h. It is counted from the newest
snapshot, not from now. Damaged snapshots do not count, and stay unless --damaged is given; so do those that cannot be
read for another reason. Other files in .muse/snapshots are left alone.`,
  exitCodes: [
    [0, 'done, even if there was nothing to forget'],
    [3, 'done, but damaged ones were passed over, or some could not be removed: stderr names them'],
    [4, 'nothing was removed: a snapshot that was named cannot be found, or its id is shared'],
  ],
  examples: [
    ['muse forget latest~1'],
    ['muse forget --keep-last 10 --dry-run', 'what would go?'],
    ['muse forget --keep-last 3 --keep-within 30d', 'what either rule keeps stays'],
    ['muse forget --damaged'],
  ],
});

/** Reads a time such as `1y6m` or `30d`. */
function calendarSpan(text: string): CalendarSpan {
  const parts = [...text.matchAll(/(\d{1,4})([ymdh])/g)];
  const units = new Map(parts.map(([, number, unit]) => [unit, Number(number)]));
  const of = (unit: string): number => units.get(unit) ?? 0;
  const span = { years: of('y'), months: of('m'), days: of('d'), hours: of('h') };
  const isWhole = parts.map(([part]) => part).join('') === text && units.size === parts.length;
  if (isWhole && Object.values(span).some((number) => number > 0)) return span;
  throw new RangeError('It must be a time of years, months, days and hours, such as 1y6m, 30d or 12h.');
}
