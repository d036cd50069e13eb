import { DIRECTORY, pathOf, type ReportTree } from '../lib/decode-tree.js';
import { itemOf } from '../lib/item-of.js';
import { KINDS, type Kind } from '../lib/report-data.js';
import { printable } from './printable.js';
import { byteSize, countOf } from './words.js';

/** What the area of a cell stands for. */
export type Area = 'bytes' | 'files';

/** The kinds that are changes, or may be. */
export const CHANGES = KINDS.slice(1) as readonly Exclude<Kind, 'unchanged'>[];

/** A tree with what is to be known of its directories: sums over all that is below them. */
export class Model {
  readonly tree: ReportTree;
  /** Files, their bytes as far as they are known, and those whose bytes are not. */
  readonly files: Uint32Array;
  readonly bytes: Float64Array;
  readonly unsized: Uint32Array;
  /** For each node and kind the changes that are shown. */
  #changes: Uint32Array;
  readonly #weights = new Map<Area, Float64Array>();

  constructor(tree: ReportTree) {
    this.tree = tree;
    const count = tree.names.length;
    this.files = new Uint32Array(count);
    this.bytes = new Float64Array(count);
    this.unsized = new Uint32Array(count);
    this.#changes = new Uint32Array(count * KINDS.length);
    for (let node = count - 1; node >= 0; node--) {
      if (!this.isDirectory(node)) {
        const bytes = itemOf(tree.bytes, node);
        this.files[node] = 1;
        if (Number.isNaN(bytes)) this.unsized[node] = 1;
        else this.bytes[node] = bytes;
      }
      this.#addToParent(this.files, node);
      this.#addToParent(this.bytes, node);
      this.#addToParent(this.unsized, node);
    }
  }

  /** True if the size of any file is known. */
  get hasSizes(): boolean {
    return itemOf(this.unsized, 0) < itemOf(this.files, 0);
  }

  isDirectory(node: number): boolean {
    return this.tree.kind[node] === DIRECTORY;
  }

  kindOf(node: number): Kind {
    return itemOf(KINDS, itemOf(this.tree.kind, node));
  }

  /** Yields what is directly in a directory. */
  *childrenOf(directory: number): Iterable<number> {
    const { end } = this.tree;
    if (!this.isDirectory(directory)) return;
    for (let node = directory + 1; node < itemOf(end, directory); node = itemOf(end, node)) yield node;
  }

  /** Returns whether a node is a directory, or below it. */
  isWithin(node: number, directory: number): boolean {
    return node >= directory && node < itemOf(this.tree.end, directory);
  }

  /** Returns the directories that lead to a node, the root first, and the node itself. */
  wayTo(node: number): number[] {
    const way: number[] = [];
    for (let at = node; at >= 0; at = itemOf(this.tree.parent, at)) way.push(at);
    return way.reverse();
  }

  /** Takes the files whose changes are shown from now on. */
  show(nodes: Iterable<number>): void {
    const changes = (this.#changes = new Uint32Array(this.#changes.length));
    for (const node of nodes) {
      const kind = itemOf(this.tree.kind, node);
      for (let at = node; at >= 0; at = itemOf(this.tree.parent, at)) {
        const index = at * KINDS.length + kind;
        changes[index] = itemOf(changes, index) + 1;
      }
    }
  }

  /** Returns how many changes of a kind are shown of a node. */
  changesOf(node: number, kind: Kind): number {
    return itemOf(this.#changes, node * KINDS.length + KINDS.indexOf(kind));
  }

  /** Returns how many changes are shown of a node. */
  allChangesOf(node: number): number {
    return CHANGES.reduce((sum, kind) => sum + this.changesOf(node, kind), 0);
  }

  /** Returns the area of each node. A file of unknown size has that of an average one, and an empty one a little. */
  weights(area: Area): Float64Array {
    const known = this.#weights.get(area);
    if (known) return known;
    const weights = new Float64Array(this.tree.names.length);
    const sized = itemOf(this.files, 0) - itemOf(this.unsized, 0);
    const average = sized === 0 ? 1 : itemOf(this.bytes, 0) / sized;
    for (let node = weights.length - 1; node >= 0; node--) {
      if (!this.isDirectory(node)) {
        const bytes = itemOf(this.unsized, node) === 1 ? average : itemOf(this.bytes, node);
        weights[node] = area === 'files' ? 1 : Math.max(1, bytes);
      }
      this.#addToParent(weights, node);
    }
    this.#weights.set(area, weights);
    return weights;
  }

  /** Returns the name of a node as people see it. */
  nameOf(node: number): string {
    return printable(itemOf(this.tree.names, node));
  }

  /** Returns the tree path of a node as people see it. */
  pathOf(node: number): string {
    return printable(pathOf(this.tree, node));
  }

  /** Returns the old tree path of a renamed file as people see it. */
  fromOf(node: number): string | undefined {
    const from = this.tree.from.get(node);
    return from === undefined ? undefined : printable(from);
  }

  /** Tells what a node is: `file, modified, 12 kB`. */
  factsOf(node: number): string {
    const unsized = itemOf(this.unsized, node);
    const bytes = byteSize(itemOf(this.bytes, node));
    if (!this.isDirectory(node)) {
      return `file, ${this.kindOf(node)}, ${unsized === 1 ? 'size unknown' : bytes}`;
    }
    const files = itemOf(this.files, node);
    const changes = CHANGES.filter((kind) => this.changesOf(node, kind) > 0).map((kind) =>
      countOf(this.changesOf(node, kind), kind, kind),
    );
    const size =
      unsized === files
        ? []
        : [unsized === 0 ? bytes : `${bytes} and ${countOf(unsized, 'file')} of unknown size`];
    return [
      'directory',
      countOf(files, 'file'),
      ...size,
      ...(changes.length > 0 ? changes : ['no changes shown']),
    ].join(', ');
  }

  #addToParent(sums: Uint32Array | Float64Array, node: number): void {
    const parent = itemOf(this.tree.parent, node);
    if (parent >= 0) sums[parent] = itemOf(sums, parent) + itemOf(sums, node);
  }
}
