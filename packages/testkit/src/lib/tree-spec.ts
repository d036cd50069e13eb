/** The kinds that a tree literal can hold beside files and directories. */
export type SpecialKind = 'symlink' | 'hardlink' | 'fifo' | 'socket';

/** An entry of a tree literal that is neither a file nor a directory; a class, so that no directory looks like one. */
export class SpecialEntry {
  readonly kind: SpecialKind;
  /** The target of a link; empty for a FIFO and a socket. */
  readonly target: string | Uint8Array;

  constructor(kind: SpecialKind, target: string | Uint8Array = '') {
    this.kind = kind;
    this.target = target;
  }
}

/** One value of a tree literal: text or bytes are a file, a record or `Map` is a directory. */
export type TreeNode = string | Uint8Array | SpecialEntry | TreeSpec;

/**
 * A directory as a literal.
 *
 * Keys may hold slashes. Text keys are tree paths, in which `U+DC80+n` stands for the byte `0x80+n`; `Uint8Array` keys
 * are the bytes themselves. A name such as `__proto__` needs a `Map`.
 */
export type TreeSpec = { readonly [name: string]: TreeNode } | ReadonlyMap<string | Uint8Array, TreeNode>;

/** A symbolic link whose text is `target`, kept as it is. */
export function symlink(target: string | Uint8Array): SpecialEntry {
  return new SpecialEntry('symlink', target);
}

/** One more name for the file at `target`, a path from the top of the literal. */
export function hardlink(target: string | Uint8Array): SpecialEntry {
  return new SpecialEntry('hardlink', target);
}

/** A named pipe; opening it without `O_NONBLOCK` hangs. */
export function fifo(): SpecialEntry {
  return new SpecialEntry('fifo');
}

/** A UNIX socket that nobody listens on. */
export function socket(): SpecialEntry {
  return new SpecialEntry('socket');
}
