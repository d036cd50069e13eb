/**
 * Has a property try cases for some time: each to its end, and one at least, however slow the machine is. Those that come
 * later hold.
 *
 * @param ms - the time, in milliseconds, from here on.
 */
export function casesFor<Case extends unknown[]>(
  ms: number,
  holds: (...values: Case) => Promise<void>,
): (...values: Case) => Promise<void> {
  const end = performance.now() + ms;
  let tried = 0;
  return async (...values) => {
    if (tried++ === 0 || performance.now() < end) await holds(...values);
  };
}
