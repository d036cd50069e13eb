import { itemOf } from '../lib/item-of.js';
import type { Kind } from '../lib/report-data.js';
import type { Cell, Rect } from './cells.js';
import { CHANGES, type Area, type Model } from './model.js';
import { count } from './words.js';

/** The colours of a picture. Each kind has one for its cells, and one for what stands on them. */
export interface Palette {
  readonly page: string;
  readonly directories: readonly [string, string];
  readonly header: string;
  readonly strongHeader: string;
  readonly cells: Readonly<Record<Kind, string>>;
  readonly texts: Readonly<Record<Kind, string>>;
}

/** Returns the colours of the theme that is on. */
export function paletteOf(host: HTMLElement): Palette {
  const probe = document.createElement('span');
  host.append(probe);
  const color = (name: string): string => {
    probe.style.color = `var(--${name})`;
    return getComputedStyle(probe).color;
  };
  const perKind = (suffix: string): Record<Kind, string> => {
    const colors = { unchanged: color(`unchanged${suffix}`) } as Record<Kind, string>;
    for (const kind of CHANGES) colors[kind] = color(kind + suffix);
    return colors;
  };
  const palette: Palette = {
    page: color('page'),
    directories: [color('directory'), color('directory-inner')],
    header: color('muted'),
    strongHeader: color('text'),
    cells: perKind(''),
    texts: perKind('-text'),
  };
  probe.remove();
  return palette;
}

/** What a picture is of. */
export interface Scene {
  readonly model: Model;
  readonly area: Area;
  readonly cells: readonly Cell[];
  readonly palette: Palette;
}

const FONT = 'system-ui, sans-serif';
/** Sides from which on a cell has a gap beside it, a mark, and a name, in pixels. */
const GAP_SIDE = 4;
const MARK_SIDE = 11;
const NAME_WIDTH = 34;
const NAME_HEIGHT = 15;
/** The half of a mark's side, in pixels. */
const MARK = 3.5;
/** The side of a square that has one mark for all small changes in it, in pixels. */
const SPOT = 16;
/** The share of changed files from which on a closed directory shows it as a bar. */
const LEAST_SHARE = 0.15;
/** The share that counts as most of a directory, and the least width of a bar that is less, in pixels. */
const MOST = 0.5;
const LEAST_BAR = 7;

/** Draws a picture whose unit is a CSS pixel. */
export function paint(context: CanvasRenderingContext2D, scene: Scene): void {
  const [whole] = scene.cells;
  if (!whole) return;
  context.direction = 'ltr';
  context.textBaseline = 'middle';
  fill(context, whole, scene.palette.page);
  if (!whole.isOpen) {
    paintNothing(context, scene, whole);
    return;
  }
  const small: Cell[] = [];
  for (const cell of scene.cells) {
    if (cell.isOpen) paintOpen(context, scene, cell);
    else if (scene.model.isDirectory(cell.node)) paintClosed(context, scene, cell);
    else paintFile(context, scene, cell);
    if (!cell.isOpen && isSmall(cell)) small.push(cell);
  }
  // Last of all, because they are larger than their cells.
  const spots = new Set<string>();
  for (const cell of small) paintSmall(context, scene, cell, spots);
}

/** A tree without files has no cells. */
function paintNothing(context: CanvasRenderingContext2D, { palette }: Scene, { x1, y1 }: Rect): void {
  context.fillStyle = palette.header;
  context.font = `14px ${FONT}`;
  context.textAlign = 'center';
  context.fillText('no files', x1 / 2, y1 / 2);
  context.textAlign = 'start';
}

function isSmall({ x0, y0, x1, y1 }: Rect): boolean {
  return Math.min(x1 - x0, y1 - y0) < GAP_SIDE + 1;
}

function paintOpen(context: CanvasRenderingContext2D, { model, palette }: Scene, cell: Cell): void {
  if (cell.depth === 0) return;
  fill(context, gapped(cell), palette.directories[cell.depth % 2] ?? palette.page);
  if (cell.header === 0) return;
  const changes = model.allChangesOf(cell.node);
  const { x0, x1, y0 } = cell;
  const middle = y0 + cell.header / 2;
  context.font = `${changes > 0 ? 600 : 400} 11px ${FONT}`;
  const counts = changes > 0 ? paintCounts(context, { model, palette }, cell) : 0;
  context.fillStyle = changes > 0 ? palette.strongHeader : palette.header;
  context.fillText(fitting(context, model.nameOf(cell.node), x1 - x0 - 8 - counts), x0 + 4, middle);
}

/** Writes how many changes of each kind there are at the end of a header, or of all where there is no room; returns the width. */
function paintCounts(
  context: CanvasRenderingContext2D,
  { model, palette }: Pick<Scene, 'model' | 'palette'>,
  cell: Cell,
): number {
  const { node, x0, x1, y0, header } = cell;
  const kinds = CHANGES.filter((kind) => model.changesOf(node, kind) > 0);
  const texts = kinds.map((kind) => count(model.changesOf(node, kind)));
  const widths = texts.map((text) => context.measureText(text).width + 2 * MARK + 11);
  const width = widths.reduce((sum, each) => sum + each, 4);
  const room = x1 - x0 - NAME_WIDTH;
  const middle = y0 + header / 2;
  if (width > room) {
    const all = count(model.allChangesOf(node));
    const least = context.measureText(all).width + 8;
    if (least > room) return 0;
    context.fillStyle = palette.strongHeader;
    context.fillText(all, x1 - least + 4, middle);
    return least;
  }
  let left = x1 - width;
  for (const [index, kind] of kinds.entries()) {
    context.fillStyle = palette.cells[kind];
    mark(context, kind, left + 4 + MARK, middle);
    context.fillStyle = palette.strongHeader;
    context.fillText(itemOf(texts, index), left + 7 + 2 * MARK, middle);
    left += itemOf(widths, index);
  }
  return width;
}

function paintFile(context: CanvasRenderingContext2D, { model, area, palette }: Scene, cell: Cell): void {
  const isShown = model.allChangesOf(cell.node) > 0;
  const kind = isShown ? model.kindOf(cell.node) : 'unchanged';
  const rect = gapped(cell);
  fill(context, rect, palette.cells[kind]);
  const [width, height] = [rect.x1 - rect.x0, rect.y1 - rect.y0];
  if (area === 'bytes' && itemOf(model.unsized, cell.node) === 1) hatch(context, rect, palette.texts[kind]);
  const hasMark = kind !== 'unchanged' && width >= MARK_SIDE && height >= MARK_SIDE;
  const hasName = width >= NAME_WIDTH && height >= NAME_HEIGHT;
  context.fillStyle = palette.texts[kind];
  if (!hasName) {
    if (hasMark) mark(context, kind, (rect.x0 + rect.x1) / 2, (rect.y0 + rect.y1) / 2);
    return;
  }
  const middle = rect.y0 + Math.min(height / 2, 10);
  if (hasMark) mark(context, kind, rect.x0 + 8, middle);
  const left = hasMark ? 15 : 4;
  context.font = `11px ${FONT}`;
  context.fillText(fitting(context, model.nameOf(cell.node), width - left - 3), rect.x0 + left, middle);
}

/**
 * A closed directory where much changed is a bar: the share of each kind from the left, and what did not change. Where little
 * did, a bar would be too thin to see: each kind has its mark.
 */
function paintClosed(context: CanvasRenderingContext2D, { model, palette }: Scene, cell: Cell): void {
  const rect = gapped(cell);
  fill(context, rect, palette.cells.unchanged);
  const files = itemOf(model.files, cell.node);
  const width = rect.x1 - rect.x0;
  const kinds = CHANGES.filter((kind) => model.changesOf(cell.node, kind) > 0);
  const middle = (rect.y0 + rect.y1) / 2;
  if (kinds.length === 0) return;
  const share = model.allChangesOf(cell.node) / files;
  if (share < LEAST_SHARE || (share < MOST && share * width < LEAST_BAR)) {
    const step = Math.min(2 * MARK + 4, width / kinds.length);
    const first = (rect.x0 + rect.x1 - step * (kinds.length - 1)) / 2;
    for (const [index, kind] of kinds.entries()) {
      paintMark(context, palette, kind, first + index * step, middle);
    }
    return;
  }
  let left = rect.x0;
  for (const kind of kinds) {
    const right = left + (width * model.changesOf(cell.node, kind)) / files;
    fill(context, { ...rect, x0: left, x1: right }, palette.cells[kind]);
    context.fillStyle = palette.texts[kind];
    if (right - left >= MARK_SIDE && rect.y1 - rect.y0 >= MARK_SIDE)
      mark(context, kind, (left + right) / 2, middle);
    left = right;
  }
}

/**
 * A change that would be too small to see has a mark, unless there is one at that spot, or most of what is beside it changed as
 * well: marks are larger than what they stand for.
 */
function paintSmall(
  context: CanvasRenderingContext2D,
  { model, palette }: Scene,
  { node, x0, y0, x1, y1 }: Cell,
  spots: Set<string>,
): void {
  const directory = itemOf(model.tree.parent, node);
  if (model.allChangesOf(directory) > itemOf(model.files, directory) * MOST) return;
  const [first] = CHANGES.filter((kind) => model.changesOf(node, kind) > 0).sort(
    (a, b) => model.changesOf(node, b) - model.changesOf(node, a),
  );
  const [x, y] = [(x0 + x1) / 2, (y0 + y1) / 2];
  const spot = `${Math.floor(x / SPOT)} ${Math.floor(y / SPOT)}`;
  if (!first || spots.has(spot)) return;
  spots.add(spot);
  paintMark(context, palette, first, x, y);
}

/** Draws a mark on what did not change, with a border. */
function paintMark(
  context: CanvasRenderingContext2D,
  palette: Palette,
  kind: Kind,
  x: number,
  y: number,
): void {
  context.fillStyle = palette.cells[kind];
  context.strokeStyle = palette.page;
  context.lineWidth = 2;
  // At the edge of the picture, half of it would be out of sight.
  const { width, height } = context.canvas;
  const ratio = context.getTransform().a;
  const inside = (at: number, length: number): number =>
    Math.min(length / ratio - MARK - 2, Math.max(MARK + 2, at));
  mark(context, kind, inside(x, width), inside(y, height), true);
}

function gapped({ x0, y0, x1, y1 }: Rect): Rect {
  const gap = (from: number, to: number): number => (to - from >= GAP_SIDE ? 1 : 0);
  return { x0, y0, x1: x1 - gap(x0, x1), y1: y1 - gap(y0, y1) };
}

function fill(context: CanvasRenderingContext2D, { x0, y0, x1, y1 }: Rect, color: string): void {
  context.fillStyle = color;
  context.fillRect(x0, y0, x1 - x0, y1 - y0);
}

function hatch(context: CanvasRenderingContext2D, { x0, y0, x1, y1 }: Rect, color: string): void {
  const height = y1 - y0;
  if (Math.min(x1 - x0, height) < MARK_SIDE) return;
  context.save();
  context.beginPath();
  context.rect(x0, y0, x1 - x0, height);
  context.clip();
  context.beginPath();
  for (let x = x0 - height; x < x1; x += 6) {
    context.moveTo(x, y1);
    context.lineTo(x + height, y0);
  }
  context.globalAlpha = 0.25;
  context.lineWidth = 1;
  context.strokeStyle = color;
  context.stroke();
  context.restore();
}

/** Draws the mark of a kind, which has a shape of its own; the style sheet has the same shapes. */
function mark(context: CanvasRenderingContext2D, kind: Kind, x: number, y: number, hasBorder = false): void {
  context.beginPath();
  if (kind === 'modified') context.arc(x, y, MARK, 0, 2 * Math.PI);
  else for (const [dx, dy] of CORNERS[kind] ?? []) context.lineTo(x + dx * MARK, y + dy * MARK);
  context.closePath();
  if (hasBorder) context.stroke();
  context.fill();
}

const CORNERS: Partial<Record<Kind, readonly (readonly [number, number])[]>> = {
  added: [
    [0, -1.1],
    [1.1, 1],
    [-1.1, 1],
  ],
  deleted: [
    [-1.1, -1],
    [1.1, -1],
    [0, 1.1],
  ],
  renamed: [
    [0, -1.3],
    [1.3, 0],
    [0, 1.3],
    [-1.3, 0],
  ],
  unknown: [
    [-1, -1],
    [1, -1],
    [1, 1],
    [-1, 1],
  ],
};

/** Returns as much of a text as there is room for. */
function fitting(context: CanvasRenderingContext2D, text: string, width: number): string {
  const whole = context.measureText(text).width;
  if (whole <= width) return text;
  const letters = Math.floor((text.length * width) / whole) - 1;
  return letters < 2 ? '' : `${text.slice(0, letters).replace(/[\ud800-\udbff]$/, '')}…`;
}
