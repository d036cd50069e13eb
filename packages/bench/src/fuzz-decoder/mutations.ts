import type { Dice } from './dice.js';
import { BYTES, NUMBERS, PATHS, TOKENS } from './tokens.js';

/** One way of changing a text; `other` lends its parts. All in Latin-1, where a character is a byte. */
export type Mutation = (dice: Dice, text: string, other: string) => string;

const NUMBER = /(?<=":\s*)-?\d+(?:\.\d+)?/g;
const STRING = /"(?:[^"\\]|\\.)*"/g;
const OPENING = /\{(?=\s*["}])/g;
const MEMBER = /"(?:[^"\\]|\\.)*":\s*(?:"(?:[^"\\]|\\.)*"|-?[\d.]+|\{\})/g;
const ANY = /"(?:[^"\\]|\\.)*"|[{}[\]:,]|[^\s{}[\]:,"]+|\s+/g;

/** Changes after which the text mostly still is JSON, and framed as it was. */
export const CHANGES_OF_MEANING: readonly Mutation[] = [
  inTokens(NUMBER, (dice) => dice.pick(NUMBERS)),
  inTokens(NUMBER, (dice, token) => withOneByte(dice, token, '0123456789.-eE')),
  inTokens(NUMBER, (_, token) => (token.startsWith('-') ? token.slice(1) : `-${token}`)),
  inTokens(STRING, (dice) => `"${dice.pick(PATHS)}"`),
  inTokens(STRING, (dice, token) => token.slice(0, -1) + dice.pick(PATHS) + '"'),
  inTokens(STRING, (dice, _, tokens) => dice.pick(tokens)),
  inTokens(STRING, (dice, token) => `"${withOneByte(dice, token.slice(1, -1), BYTES)}"`),
  inTokens(OPENING, (dice, token, _, text) => `${token}${anyKey(dice, text)}:${anyValue(dice)},`),
  inTokens(MEMBER, (_, token) => `${token},${token}`),
  inTokens(MEMBER, (dice, token, tokens) => `${token},${dice.pick(tokens)}`),
  (dice, text) => text.replace('{', () => `{${anyKey(dice, text)}:${anyValue(dice)},`),
  inTokens(ANY, (dice, token) => nested(dice, token)),
  inEntries((dice, entries, at) => entries.splice(at, 1, withKey(entries[at], `"${dice.pick(PATHS)}"`))),
  inEntries((dice, entries, at) => entries.splice(at, 1, withKey(entries[at], dice.pick(entries)))),
  inEntries((_, entries, at) => entries.splice(at, 1)),
  inEntries((dice, entries, at) => entries.splice(at, 0, dice.pick(entries))),
  inEntries((_, entries, at) => entries.push(...entries.splice(at, 1))),
  inEntries((dice, entries, at, others) => entries.splice(at, 0, dice.pick(others))),
];

/** Changes that mostly leave no JSON behind. */
export const DAMAGES: readonly Mutation[] = [
  inTokens(ANY, (dice) => dice.pick(TOKENS)),
  inTokens(ANY, (dice, _, tokens) => dice.pick(tokens)),
  inTokens(ANY, () => ''),
  inTokens(ANY, (_, token) => token + token),
  inTokens(ANY, (dice, token) => token + dice.pick(TOKENS)),
  inEntries((dice, entries, at) =>
    entries.splice(at, 1, (entries[at] ?? '') + dice.pick([',', '\r', ' ', '}', '\n'])),
  ),
  (dice, text) => dice.pick(TOKENS) + text,
  inEntries((dice, entries, at) => entries.splice(at, 1, dice.pick(TOKENS) + (entries[at] ?? ''))),
  (dice, text) => text.slice(0, dice.below(text.length + 1)),
  (dice, text) => text.slice(dice.below(text.length + 1)),
  (dice, text) => withOneByte(dice, text, BYTES),
  (dice, text) => withFlippedBit(dice, text),
  (dice, text) => inPiece(dice, text, () => ''),
  (dice, text) => inPiece(dice, text, (piece) => piece + piece),
  (dice, text, other) => inPiece(dice, text, () => pieceOf(dice, other)),
  (dice, text, other) =>
    text.slice(0, dice.below(text.length + 1)) + other.slice(dice.below(other.length + 1)),
];

/** Replaces one of the places where a pattern matches. */
function inTokens(
  pattern: RegExp,
  replacement: (dice: Dice, token: string, tokens: readonly string[], text: string) => string,
): Mutation {
  return (dice, text) => {
    const matches = [...text.matchAll(pattern)];
    if (matches.length === 0) return text;
    const { index, 0: token } = dice.pick(matches);
    const tokens = matches.map(([match]) => match);
    return text.slice(0, index) + replacement(dice, token, tokens, text) + text.slice(index + token.length);
  };
}

function anyKey(dice: Dice, text: string): string {
  const strings = text.match(STRING) ?? ['""'];
  return dice.pick(strings);
}

function anyValue(dice: Dice): string {
  return dice.pick(dice.oneIn(2) ? NUMBERS : ['null', '{}', '[]', '""', '"a"', '3', '5', '0.000000001']);
}

const KEY = /^"(?:[^"\\]|\\.)*"/;

/** Gives an entry the key that another text begins with. */
function withKey(entry = '', from: string): string {
  const key = KEY.exec(from)?.[0];
  return key === undefined ? entry : entry.replace(KEY, () => key);
}

const SEPARATOR = ',\n';

/** Changes lines, of which the first begins after the header and the last ends before the footer. */
function inEntries(
  change: (dice: Dice, entries: string[], at: number, others: readonly string[]) => unknown,
): Mutation {
  return (dice, text, other) => {
    const [entries, others] = [entriesOf(text), entriesOf(other)];
    if (!entries || !others) return text;
    const start = text.indexOf('\n') + 1;
    const lines = entries.split(SEPARATOR);
    change(dice, lines, dice.below(lines.length), others.split(SEPARATOR));
    return text.slice(0, start) + lines.join(SEPARATOR) + text.slice(start + entries.length);
  };
}

function entriesOf(text: string): string | undefined {
  const entries = text.slice(text.indexOf('\n') + 1, text.lastIndexOf('\n'));
  return entries === '' ? undefined : entries;
}

function nested(dice: Dice, token: string): string {
  const depth = dice.oneIn(8) ? 100 : 1 + dice.below(4);
  return dice.oneIn(2)
    ? '['.repeat(depth) + token + ']'.repeat(depth)
    : '{"a":'.repeat(depth) + token + '}'.repeat(depth);
}

/** Replaces, inserts or removes one byte. */
function withOneByte(dice: Dice, text: string, alphabet: string): string {
  const at = dice.below(text.length + 1);
  const byte = dice.oneIn(4) ? '' : alphabet.charAt(dice.below(alphabet.length));
  return text.slice(0, at) + byte + text.slice(at + dice.below(2));
}

function withFlippedBit(dice: Dice, text: string): string {
  if (text === '') return text;
  const at = dice.below(text.length);
  return (
    text.slice(0, at) + String.fromCharCode(text.charCodeAt(at) ^ (1 << dice.below(8))) + text.slice(at + 1)
  );
}

function inPiece(dice: Dice, text: string, change: (piece: string) => string): string {
  const [from, to] = placeOf(dice, text);
  return text.slice(0, from) + change(text.slice(from, to)) + text.slice(to);
}

function pieceOf(dice: Dice, text: string): string {
  return text.slice(...placeOf(dice, text));
}

function placeOf(dice: Dice, text: string): [from: number, to: number] {
  const from = dice.below(text.length + 1);
  return [from, from + dice.below(dice.oneIn(4) ? text.length + 1 : 40)];
}
