import { itemOf } from './item-of.js';
import { KINDS, type EncodedTree } from './report-data.js';

/** A tree to look things up in, by the numbers of its nodes. A node comes before all that is below it. */
export interface ReportTree {
  readonly names: readonly string[];
  /** The directory of each node; -1 for the root. */
  readonly parent: Int32Array;
  /** The first node that is no longer below this one. */
  readonly end: Int32Array;
  /** The place of the file's kind in {@link KINDS}; {@link DIRECTORY} for a directory. */
  readonly kind: Uint8Array;
  /** The bytes of a file, NaN where they are not known; 0 for a directory. */
  readonly bytes: Float64Array;
  /** The old tree path of each renamed file, by its node. */
  readonly from: ReadonlyMap<number, string>;
}

export const DIRECTORY = 255;

/** Returns the tree of an encoded one. Throws where its parts do not fit together. */
export function decodeTree({ names: text, children, kinds, sizes, from }: EncodedTree): ReportTree {
  const names = text.split('/');
  const count = names.length;
  const parent = new Int32Array(count);
  const end = new Int32Array(count);
  const kind = new Uint8Array(count).fill(DIRECTORY);
  const bytes = new Float64Array(count);
  const renamed = new Map<number, string>();
  const open: number[] = [];
  const missing: number[] = [];
  let file = 0;
  let moved = 0;
  for (let node = 0; node < count; node++) {
    parent[node] = open.at(-1) ?? -1;
    const below = itemOf(children, node);
    if (below > 0) {
      open.push(node);
      missing.push(below);
      continue;
    }
    end[node] = node + 1;
    if (node === 0) break;
    const digit = kinds.charCodeAt(file) - 0x30;
    if (KINDS[digit] === undefined) throw new RangeError(`Broken tree: file ${file} has no kind`);
    kind[node] = digit;
    bytes[node] = sizes?.[file] ?? NaN;
    if (KINDS[digit] === 'renamed') renamed.set(node, itemOf(from, moved++));
    file++;
    for (let last = open.length - 1; last >= 0; last--) {
      missing[last] = itemOf(missing, last) - 1;
      if (itemOf(missing, last) > 0) break;
      end[itemOf(open, last)] = node + 1;
      open.pop();
      missing.pop();
    }
  }
  if (open.length > 0 || children.length !== count || file !== kinds.length) {
    throw new RangeError(`Broken tree: ${count} names, ${children.length} counts, ${kinds.length} kinds`);
  }
  return { names, parent, end, kind, bytes, from: renamed };
}

/** Returns the tree path of a node; `''` for the root. */
export function pathOf({ names, parent }: ReportTree, node: number): string {
  const segments: string[] = [];
  for (let at = node; at > 0; at = itemOf(parent, at)) segments.push(itemOf(names, at));
  return segments.reverse().join('/');
}
