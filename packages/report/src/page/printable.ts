// Controls, lone surrogates, separators of lines, and what prints as nothing: marks that format or reorder text, fillers,
// selectors of variants, tags. Two names that differ must look different.
const UNSAFE = /[\p{Cc}\p{Cs}\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]/gu;
const PLAIN = /^[\x20-\x7e]*$/;

/**
 * Returns a text as it is shown to people, in the form in which the command prints it: a control below 0x80 as `\x1b`,
 * another character that cannot be seen or that reorders text as `\u{202e}`, and a byte that is not UTF-8 as `\xff`.
 */
export function printable(text: string): string {
  return PLAIN.test(text) ? text : text.replace(UNSAFE, escaped);
}

function escaped(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x80) return `\\x${hex(code, 2)}`;
  const isByte = code >= 0xdc80 && code <= 0xdcff;
  return isByte ? `\\x${hex(code - 0xdc00, 2)}` : `\\u{${hex(code, 1)}}`;
}

function hex(code: number, digits: number): string {
  return code.toString(16).padStart(digits, '0');
}
