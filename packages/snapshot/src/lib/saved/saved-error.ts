/** A snapshot could not be saved, found or read; all others are as they were. */
export class SavedSnapshotError extends Error {
  override readonly name = 'SavedSnapshotError';
  /**
   * The system's code, or one of these: `ENOTREG` where something else stands in the place of a directory or file,
   * `EDAMAGED` where a file is no saved snapshot any more, `EFBIG` where one has more bytes than would be read,
   * `ENOSNAPSHOT` where none has the id, `EAMBIGUOUS` where several do.
   */
  readonly code: string;
  /** The native path of the file or directory. */
  readonly path: string;
  /** The reason, without what was being done and the path. */
  readonly reason: string;

  constructor(doing: string, path: string, reason: string, code: string, options?: ErrorOptions) {
    super(`${doing}: ${reason}`, options);
    this.code = code;
    this.path = path;
    this.reason = reason;
  }
}
