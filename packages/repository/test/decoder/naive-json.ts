/** A JSON parser after RFC 8259, a character at a time, that keeps what `JSON.parse` loses. Made to be read, not to be fast. */

/** A value as it was written: numbers keep their text, objects their repeated keys. */
export type NaiveValue =
  | { readonly kind: 'number'; readonly text: string }
  | { readonly kind: 'string'; readonly text: string }
  | { readonly kind: 'word'; readonly text: string }
  | { readonly kind: 'array'; readonly items: readonly NaiveValue[] }
  | { readonly kind: 'object'; readonly members: readonly NaiveMember[] };

/** One key of an object, with its value. */
export interface NaiveMember {
  readonly key: string;
  readonly value: NaiveValue;
}

/** Thrown for text nested deeper than a decoder has to read. */
export class NestedTooDeepError extends Error {
  override readonly name = 'NestedTooDeepError';
}

/** The decoder refuses what is nested deeper than 64; around there this reader has no opinion. */
const MAX_NESTING = 50;

const ESCAPES: Readonly<Record<string, string>> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
};

/** Returns the value of a JSON text; throws a `SyntaxError` where it is none. */
export function parseNaively(text: string): NaiveValue {
  let at = 0;
  const value = parseValue(0);
  skipSpace();
  if (at !== text.length) fail('text after the end');
  return value;

  function parseValue(depth: number): NaiveValue {
    if (depth > MAX_NESTING) throw new NestedTooDeepError();
    skipSpace();
    const first = text.charAt(at);
    if (first === '{') return { kind: 'object', members: parseMembers(depth) };
    if (first === '[') return { kind: 'array', items: parseItems(depth) };
    if (first === '"') return { kind: 'string', text: parseString() };
    for (const word of ['true', 'false', 'null']) if (takeIf(word)) return { kind: 'word', text: word };
    return { kind: 'number', text: parseNumber() };
  }

  function parseMembers(depth: number): NaiveMember[] {
    const members: NaiveMember[] = [];
    take('{');
    skipSpace();
    if (takeIf('}')) return members;
    do {
      skipSpace();
      const key = parseString();
      skipSpace();
      take(':');
      members.push({ key, value: parseValue(depth + 1) });
      skipSpace();
    } while (takeIf(','));
    take('}');
    return members;
  }

  function parseItems(depth: number): NaiveValue[] {
    const items: NaiveValue[] = [];
    take('[');
    skipSpace();
    if (takeIf(']')) return items;
    do {
      items.push(parseValue(depth + 1));
      skipSpace();
    } while (takeIf(','));
    take(']');
    return items;
  }

  function parseString(): string {
    let value = '';
    take('"');
    while (!takeIf('"')) {
      const character = text.charAt(at++);
      if (character < ' ') fail('a control character, or no end, in a string');
      value += character === '\\' ? parseEscape() : character;
    }
    return value;
  }

  function parseEscape(): string {
    const letter = text.charAt(at++);
    if (letter !== 'u') return ESCAPES[letter] ?? fail('an unknown escape');
    const digits = text.slice(at, at + 4);
    if (!/^[0-9a-fA-F]{4}$/.test(digits)) fail('an escape without four digits');
    at += 4;
    return String.fromCharCode(parseInt(digits, 16));
  }

  function parseNumber(): string {
    const start = at;
    takeIf('-');
    if (!takeIf('0')) takeDigits();
    if (takeIf('.')) takeDigits();
    if (takeIf('e') || takeIf('E')) {
      if (!takeIf('+')) takeIf('-');
      takeDigits();
    }
    return text.slice(start, at);
  }

  function takeDigits(): void {
    const start = at;
    while (text.charAt(at) >= '0' && text.charAt(at) <= '9') at++;
    if (at === start) fail('no digit');
  }

  function takeIf(token: string): boolean {
    if (!text.startsWith(token, at)) return false;
    at += token.length;
    return true;
  }

  function take(token: string): void {
    if (!takeIf(token)) fail(`no ${token}`);
  }

  function skipSpace(): void {
    while (at < text.length && ' \t\n\r'.includes(text.charAt(at))) at++;
  }

  function fail(what: string): never {
    throw new SyntaxError(`${what} at ${at}`);
  }
}
