import { effort, seededRandom } from '@muse/testkit';
import { describe, expect, it } from 'vitest';
import type { IgnoreRules } from '../types.js';
import { IgnorePatternError } from './errors.js';
import { combineIgnoreRules } from './load.js';
import { PatternRules } from './pattern-rules.js';

/** Seconds to look for the worst list; more can be asked for by hand, and from another seed. */
const seconds = effort(1, 120);
const seed = Number(process.env['MUSE_WORST_SEED'] ?? 1);
/** Lists that may count for one entry: of git, of `.museignore`, of further files, of `exclude`. */
const LISTS = 4;
/** Milliseconds of processor time that an entry may cost. */
const LIMIT = 1;

const random = seededRandom(seed);
const below = (limit: number) => Math.floor(random() * limit);
const pick = <T>(list: readonly [T, ...T[]]): T => list[below(list.length)] ?? list[0];

/** Draws a pattern out of parts that make matchers try again, or go to many places at once. */
function randomPattern(): string {
  const part = () =>
    pick(['a', 'a', 'a*', '*a', '?', '*', '**/', 'a/', '/', '[a-z]', '[!b]', '[[:alnum:]]', '.', '*.', 'b']);
  const parts = Array.from({ length: 1 + below(4) }, part).join('');
  const repeated = parts.repeat(1 + below(pick([1, 4, 40])));
  const number = random() < 0.5 ? String(below(1e6)) : '';
  return pick(['', '', '!', '/', '**/']) + repeated + number + pick(['', 'b', '*', '/', '/**', 'c*y', 'a']);
}

/** As many of such patterns as pass the limits. */
function randomRules(): PatternRules {
  const kinds = Array.from({ length: 1 + below(3) }, randomPattern);
  for (let count = pick([6144, 600, 300]); ; count = Math.floor(count / 1.3)) {
    const patterns = Array.from({ length: count }, (_, index) => {
      const own = kinds[index % kinds.length] ?? '';
      return { pattern: random() < 0.7 ? `${own}${String(index)}` : own };
    });
    try {
      return new PatternRules(patterns);
    } catch (error) {
      if (!(error instanceof IgnorePatternError)) throw error;
    }
  }
}

const names = [
  'a'.repeat(255),
  `${'a'.repeat(253)}.a`,
  'ab'.repeat(127),
  '.'.repeat(255),
  'a',
  'é'.repeat(127),
];
const directories = ['', 'a/'.repeat(40), 'a/'.repeat(2000), `${'a'.repeat(255)}/`.repeat(8)];

async function enter(rules: IgnoreRules, directory: string): Promise<IgnoreRules> {
  let inner = rules;
  for (let end = directory.indexOf('/'); end >= 0; end = directory.indexOf('/', end + 1)) {
    const entered = await inner.enter?.({ root: '/', path: directory.slice(0, end), mayHold: () => false });
    inner = entered?.rules ?? inner;
  }
  return inner;
}

/** The least of a few runs, so that other programs do not count. */
function cost(rules: IgnoreRules, path: string): number {
  let least = Infinity;
  for (let run = 0; run < 5; run++) {
    const before = process.cpuUsage();
    for (let i = 0; i < 10; i++) rules.ignores(path, false);
    const { user, system } = process.cpuUsage(before);
    least = Math.min(least, (user + system) / 10_000);
  }
  return least;
}

describe('The worst patterns that pass the limits', () => {
  it(
    `cost less than ${String(LIMIT)} ms an entry, in ${String(seconds)} s of looking`,
    { timeout: seconds * 3000 + 300_000 },
    async () => {
      const end = performance.now() + seconds * 1000;
      let worst = { cost: 0, what: '' };
      let lists = 0;
      while (performance.now() < end || lists < 4) {
        const one = randomRules();
        const rules = combineIgnoreRules(...Array.from({ length: LISTS }, () => one));
        lists++;
        for (const directory of random() < 0.2 ? directories : directories.slice(0, 2)) {
          const inner = rules && (await enter(rules, directory));
          for (const name of names) {
            const found = inner ? cost(inner, directory + name) : 0;
            if (found <= worst.cost) continue;
            const { length } = one.rules;
            worst = {
              cost: found,
              what: `${String(length)} patterns such as ${one.rules[0]?.pattern ?? ''}`,
            };
          }
        }
      }
      console.info(`${worst.cost.toFixed(2)} ms: ${worst.what.slice(0, 120)}, of ${String(lists)} lists`);
      expect(worst.cost, worst.what).toBeLessThan(LIMIT);
      expect(lists).toBeGreaterThan(3);
    },
  );
});
