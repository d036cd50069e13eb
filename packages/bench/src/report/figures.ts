/** Returns milliseconds with as many digits as mean something. */
export function ms(milliseconds: number): string {
  return decimals(milliseconds, milliseconds < 10 ? 1 : 0);
}

export function times(ratio: number | undefined): string {
  return ratio === undefined ? '' : ratio.toFixed(2);
}

export function megabytes(bytes: number | undefined): string {
  return bytes === undefined ? '' : decimals(bytes / 1e6, 0);
}

export function count(number: number): string {
  return decimals(number, 0);
}

export function decimals(number: number, digits: number): string {
  return number.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}
