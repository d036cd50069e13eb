import { FileReadError, readGuarded } from '@muse/paths/files';

/** Bytes. A larger one is no list that a person wrote. */
const LARGEST = 1 << 20;

/** What is there in the place of a file of patterns. */
export type PatternFile =
  | { readonly is: 'file'; readonly text: string; readonly uid: number }
  | { readonly is: 'absent' }
  /** A link that is not followed, or something that is no regular file: git takes no patterns from either. */
  | { readonly is: 'special'; readonly reason: string }
  | { readonly is: 'unreadable'; readonly error: FileReadError };

/** Reads a file of patterns as git would: one character for each byte. */
export async function readPatternFile(
  native: string | Buffer,
  { follow }: { readonly follow: boolean },
): Promise<PatternFile> {
  try {
    const { bytes, stat } = await readGuarded(native, { maxBytes: LARGEST, follow });
    return { is: 'file', text: bytes.toString('latin1'), uid: stat.uid };
  } catch (error) {
    if (!(error instanceof FileReadError)) throw error;
    const { code, reason } = error;
    if (code === 'ENOENT' || code === 'ENOTDIR') return { is: 'absent' };
    if (code === 'ENOTREG') return { is: 'special', reason };
    return { is: 'unreadable', error };
  }
}
