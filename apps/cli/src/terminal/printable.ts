// Controls, lone surrogates, separators of lines, and what prints as nothing: marks that format or reorder text, fillers,
// selectors of variants, tags. Two names that differ must look different.
const UNSAFE = '[\\p{Cc}\\p{Cs}\\p{Cf}\\p{Zl}\\p{Zp}\\p{Default_Ignorable_Code_Point}\\u2800]';
/** What most texts consist of has none of these: V8 takes a millisecond for a pattern of properties. */
const PLAIN = /^[\x20-\x7e\xa1-\xac\xae-\xff]*$/;

let unsafe: RegExp | undefined;

function escapeUnsafe(text: string, escape: (character: string) => string): string {
  return PLAIN.test(text) ? text : text.replace((unsafe ??= new RegExp(UNSAFE, 'gu')), escape);
}

/**
 * Returns `text` as it may go to a terminal: nothing in it moves the cursor, changes colours, reorders the line
 * or cannot be seen.
 *
 * A control below 0x80 becomes `\x1b`, any other character `\u{202e}`, and a byte that is not UTF-8 `\xff`. It is for
 * people: backslashes stay as they are, so it cannot be taken back.
 */
export function printable(text: string): string {
  return escapeUnsafe(text, (character) => {
    const code = character.codePointAt(0) ?? 0;
    if (code < 0x80) return `\\x${hex(code, 2)}`;
    return isEscapedByte(code) ? `\\x${hex(code - 0xdc00, 2)}` : `\\u{${hex(code, 1)}}`;
  });
}

/** Does the same to JSON text, so that it stays the same JSON: `\u202e`. Line feeds between its tokens are kept. */
export function printableJson(text: string): string {
  return escapeUnsafe(text, (character) =>
    character === '\n'
      ? character
      : Array.from({ length: character.length }, (_, at) => `\\u${hex(character.charCodeAt(at), 4)}`).join(
          '',
        ),
  );
}

function isEscapedByte(code: number): boolean {
  return code >= 0xdc80 && code <= 0xdcff;
}

function hex(code: number, digits: number): string {
  return code.toString(16).padStart(digits, '0');
}
