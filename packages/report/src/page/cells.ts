import { treemapSquarify, type HierarchyRectangularNode } from 'd3-hierarchy';
import { itemOf } from '../lib/item-of.js';
import type { Model } from './model.js';

/** A rectangle in CSS pixels. */
export interface Rect {
  x0: number;
  y0: number;
  x1: number;
  y1: number;
}

/** A node in the picture. */
export interface Cell extends Rect {
  readonly node: number;
  /** How far it is below the directory that fills the picture. */
  readonly depth: number;
  /** True if what is in the directory has cells of its own. */
  isOpen: boolean;
  /** The height of the strip for its name; 0 where it has none. */
  header: number;
  readonly value: number;
}

/** Pixels around what is in a directory, and of the strip with its name. */
const PADDING = 2;
const HEADER = 18;
/** The least sides of a directory with a strip. */
const HEADER_WIDTH = 44;
const HEADER_HEIGHT = 40;
/** The least area, on average, of what is in an open directory, in square pixels, and its least side. */
const LEAST_AREA = 20;
const LEAST_SIDE = 8;

/**
 * Returns the cells of a directory that fills a picture, each before those inside it. A directory that would have cells too
 * small to see stays closed, so the number of cells depends on the picture, not on the tree.
 */
export function cellsOf(
  model: Model,
  weights: Float64Array,
  top: number,
  { width, height }: { width: number; height: number },
): Cell[] {
  const whole = { x0: 0, y0: 0, x1: width, y1: height };
  const cells: Cell[] = [];
  const pending: Cell[] = [
    { ...whole, node: top, depth: 0, isOpen: false, header: 0, value: itemOf(weights, top) },
  ];
  for (let cell = pending.pop(); cell; cell = pending.pop()) {
    cells.push(cell);
    const inside = insideOf(cell);
    const children = childrenOf(model, weights, cell, inside);
    if (children.length === 0) continue;
    cell.isOpen = true;
    const parent = { value: cell.value, children };
    treemapSquarify(
      parent as unknown as HierarchyRectangularNode<unknown>,
      inside.x0,
      inside.y0,
      inside.x1,
      inside.y1,
    );
    for (const child of children.reverse()) {
      child.header =
        model.isDirectory(child.node) &&
        child.x1 - child.x0 >= HEADER_WIDTH &&
        child.y1 - child.y0 >= HEADER_HEIGHT
          ? HEADER
          : 0;
      pending.push(child);
    }
  }
  return cells;
}

/** Returns the part of a cell that is left for what is in it. */
function insideOf({ depth, header, x0, y0, x1, y1 }: Cell): Rect {
  if (depth === 0) return { x0, y0, x1, y1 };
  const top = header > 0 ? header : PADDING;
  return { x0: x0 + PADDING, y0: y0 + top, x1: x1 - PADDING, y1: y1 - PADDING };
}

/** Returns what is in a directory, the largest first; nothing where it has to stay closed. */
function childrenOf(
  model: Model,
  weights: Float64Array,
  { node, depth }: Cell,
  { x0, y0, x1, y1 }: Rect,
): Cell[] {
  const nodes = [...model.childrenOf(node)];
  const [width, height] = [x1 - x0, y1 - y0];
  const isVisible = Math.min(width, height) >= LEAST_SIDE && width * height >= LEAST_AREA * nodes.length;
  if (!isVisible && depth > 0) return [];
  return nodes
    .map((child) => ({
      ...{ x0: 0, y0: 0, x1: 0, y1: 0 },
      node: child,
      depth: depth + 1,
      isOpen: false,
      header: 0,
      value: itemOf(weights, child),
    }))
    .sort((a, b) => b.value - a.value);
}

/** Returns the innermost cell at a point. */
export function cellAt(cells: readonly Cell[], x: number, y: number): Cell | undefined {
  return cells.findLast((cell) => x >= cell.x0 && x < cell.x1 && y >= cell.y0 && y < cell.y1);
}
