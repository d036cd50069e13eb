import { itemOf } from '../lib/item-of.js';
import { cellAt, cellsOf, type Cell, type Rect } from './cells.js';
import type { Area, Model } from './model.js';
import { paint, paletteOf, type Palette } from './paint.js';

/** The elements of a treemap. */
export interface TreemapElements {
  /** What is focused: a listbox whose options are the files and directories of the one that fills it. */
  readonly box: HTMLElement;
  readonly canvas: HTMLCanvasElement;
  /** The option that is active, an outline over its cell. */
  readonly option: HTMLElement;
  /** An outline over what the pointer is at, and what it says of it. */
  readonly outline: HTMLElement;
  readonly tip: HTMLElement;
}

/** Hears of what is done with a treemap. */
export interface TreemapListener {
  /** Another directory fills it. */
  zoomed(directory: number): void;
  /** A file was chosen. */
  chosen(file: number): void;
}

const ZOOM_MS = 320;
const reducedMotion = matchMedia('(prefers-reduced-motion: reduce)');

/** A picture of a directory, in which one zooms into what is in it. */
export class Treemap {
  readonly #model: Model;
  readonly #elements: TreemapElements;
  readonly #listener: TreemapListener;
  #palette: Palette;
  #area: Area = 'files';
  #top = 0;
  #active = -1;
  #cells: Cell[] = [];
  /** What the canvas shows while nothing moves. */
  #picture: HTMLCanvasElement;
  #frame = 0;

  constructor(model: Model, elements: TreemapElements, listener: TreemapListener) {
    this.#model = model;
    this.#elements = elements;
    this.#listener = listener;
    this.#palette = paletteOf(elements.box);
    this.#picture = document.createElement('canvas');
    const { box } = elements;
    box.addEventListener('keydown', (event) => {
      this.#onKey(event);
    });
    box.addEventListener('focus', () => {
      if (this.#hasKeys) this.#activate(this.#active < 0 ? this.#children[0]?.node : this.#active);
    });
    box.addEventListener('click', (event) => {
      this.#onClick(event);
    });
    box.addEventListener('pointermove', (event) => {
      this.#onPointer(event);
    });
    box.addEventListener('pointerleave', () => {
      this.#hover(undefined);
    });
    new ResizeObserver(() => {
      const { width, height } = this.#size;
      const [whole] = this.#cells;
      if (whole?.x1 !== width || whole.y1 !== height) this.redraw();
    }).observe(box);
  }

  /** Lets the area of cells stand for bytes or files. */
  set area(area: Area) {
    this.#area = area;
    this.redraw();
  }

  /** The directory that fills the picture. */
  get top(): number {
    return this.#top;
  }

  /** Takes the colours of another theme. */
  recolor(): void {
    this.#palette = paletteOf(this.#elements.box);
    this.redraw();
  }

  /** Draws what has changed, once in the next frame. */
  redraw(): void {
    cancelAnimationFrame(this.#frame);
    this.#frame = requestAnimationFrame(() => {
      this.#layOut();
      this.#show(this.#picture);
    });
  }

  /** Fills the picture with a directory; `active` is what is marked in it. */
  zoomTo(directory: number, active = -1): void {
    const before = { top: this.#top, cells: this.#cells, picture: this.#picture };
    this.#hover(undefined);
    this.#top = directory;
    this.#active = active;
    cancelAnimationFrame(this.#frame);
    this.#picture = document.createElement('canvas');
    this.#layOut();
    if (before.top !== directory) {
      this.#listener.zoomed(directory);
      if (this.#model.isWithin(directory, before.top))
        this.#fly(before.picture, this.#picture, this.#nearest(before.cells, directory), true);
      else if (this.#model.isWithin(before.top, directory))
        this.#fly(this.#picture, before.picture, this.#nearest(this.#cells, before.top), false);
      else this.#show(this.#picture);
    } else this.#show(this.#picture);
  }

  /** Shows a file where it is, marked. */
  reveal(file: number): void {
    this.zoomTo(itemOf(this.#model.tree.parent, file), file);
    this.#activate(file);
  }

  /** Fills the picture with the directory above, unless it has the root. */
  zoomOut(): void {
    const above = this.#model.tree.parent[this.#top] ?? -1;
    if (above >= 0) this.zoomTo(above, this.#top);
    this.#activate(this.#active);
  }

  get #size(): { width: number; height: number } {
    const { clientWidth, clientHeight } = this.#elements.box;
    return { width: clientWidth, height: clientHeight };
  }

  /** The cells of what is directly in the directory that fills the picture. */
  get #children(): Cell[] {
    return this.#cells.filter(({ depth }) => depth === 1);
  }

  #layOut(): void {
    const { width, height } = this.#size;
    const ratio = devicePixelRatio;
    const picture = this.#picture;
    picture.width = Math.max(1, Math.round(width * ratio));
    picture.height = Math.max(1, Math.round(height * ratio));
    this.#cells = cellsOf(this.#model, this.#model.weights(this.#area), this.#top, { width, height });
    const context = contextOf(picture);
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    paint(context, { model: this.#model, area: this.#area, cells: this.#cells, palette: this.#palette });
    this.#placeOption();
  }

  #show(picture: HTMLCanvasElement): void {
    const { canvas } = this.#elements;
    canvas.width = picture.width;
    canvas.height = picture.height;
    contextOf(canvas).drawImage(picture, 0, 0);
    performance.mark('picture');
  }

  /**
   * Moves between a picture of a directory and one of something in it, which has a place in the first: each frame draws two
   * finished pictures, whatever is in them.
   */
  #fly(outer: HTMLCanvasElement, inner: HTMLCanvasElement, place: Rect, inward: boolean): void {
    if (reducedMotion.matches) {
      this.#show(this.#picture);
      return;
    }
    const { canvas } = this.#elements;
    const { width, height } = this.#size;
    [canvas.width, canvas.height] = [this.#picture.width, this.#picture.height];
    const context = contextOf(canvas);
    const start = performance.now();
    const step = (now: number): void => {
      const done = Math.min(1, Math.max(0, now - start) / ZOOM_MS);
      const eased = 1 - (1 - done) ** 3;
      const near = inward ? eased : 1 - eased;
      const at = (from: number, to: number): number => from + (to - from) * near;
      const x = at(place.x0, 0);
      const y = at(place.y0, 0);
      const w = at(place.x1 - place.x0, width);
      const h = at(place.y1 - place.y0, height);
      const scaleX = w / (place.x1 - place.x0);
      const scaleY = h / (place.y1 - place.y0);
      context.setTransform(canvas.width / width, 0, 0, canvas.height / height, 0, 0);
      context.globalAlpha = 1;
      context.drawImage(outer, x - place.x0 * scaleX, y - place.y0 * scaleY, width * scaleX, height * scaleY);
      context.globalAlpha = Math.min(1, near * 2);
      context.drawImage(inner, x, y, w, h);
      if (done < 1) this.#frame = requestAnimationFrame(step);
      else this.#show(this.#picture);
    };
    step(start);
  }

  /** Returns the place of a node in a picture, or of what it is in. */
  #nearest(cells: readonly Cell[], node: number): Rect {
    const way = new Set(this.#model.wayTo(node));
    const cell = cells.findLast((each) => way.has(each.node));
    if (!cell) throw new Error('Broken picture: it has no cell for what is in it');
    // One without an area would be left by a step of any size.
    const { x0, y0 } = cell;
    return { x0, y0, x1: Math.max(cell.x1, x0 + 1), y1: Math.max(cell.y1, y0 + 1) };
  }

  #onKey(event: KeyboardEvent): void {
    const way = ARROWS[event.key];
    const children = this.#children;
    if (way) this.#activate(this.#beside(way) ?? this.#active);
    else if (event.key === 'Home') this.#activate(children[0]?.node);
    else if (event.key === 'End') this.#activate(children.at(-1)?.node);
    else if (event.key === 'Enter' || event.key === ' ') this.#open(this.#active);
    else if (event.key === 'Escape' || event.key === 'Backspace') this.zoomOut();
    else return;
    event.preventDefault();
  }

  #onClick(event: MouseEvent): void {
    const cell = this.#cellAt(event);
    if (!cell) return;
    // A name leads to its directory, anything else one step further.
    const { y } = this.#pointOf(event);
    const isName = cell.header > 0 && y < cell.y0 + cell.header;
    const node = isName
      ? cell.node
      : this.#model.wayTo(cell.node).find((each) => itemOf(this.#model.tree.parent, each) === this.#top);
    if (node !== undefined) this.#open(node);
  }

  #open(node: number): void {
    if (node < 0) return;
    if (!this.#model.isDirectory(node)) {
      this.#activate(node);
      this.#listener.chosen(node);
      return;
    }
    this.zoomTo(node);
    if (this.#hasKeys) this.#activate(this.#children[0]?.node);
  }

  /** Returns the child nearest to the active one in a direction. */
  #beside([dx, dy]: readonly [number, number]): number | undefined {
    const children = this.#children;
    const active = children.find(({ node }) => node === this.#active);
    if (!active) return children[0]?.node;
    let best: { node: number; distance: number } | undefined;
    for (const cell of children) {
      const x = (cell.x0 + cell.x1 - active.x0 - active.x1) / 2;
      const y = (cell.y0 + cell.y1 - active.y0 - active.y1) / 2;
      const along = x * dx + y * dy;
      if (cell === active || along <= 0) continue;
      const distance = along + 2 * Math.abs(x * dy + y * dx);
      if (!best || distance < best.distance) best = { node: cell.node, distance };
    }
    return best?.node;
  }

  /** True if the keyboard is used on it. */
  get #hasKeys(): boolean {
    return this.#elements.box.matches(':focus-visible');
  }

  #activate(node = -1): void {
    this.#active = node;
    this.#placeOption();
  }

  /** Puts the option where the active file or directory is. Without one it stands for the first, unseen. */
  #placeOption(): void {
    const { box, option } = this.#elements;
    const children = this.#children;
    const place = children.findIndex(({ node }) => node === this.#active);
    const cell = children[Math.max(0, place)];
    option.hidden = !cell;
    option.classList.toggle('idle', place < 0);
    if (place < 0) box.removeAttribute('aria-activedescendant');
    else box.setAttribute('aria-activedescendant', option.id);
    if (!cell) return;
    cover(option, cell);
    option.ariaLabel = `${this.#model.nameOf(cell.node)}, ${this.#model.factsOf(cell.node)}`;
    option.ariaSelected = String(place >= 0);
    option.ariaPosInSet = String(Math.max(0, place) + 1);
    option.ariaSetSize = String(children.length);
  }

  #onPointer(event: PointerEvent): void {
    const cell = this.#cellAt(event);
    this.#hover(cell?.depth === 0 ? undefined : cell, this.#pointOf(event));
  }

  #hover(cell: Cell | undefined, { x, y } = { x: 0, y: 0 }): void {
    const { outline, tip } = this.#elements;
    outline.hidden = tip.hidden = !cell;
    if (!cell) return;
    cover(outline, cell);
    const path = document.createElement('b');
    path.className = 'path';
    const from = this.#model.fromOf(cell.node);
    path.textContent = this.#model.pathOf(cell.node) + (from === undefined ? '' : ` ← ${from}`);
    tip.replaceChildren(path, this.#model.factsOf(cell.node));
    const { width, height } = this.#size;
    const left = Math.min(x + 14, Math.max(0, width - tip.offsetWidth));
    const below = y + 20 + tip.offsetHeight <= height;
    tip.style.transform = `translate(${left}px, ${below ? y + 20 : Math.max(0, y - tip.offsetHeight - 8)}px)`;
  }

  #cellAt(event: MouseEvent): Cell | undefined {
    const { x, y } = this.#pointOf(event);
    return cellAt(this.#cells, x, y);
  }

  #pointOf(event: MouseEvent): { x: number; y: number } {
    const { left, top } = this.#elements.canvas.getBoundingClientRect();
    return { x: event.clientX - left, y: event.clientY - top };
  }
}

const ARROWS: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

function cover(element: HTMLElement, { x0, y0, x1, y1 }: Rect): void {
  element.style.transform = `translate(${x0}px, ${y0}px)`;
  element.style.width = `${x1 - x0}px`;
  element.style.height = `${y1 - y0}px`;
}

function contextOf(canvas: HTMLCanvasElement): CanvasRenderingContext2D {
  const context = canvas.getContext('2d');
  if (!context) throw new Error('This browser draws no canvas');
  return context;
}
