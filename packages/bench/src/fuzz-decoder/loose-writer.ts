import type { Dice } from './dice.js';
import type { NaiveEntry } from './canonical-writer.js';

type Member = readonly [key: string, value: string];

const SPACES = ['', '', '', ' ', '\n', '\t', '\r\n', '  '];
const EXTRA_VALUES = [
  'null',
  'true',
  '[]',
  '{}',
  '1e999',
  '-0',
  '"x"',
  '{"size":1,"size":2}',
  '[[[["deep"]]]]',
];

/** Writes a text without a checksum that means these entries: any white space, key order, escapes, extra keys. */
export function looseText(dice: Dice, entries: ReadonlyMap<string, NaiveEntry>): Buffer {
  const members = [...entries].map(([path, entry]): Member => [path, entryText(dice, entry)]);
  const document: Member[] = [
    ['version', '3'],
    ['entries', objectText(dice, members)],
  ];
  return Buffer.from(objectText(dice, withExtras(dice, document)));
}

function entryText(dice: Dice, entry: NaiveEntry): string {
  const dimensions = [...entry.dimensions].map(([name, text]): Member => [name, stringText(dice, text)]);
  const members: Member[] = [
    ['mtime', secondsText(dice, entry.mtimeNs)],
    ['size', String(entry.size)],
    ['ino', String(entry.ino)],
    ['object_hash', stringText(dice, entry.objectId)],
  ];
  if (entry.ctimeNs !== undefined && !dice.oneIn(8))
    members.push(['ctime', secondsText(dice, entry.ctimeNs)]);
  if (dimensions.length > 0 || dice.oneIn(2)) members.push(['dimensions', objectText(dice, dimensions)]);
  return objectText(dice, withExtras(dice, members));
}

function withExtras(dice: Dice, members: readonly Member[]): Member[] {
  const extras = dice.some(2, (): Member => [dice.pick(['x', 'Size', '__proto__']), dice.pick(EXTRA_VALUES)]);
  const all = [...members, ...extras];
  return all
    .map((member) => ({ member, key: dice.below(1000) }))
    .sort((a, b) => a.key - b.key)
    .map(({ member }) => member);
}

function objectText(dice: Dice, members: readonly Member[]): string {
  const space = () => dice.pick(SPACES);
  const texts = members.map(
    ([key, value]) => `${space()}${stringText(dice, key)}${space()}:${space()}${value}${space()}`,
  );
  return `${space()}{${space()}${texts.join(',')}}`;
}

/** Seconds with as few decimals as will do, or more. */
function secondsText(dice: Dice, ns: bigint): string {
  const distance = ns < 0n ? -ns : ns;
  const decimals = String(distance % 10n ** 9n).padStart(9, '0');
  const shortest = decimals.replace(/0+$/, '');
  const kept = decimals.slice(0, Math.max(shortest.length, dice.below(10)));
  return `${ns < 0n ? '-' : ''}${String(distance / 10n ** 9n)}${kept === '' ? '' : `.${kept}`}`;
}

/** A string with some characters escaped that need not be. */
function stringText(dice: Dice, text: string): string {
  if (!dice.oneIn(6)) return JSON.stringify(text);
  const units = Array.from({ length: text.length }, (_, at) => text.charCodeAt(at));
  return `"${units.map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`).join('')}"`;
}
