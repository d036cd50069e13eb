import { everyBomb, generateBomb } from './bombs.js';
import { check, type Checked } from './check.js';
import { Coverage } from './coverage.js';
import { Dice } from './dice.js';
import { generateText } from './generate.js';
import { kindOfFault, minimise } from './minimise.js';
import { mutate } from './mutate.js';

/** A text that the decoder takes wrongly. */
export interface Finding {
  readonly fault: string;
  /** As small as it could be made. */
  readonly text: Uint8Array;
}

/** What a run did. */
export interface FuzzReport {
  texts: number;
  /** Texts that gave contents; the others were refused with a reason. */
  taken: number;
  bombs: number;
  /** Ways in which texts were taken or refused. */
  kinds: number;
  /** Blocks of the decoder's code that ran. */
  blocks: number;
  /** The longest that the decoder took for one text, milliseconds. */
  slowest: number;
  findings: Finding[];
}

const BATCH = 200;
const MOST_KEPT = 400;
const MOST_KEPT_BYTES = 16 * 1024;

/**
 * Checks texts until the time is over: generated ones, and ones made by changing those that led somewhere new. The
 * same seed begins with the same texts; how many there are depends on the machine. `note` hears of each text first.
 */
export function fuzz(seed: number, seconds: number, note: (text: Buffer) => void): FuzzReport {
  const dice = new Dice(seed);
  const coverage = new Coverage();
  const kinds = new Set<string>();
  const faults = new Set<string>();
  const kept = { taken: Array.from({ length: 40 }, () => generateText(dice)), refused: [generateText(dice)] };
  const report: FuzzReport = { texts: 0, taken: 0, bombs: 0, kinds: 0, blocks: 0, slowest: 0, findings: [] };

  for (const bomb of everyBomb()) {
    report.bombs++;
    examine(bomb);
  }
  const end = performance.now() + seconds * 1000;

  while (performance.now() < end) {
    const batch = Array.from({ length: BATCH }, () => nextText());
    const kindsOfBatch = batch.map(examine);
    if (!coverage.grew()) continue;
    for (const [index, text] of batch.entries()) keep(text, kindsOfBatch[index] ?? '');
  }
  coverage.close();
  return { ...report, kinds: kinds.size, blocks: coverage.blocks };

  function checkNoted(text: Buffer): Checked {
    note(text);
    return check(text);
  }

  function nextText(): Buffer {
    if (dice.oneIn(3000)) {
      report.bombs++;
      return generateBomb(dice);
    }
    if (dice.oneIn(20)) return generateText(dice);
    return mutate(dice, dice.pick(dice.oneIn(4) ? kept.refused : kept.taken), dice.pick(kept.taken));
  }

  /** Returns what became of the text. */
  function examine(text: Buffer): string {
    const { fault, kind, milliseconds } = checkNoted(text);
    report.texts++;
    if (isTaken(kind)) report.taken++;
    report.slowest = Math.max(report.slowest, milliseconds);
    if (!kinds.has(kind)) keep(text, kind);
    kinds.add(kind);
    if (fault !== undefined && !faults.has(kindOfFault(fault))) {
      faults.add(kindOfFault(fault));
      report.findings.push({ fault, text: minimise(text, fault, checkNoted) });
    }
    return kind;
  }

  function keep(text: Buffer, kind: string): void {
    if (text.length > MOST_KEPT_BYTES) return;
    const texts = isTaken(kind) ? kept.taken : kept.refused;
    if (texts.length < MOST_KEPT) texts.push(text);
    else texts[dice.below(MOST_KEPT)] = text;
  }
}

function isTaken(kind: string): boolean {
  return kind.startsWith('taken');
}
