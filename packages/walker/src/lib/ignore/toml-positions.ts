import { parse } from 'smol-toml';
import type { TextPosition } from './ignore-file-error.js';

/** The way to a value: keys, and indexes into arrays. */
export type ValuePath = readonly (string | number)[];

/** Returns where a key or an array's element is written, or else the nearest of its parents that is. */
export type PositionOf = (path: ValuePath) => TextPosition;

/**
 * Finds the keys and array elements of a document that has been parsed without error: the parser keeps no positions.
 */
export function tomlPositions(text: string): PositionOf {
  const positions = new TomlScanner(text).scan();
  return (path) => {
    let length = path.length;
    while (length > 0 && !positions.has(JSON.stringify(path.slice(0, length)))) length--;
    return positions.get(JSON.stringify(path.slice(0, length))) ?? { line: 1, column: 1 };
  };
}

const blank = /(?:[\s,]|#[^\n]*)*/y;
const header = /\[{1,2}((?:"(?:\\.|[^"\\])*"|'[^']*'|[^\]"'])*)\]{1,2}/y;
const key = /((?:"(?:\\.|[^"\\])*"|'[^']*'|[^="'])*)=\s*/y;
const string = /"""(?:\\[^]|[^\\])*?"""+|'''[^]*?'''+|"(?:\\.|[^"\\])*"|'[^']*'/y;
/** Anything else, up to what ends it; a date may hold a space. */
const bare = /[^,\]}#\n]+/y;

class TomlScanner {
  readonly #text: string;
  readonly #positions = new Map<string, TextPosition>();
  #at = 0;
  #line = 1;
  #lineStart = 0;

  constructor(text: string) {
    this.#text = text;
  }

  scan(): ReadonlyMap<string, TextPosition> {
    let table: ValuePath = [];
    for (;;) {
      this.#take(blank);
      const start = this.#at;
      const name = this.#take(header);
      if (name !== undefined) {
        table = keysOf(name[1] ?? '');
        this.#record(table, start);
      } else if (!this.#pair(table)) {
        return this.#positions;
      }
    }
  }

  #pair(table: ValuePath): boolean {
    const start = this.#at;
    const name = this.#take(key);
    if (name === undefined) return false;
    const path = [...table, ...keysOf(name[1] ?? '')];
    this.#record(path, start);
    this.#value(path);
    return true;
  }

  #value(path: ValuePath): void {
    if (this.#skip('[')) {
      for (let index = 0; !this.#closes(']'); index++) {
        this.#record([...path, index], this.#at);
        this.#value([...path, index]);
      }
    } else if (this.#skip('{')) {
      while (!this.#closes('}') && this.#pair(path));
    } else if (this.#take(string) === undefined) {
      this.#take(bare);
    }
  }

  #closes(bracket: string): boolean {
    this.#take(blank);
    return this.#at >= this.#text.length || this.#skip(bracket);
  }

  #skip(character: string): boolean {
    const found = this.#text[this.#at] === character;
    if (found) this.#at++;
    return found;
  }

  #take(token: RegExp): RegExpExecArray | undefined {
    token.lastIndex = this.#at;
    const found = token.exec(this.#text);
    if (found !== null) this.#at = token.lastIndex;
    return found ?? undefined;
  }

  /** Called with offsets in ascending order, so that lines are counted once. */
  #record(path: ValuePath, offset: number): void {
    for (let end; (end = this.#text.indexOf('\n', this.#lineStart)) >= 0 && end < offset; this.#line++) {
      this.#lineStart = end + 1;
    }
    const name = JSON.stringify(path);
    if (this.#positions.has(name)) return;
    this.#positions.set(name, { line: this.#line, column: offset - this.#lineStart + 1 });
  }
}

/** Splits a dotted key, quoted or not, by letting the parser read it. */
function keysOf(source: string): string[] {
  const keys: string[] = [];
  let value: unknown = parse(`${source.trim()} = 0`);
  while (typeof value === 'object' && value !== null) {
    const [entry] = Object.entries(value);
    if (entry === undefined) break;
    keys.push(entry[0]);
    value = entry[1];
  }
  return keys;
}
