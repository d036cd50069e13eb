/**
 * A JSON reader that loses nothing: numbers keep their text, objects keep repeated keys and their order. `JSON.parse`
 * cuts nanoseconds and inode numbers above 2^53, and forgets all but the last of a repeated key.
 */

/** A number, as it was written. */
export class JsonNumber {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/** An object, as it was written. */
export class JsonObject {
  readonly members: readonly (readonly [key: string, value: JsonValue])[];
  constructor(members: readonly (readonly [string, JsonValue])[]) {
    this.members = members;
  }

  /** Returns the value of a key that stands here exactly once. */
  get(key: string): JsonValue | undefined {
    let found: JsonValue | undefined;
    for (const [name, value] of this.members) {
      if (name !== key) continue;
      if (found !== undefined) return undefined;
      found = value;
    }
    return found;
  }

  /** Returns how often a key stands here. */
  count(key: string): number {
    return this.members.reduce((sum, [name]) => (name === key ? sum + 1 : sum), 0);
  }
}

export type JsonValue = string | boolean | null | JsonNumber | JsonObject | readonly JsonValue[];

/** Deeper nesting is refused: nothing in our format needs more than 4, and a bomb must not reach the stack's end. */
const MAX_DEPTH = 64;
const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const SPACE = /[ \t\n\r]*/y;

/** Returns the value that a JSON text stands for; throws a `SyntaxError` where it is not JSON. */
export function parseJsonText(text: string): JsonValue {
  const reader = new Reader(text);
  const value = reader.value(0);
  reader.end();
  return value;
}

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  value(depth: number): JsonValue {
    if (depth > MAX_DEPTH) throw this.#error(`nesting deeper than ${MAX_DEPTH}`);
    this.#space();
    switch (this.#text[this.#at]) {
      case '{':
        return this.#object(depth);
      case '[':
        return this.#array(depth);
      case '"':
        return this.#string();
      case 't':
        return this.#word('true', true);
      case 'f':
        return this.#word('false', false);
      case 'n':
        return this.#word('null', null);
      default:
        return this.#number();
    }
  }

  end(): void {
    this.#space();
    if (this.#at < this.#text.length) throw this.#error('text after the end');
  }

  #object(depth: number): JsonObject {
    const members: [string, JsonValue][] = [];
    this.#list('}', () => {
      this.#space();
      const key = this.#string();
      this.#space();
      this.#take(':');
      members.push([key, this.value(depth + 1)]);
    });
    return new JsonObject(members);
  }

  #array(depth: number): readonly JsonValue[] {
    const values: JsonValue[] = [];
    this.#list(']', () => values.push(this.value(depth + 1)));
    return values;
  }

  #list(close: string, item: () => void): void {
    this.#at++;
    this.#space();
    if (this.#text[this.#at] === close) {
      this.#at++;
      return;
    }
    for (;;) {
      item();
      this.#space();
      if (this.#text[this.#at] !== ',') break;
      this.#at++;
    }
    this.#take(close);
  }

  #string(): string {
    const start = this.#at;
    this.#take('"');
    for (;;) {
      const code = this.#text.charCodeAt(this.#at);
      if (code === 0x22) break;
      // NaN at the end of the text is below nothing, hence the negation.
      if (!(code >= 0x20)) throw this.#error('a string that does not end');
      this.#at += code === 0x5c ? 2 : 1;
    }
    this.#at++;
    // Our scan only finds the end; the engine's parser judges the escapes.
    return JSON.parse(this.#text.slice(start, this.#at)) as string;
  }

  #number(): JsonNumber {
    NUMBER.lastIndex = this.#at;
    const match = NUMBER.exec(this.#text);
    if (!match) throw this.#error('something that is no JSON value');
    this.#at = NUMBER.lastIndex;
    return new JsonNumber(match[0]);
  }

  #word<T>(word: string, value: T): T {
    if (!this.#text.startsWith(word, this.#at)) throw this.#error('something that is no JSON value');
    this.#at += word.length;
    return value;
  }

  #take(token: string): void {
    if (this.#text[this.#at] !== token) throw this.#error(`no ${JSON.stringify(token)} where one should be`);
    this.#at++;
  }

  #space(): void {
    SPACE.lastIndex = this.#at;
    SPACE.exec(this.#text);
    this.#at = SPACE.lastIndex;
  }

  #error(what: string): SyntaxError {
    return new SyntaxError(`Cannot parse JSON: ${what} at character ${this.#at}`);
  }
}
