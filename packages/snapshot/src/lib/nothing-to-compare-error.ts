/** There is nothing that a tree could be compared with: that it was read proves nothing. */
export class NothingToCompareError extends Error {
  override readonly name = 'NothingToCompareError';
  readonly code = 'ENOTHING';

  constructor(directory: string) {
    super(`Cannot verify ${JSON.stringify(directory)}: the cache has none of its files to compare with`);
  }
}
