/** Bytes of one value that is not taken apart piece by piece. Parsed it may take some twenty times as much memory. */
const MAX_VALUE_BYTES = 16 * 1024 * 1024;
/** Levels of such a value. None of ours has more than four; what walks a value walks it by recursion. */
const MAX_DEPTH = 100;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/**
 * Reads JSON piece by piece, so that a large document takes no more memory than what is kept of it. It is stricter than
 * `JSON.parse` in one thing: an object has each key once.
 *
 * The bytes must be UTF-8; that is for the caller to check.
 *
 * Every method throws a SyntaxError that says what is wrong and at which byte.
 */
export class JsonReader {
  readonly #bytes: Buffer;
  readonly #end: number;
  #at: number;

  constructor(bytes: Buffer, from = 0, to = bytes.length) {
    this.#bytes = bytes;
    this.#at = from;
    this.#end = to;
  }

  /** Returns the first byte of what comes next, as text; `''` at the end. */
  peek(): string {
    for (; this.#at < this.#end; this.#at++) {
      const byte = this.#bytes[this.#at] ?? 0;
      if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return String.fromCharCode(byte);
    }
    return '';
  }

  /** Reads an object. `onMember` must read the value, and refuse a key that it was given before. */
  object(onMember: (key: string) => void): void {
    this.#list('{', '}', () => {
      const key = this.string();
      this.#expect(':');
      onMember(key);
    });
  }

  /** Reads an array. `onElement` must read the element. */
  array(onElement: () => void): void {
    this.#list('[', ']', onElement);
  }

  string(): string {
    this.#expect('"');
    const bytes = this.#bytes;
    const start = this.#at;
    const end = this.#end;
    let isEscaped = false;
    let all = 0;
    for (let at = start; at < end; at++) {
      const byte = bytes[at] ?? 0;
      all |= byte;
      if (byte === QUOTE) {
        this.#at = at + 1;
        if (isEscaped) return this.#parse(start - 1, at + 1) as string;
        // Faster, and the same, where all is ASCII.
        return bytes.toString(all < 0x80 ? 'latin1' : 'utf8', start, at);
      }
      if (byte === BACKSLASH) {
        isEscaped = true;
        at++;
      } else if (byte < 0x20) {
        throw new SyntaxError(`a control character within a string at byte ${at}`);
      }
    }
    throw new SyntaxError('a string has no end');
  }

  /** Reads any value. */
  value(): unknown {
    if (this.peek() === '"') return this.string();
    const from = this.#at;
    const colons = this.#skipValue();
    const value = this.#parse(from, this.#at);
    if (colons !== membersIn(value)) throw new SyntaxError(`the object at byte ${from} has a key twice`);
    return value;
  }

  #parse(from: number, to: number): unknown {
    try {
      return JSON.parse(this.#bytes.toString('utf8', from, to));
    } catch (cause) {
      throw new SyntaxError(`no value at byte ${from}`, { cause });
    }
  }

  /** Passes over a value by its brackets and quotes alone, and returns how many members the objects in it have. */
  #skipValue(): number {
    const from = this.#at;
    let depth = 0;
    let colons = 0;
    do {
      if (this.#at - from > MAX_VALUE_BYTES) {
        throw new SyntaxError(`the value at byte ${from} has more than ${MAX_VALUE_BYTES} bytes`);
      }
      const next = this.peek();
      if (next === '') break;
      if (next === '"') {
        this.string();
        continue;
      }
      if (depth === 0 && (next === ',' || next === '}' || next === ']')) break;
      if (next === '{' || next === '[') depth++;
      else if (next === '}' || next === ']') depth--;
      else if (next === ':') colons++;
      if (depth > MAX_DEPTH) {
        throw new SyntaxError(`the value at byte ${from} has more than ${MAX_DEPTH} levels`);
      }
      this.#at++;
      if (depth === 0 && (next === '}' || next === ']')) break;
    } while (this.#at < this.#end);
    return colons;
  }

  #list(open: string, close: string, onItem: () => void): void {
    this.#expect(open);
    if (this.peek() === close) {
      this.#at++;
      return;
    }
    for (;;) {
      onItem();
      if (this.peek() !== ',') break;
      this.#at++;
    }
    this.#expect(close);
  }

  #expect(character: string): void {
    const next = this.peek();
    if (next === character) this.#at++;
    else if (next === '') throw new SyntaxError(`it ends where '${character}' should be`);
    else throw new SyntaxError(`not '${character}' at byte ${this.#at}`);
  }
}

function membersIn(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  const inner: unknown[] = Object.values(value);
  let members = Array.isArray(value) ? 0 : inner.length;
  for (const each of inner) members += membersIn(each);
  return members;
}
