/**
 * What is left out of a tree besides `.muse` and `.git`. Plain data, so that it can be kept and given again: with the same
 * options and the same rule files the same files are in the tree.
 */
export interface TreeOptions {
  /** Stay on the root's device: directories where another one is mounted are left out and counted. Default: false. */
  readonly oneFileSystem?: boolean | undefined;
  /**
   * Leave out what git leaves out of the files that it does not track, too: by `.gitignore` files and
   * `.git/info/exclude`, which every other rule overrules. Default: false.
   */
  readonly gitignore?: boolean | undefined;
  /**
   * Files in the format of `.museignore`, as native paths, of which each overrules `.museignore` and those before it;
   * read at the time of each snapshot. Default: none.
   */
  readonly ignoreFiles?: readonly string[] | undefined;
  /** Patterns as in a `.gitignore` at the root, one each, which overrule all other rules. Default: none. */
  readonly exclude?: readonly string[] | undefined;
  /** Read no file of rules: neither `.museignore` nor those that are asked for above. Default: false. */
  readonly noIgnore?: boolean | undefined;
  /**
   * Ids of users whose `.muse`, `.museignore`, `.git` and `.gitignore` count at the directory that is taken and above it,
   * besides those of root, of the user (with sudo, of who called it), and of the owner of that directory: what others own
   * there is not obeyed, and a problem. Default: none.
   */
  readonly trustOwners?: readonly number[] | undefined;
}
