/** Returns an item that must be there. */
export function itemOf<T>(list: ArrayLike<T>, index: number): T {
  const item = list[index];
  if (item === undefined) throw new RangeError(`Broken list: no item ${index} of ${list.length}`);
  return item;
}
