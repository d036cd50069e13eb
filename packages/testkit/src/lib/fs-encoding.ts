const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Decodes a name as Python's `os.fsdecode` does on a UTF-8 system: a byte that is not UTF-8 becomes `U+DC00` plus it.
 *
 * Slow and plain on purpose: the packages under test are compared with it.
 */
export function fsdecode(bytes: Uint8Array): string {
  let text = '';
  for (let start = 0; start < bytes.length;) {
    const { piece, length } = oneCharacter(bytes, start);
    text += piece;
    start += length;
  }
  return text;
}

/** The inverse of {@link fsdecode}. */
export function fsencode(text: string): Buffer {
  const pieces: Buffer[] = [];
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    pieces.push(code >= 0xdc80 && code <= 0xdcff ? Buffer.from([code - 0xdc00]) : Buffer.from(character));
  }
  return Buffer.concat(pieces);
}

function oneCharacter(bytes: Uint8Array, start: number): { piece: string; length: number } {
  for (let length = 1; length <= 4 && start + length <= bytes.length; length++) {
    const piece = decodeOrNothing(bytes.subarray(start, start + length));
    if (piece !== undefined) return { piece, length };
  }
  return { piece: String.fromCharCode(0xdc00 + (bytes[start] ?? 0)), length: 1 };
}

function decodeOrNothing(bytes: Uint8Array): string | undefined {
  try {
    return strict.decode(bytes);
  } catch {
    return undefined;
  }
}
