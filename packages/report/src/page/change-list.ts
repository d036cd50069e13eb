import { itemOf } from '../lib/item-of.js';
import { movedPart, type Change } from './changes.js';
import type { Model } from './model.js';
import { byteSize } from './words.js';

/** The elements of a list. */
export interface ListElements {
  /** What scrolls and is focused: a listbox. */
  readonly box: HTMLElement;
  /** What the rows are in: as high as all of them would be. */
  readonly rows: HTMLElement;
}

/** Pixels of a row; the style sheet says the same. */
const ROW = 28;
/** Rows beyond either edge, for a scroll that is faster than a frame. */
const BEYOND = 6;
/** The most rows: browsers have no element that is higher than all of them. */
const MOST_ROWS = 500_000;

/** A list of any length, of which only the rows in sight are elements. */
export class ChangeList {
  readonly #model: Model;
  readonly #elements: ListElements;
  readonly #chosen: (change: Change) => void;
  #changes: readonly Change[] = [];
  #active = -1;

  constructor(model: Model, elements: ListElements, chosen: (change: Change) => void) {
    this.#model = model;
    this.#elements = elements;
    this.#chosen = chosen;
    const { box } = elements;
    box.addEventListener('scroll', () => {
      this.#draw();
    });
    box.addEventListener('keydown', (event) => {
      this.#onKey(event);
    });
    box.addEventListener('focus', () => {
      if (this.#active < 0 && box.matches(':focus-visible')) this.#activate(0);
    });
    box.addEventListener('click', (event) => {
      this.#onClick(event);
    });
    new ResizeObserver(() => {
      this.#draw();
    }).observe(box);
  }

  /** Shows these changes, from the first one on. */
  set changes(changes: readonly Change[]) {
    this.#changes = changes.length > MOST_ROWS ? changes.slice(0, MOST_ROWS) : changes;
    this.#active = -1;
    const { box, rows } = this.#elements;
    rows.style.height = `${this.#changes.length * ROW}px`;
    box.scrollTop = 0;
    this.#draw();
  }

  /** Brings a change into sight, marked, if it is in the list. */
  reveal(node: number): void {
    const index = this.#changes.findIndex((change) => change.node === node);
    if (index >= 0) this.#activate(index);
  }

  #onKey(event: KeyboardEvent): void {
    const last = this.#changes.length - 1;
    const page = Math.max(1, Math.floor(this.#elements.box.clientHeight / ROW) - 1);
    const targets: Record<string, number> = {
      ArrowDown: this.#active + 1,
      ArrowUp: this.#active - 1,
      PageDown: this.#active + page,
      PageUp: this.#active - page,
      Home: 0,
      End: last,
    };
    const target = targets[event.key];
    const active = this.#changes[this.#active];
    if (target !== undefined) this.#activate(Math.max(0, Math.min(last, target)));
    else if ((event.key === 'Enter' || event.key === ' ') && active) this.#chosen(active);
    else return;
    event.preventDefault();
  }

  /** A row may have been replaced by one that looks the same since the button went down, so its place counts. */
  #onClick({ clientY }: MouseEvent): void {
    const index = Math.floor((clientY - this.#elements.rows.getBoundingClientRect().top) / ROW);
    const change = this.#changes[index];
    if (!change) return;
    this.#activate(index);
    this.#chosen(change);
  }

  #activate(index: number): void {
    if (index >= this.#changes.length) return;
    this.#active = index;
    const { box } = this.#elements;
    const top = index * ROW;
    if (top < box.scrollTop) box.scrollTop = top;
    else if (top + ROW > box.scrollTop + box.clientHeight) box.scrollTop = top + ROW - box.clientHeight;
    this.#draw();
  }

  #draw(): void {
    const { box, rows } = this.#elements;
    const first = Math.max(0, Math.floor(box.scrollTop / ROW) - BEYOND);
    const end = Math.min(this.#changes.length, Math.ceil((box.scrollTop + box.clientHeight) / ROW) + BEYOND);
    const shown: HTMLElement[] = [];
    for (let index = first; index < end; index++) shown.push(this.#row(index));
    rows.replaceChildren(...shown);
    const isShown = this.#active >= first && this.#active < end;
    if (isShown) box.setAttribute('aria-activedescendant', rowId(this.#active));
    else box.removeAttribute('aria-activedescendant');
  }

  #row(index: number): HTMLElement {
    const { node, kind, path, from } = itemOf(this.#changes, index);
    const bytes = itemOf(this.#model.tree.bytes, node);
    const row = document.createElement('div');
    row.className = 'row';
    row.id = rowId(index);
    row.role = 'option';
    row.ariaSelected = String(index === this.#active);
    row.ariaPosInSet = String(index + 1);
    row.ariaSetSize = String(this.#changes.length);
    row.title = from === undefined ? path : `${path}\nwas ${from}`;
    const isSized = !Number.isNaN(bytes);
    const size = isSized ? byteSize(bytes) : 'size unknown';
    row.ariaLabel = [kind, path, ...(from === undefined ? [] : [`was ${from}`]), size].join(', ');
    row.style.transform = `translateY(${index * ROW}px)`;
    const label = [span('mark', ''), span('kind', kind)];
    for (const each of label) each.dataset['kind'] = kind;
    row.append(...label, pathElement(path, from), span('size', isSized ? size : '–'));
    return row;
  }
}

/** Returns a path whose directory may be shortened first; of a renamed file what both paths share stands once. */
function pathElement(path: string, from: string | undefined): HTMLElement {
  const element = span('path', '');
  if (from === undefined) {
    const cut = path.lastIndexOf('/') + 1;
    element.append(span('directory', path.slice(0, cut)), span('name', path.slice(cut)));
    return element;
  }
  const [before, old, now, after] = movedPart(from, path);
  element.append(
    span('directory', before),
    span('moved', before === '' && after === '' ? `${old} → ${now}` : `{${old} → ${now}}`),
    span('name', after),
  );
  return element;
}

function rowId(index: number): string {
  return `change-${index}`;
}

function span(name: string, text: string): HTMLElement {
  const element = document.createElement('span');
  element.className = name;
  element.textContent = text;
  return element;
}
