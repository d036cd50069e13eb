import { decodeTree } from '../lib/decode-tree.js';
import type { Kind, ReportData, SideData } from '../lib/report-data.js';
import { ChangeList } from './change-list.js';
import { changesOf, filtered, wordsOf, type Change } from './changes.js';
import { CHANGES, Model, type Area } from './model.js';
import { printable } from './printable.js';
import { Treemap } from './treemap.js';
import { byteSize, count, countOf, shortId, time } from './words.js';

/** Problems that are listed; --json has all of them. */
const MOST_PROBLEMS = 1000;
/** Milliseconds without a key after which the picture follows what was typed. */
const PAUSE_MS = 60;

const report = JSON.parse(textOf('report')) as ReportData;
const model = new Model(decodeTree(report.tree));
const changes = changesOf(model);
const rootName = report.title === undefined ? 'all files' : printable(report.title);
const kinds = new Set<Kind>(CHANGES);
let pause = 0;
model.show(changes.map(({ node }) => node));

const treemap = new Treemap(
  model,
  {
    box: get('map'),
    canvas: getA(HTMLCanvasElement, 'canvas'),
    option: get('option'),
    outline: get('outline'),
    tip: get('tip'),
  },
  {
    zoomed: showWay,
    chosen(file) {
      list.reveal(file);
    },
  },
);
const list = new ChangeList(model, { box: get('list'), rows: get('rows') }, ({ node }) => {
  treemap.reveal(node);
});

showSides();
showIncomplete();
showKinds();
showArea();
showWay(0);
showProblems();
showLeftOut();
get('made').textContent = time(report.made);
get('filter').addEventListener('input', applyFilter);
get('theme').addEventListener('click', switchTheme);
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', showTheme);
showTheme();
listFound();

/** Returns an element of the page. */
function get(id: string): HTMLElement {
  return getA(HTMLElement, id);
}

/** Returns an element of the page that is of one class. */
function getA<E extends HTMLElement>(type: new () => E, id: string): E {
  const element = document.getElementById(id);
  if (!(element instanceof type)) throw new Error(`The page has no ${type.name} ${id}`);
  return element;
}

function textOf(id: string): string {
  return get(id).textContent;
}

/** Makes an element that has a text, or elements. */
function make(name: string, className: string, ...content: (string | Node)[]): HTMLElement {
  const element = document.createElement(name);
  element.className = className;
  element.append(...content);
  return element;
}

function showSides(): void {
  if (report.title !== undefined) {
    get('title').textContent = document.title = `What changed in ${printable(report.title)}`;
  }
  for (const [side, data] of [
    ['Before', report.before],
    ['After', report.after],
  ] as const) {
    get('sides').append(make('dt', '', side), make('dd', '', ...factsOf(data)));
  }
}

function factsOf({ name, id, files, bytes, savedAt, note, complete }: SideData): HTMLElement[] {
  const fact = (text: string): HTMLElement => make('span', 'fact', text);
  const snapshotId = fact(shortId(id));
  snapshotId.title = id;
  return [
    make('span', 'path', printable(name)),
    ...(note ? [fact(`“${printable(note)}”`)] : []),
    ...(savedAt === undefined ? [] : [fact(`saved ${time(savedAt)}`)]),
    fact(countOf(files, 'file')),
    ...(bytes === undefined ? [] : [fact(byteSize(bytes))]),
    ...(complete ? [] : [fact('incomplete')]),
    snapshotId,
  ];
}

function showIncomplete(): void {
  const reasons: (string | Node)[] = [];
  if (report.problems.length > 0) {
    const link = make('a', '', countOf(report.problems.length, 'problem')) as HTMLAnchorElement;
    link.href = '#problems';
    reasons.push(link);
  }
  if (report.damaged.length > 0) {
    reasons.push(
      ...(reasons.length > 0 ? ['; '] : []),
      `damaged saved snapshots were passed over: ${printable(report.damaged.join('; '))}`,
    );
  }
  const isComplete = report.before.complete && report.after.complete && report.damaged.length === 0;
  get('incomplete').hidden = isComplete;
  get('incomplete').append(
    'This comparison is incomplete',
    ...(reasons.length > 0 ? [': ', ...reasons] : []),
    '.',
  );
}

function showKinds(): void {
  for (const kind of CHANGES) {
    const number = changes.filter((change) => change.kind === kind).length;
    if (kind === 'unknown' && number === 0) continue;
    const box = make('input', '') as HTMLInputElement;
    box.type = 'checkbox';
    box.checked = true;
    box.disabled = number === 0;
    box.addEventListener('change', () => {
      if (box.checked) kinds.add(kind);
      else kinds.delete(kind);
      applyFilter();
    });
    const mark = make('span', 'mark');
    mark.dataset['kind'] = kind;
    const label = make('label', '', box, mark, `${count(number)} ${kind}`);
    if (kind === 'unknown') label.title = 'may or may not differ: one side could not look there';
    get('kinds').append(label);
  }
}

function showArea(): void {
  const unsized = model.unsized[0] ?? 0;
  const start: Area = model.hasSizes ? 'bytes' : 'files';
  for (const radio of get('area').querySelectorAll('input')) {
    const area = radio.value as Area;
    radio.checked = area === start;
    radio.disabled = area === 'bytes' && !model.hasSizes;
    radio.addEventListener('change', () => {
      treemap.area = area;
      showSizes(area, unsized);
    });
  }
  treemap.area = start;
  showSizes(start, unsized);
}

function showSizes(area: Area, unsized: number): void {
  const partly = `The size of ${countOf(unsized, 'file')} is unknown, because a manifest has none: hatched, and as large as an average file.`;
  const none = 'Sizes are unknown, because a manifest has none: each file has the same area.';
  const about = model.hasSizes ? partly : none;
  get('sizes').textContent = unsized > 0 && (area === 'bytes' || !model.hasSizes) ? about : '';
}

/** Shows the directory that fills the picture, with a way to those above it. */
function showWay(directory: number): void {
  const items = model.wayTo(directory).map((node) => {
    const button = make('button', 'path', node === 0 ? rootName : model.nameOf(node)) as HTMLButtonElement;
    button.type = 'button';
    if (node === directory) button.ariaCurrent = 'true';
    button.addEventListener('click', () => {
      treemap.zoomTo(node);
    });
    return make('li', '', button);
  });
  get('way').replaceChildren(...items);
  const name = directory === 0 ? rootName : model.pathOf(directory);
  get('map').ariaLabel = `Picture of ${name}: ${model.factsOf(directory)}`;
}

/** Lists the changes that the filter lets through, and returns them. */
function listFound(): readonly Change[] {
  const found = filtered(changes, { words: wordsOf(getA(HTMLInputElement, 'filter').value), kinds });
  list.changes = found;
  get('found').textContent = foundText(found.length);
  get('none').textContent =
    changes.length === 0 ? 'Both sides have the same files.' : 'Nothing matches the filter.';
  get('none').hidden = found.length > 0;
  get('list').hidden = found.length === 0;
  return found;
}

/** Shows the changes that the filter lets through: in the list at once, in the picture when nobody types. */
function applyFilter(): void {
  const found = listFound();
  clearTimeout(pause);
  pause = window.setTimeout(() => {
    model.show(found.map(({ node }) => node));
    treemap.redraw();
    showWay(treemap.top);
  }, PAUSE_MS);
}

function foundText(found: number): string {
  if (changes.length === 0) return 'No differences.';
  if (found === changes.length) return `${countOf(found, 'file')}, in path order.`;
  return `${count(found)} of ${countOf(changes.length, 'file')}.`;
}

function isDark(): boolean {
  const { theme } = document.documentElement.dataset;
  return theme === undefined ? matchMedia('(prefers-color-scheme: dark)').matches : theme === 'dark';
}

function switchTheme(): void {
  document.documentElement.dataset['theme'] = isDark() ? 'light' : 'dark';
  showTheme();
}

function showTheme(): void {
  get('theme').textContent = isDark() ? 'Light theme' : 'Dark theme';
  treemap.recolor();
}

function showProblems(): void {
  const { problems } = report;
  get('problems').hidden = problems.length === 0;
  for (const { side, path, kind, message } of problems.slice(0, MOST_PROBLEMS)) {
    const cells = [side, path === '' ? '(the root)' : printable(path), kind, printable(message)];
    get('problem-rows').append(
      make('tr', '', ...cells.map((text, index) => make('td', index === 1 ? 'path' : '', text))),
    );
  }
  if (problems.length > MOST_PROBLEMS) {
    get('more-problems').textContent =
      `${count(problems.length - MOST_PROBLEMS)} more are not listed here; 'muse diff --json' names all.`;
  }
}

function showLeftOut(): void {
  const sides = [report.before.leftOut, report.after.leftOut];
  const names = [...new Set(sides.flatMap((side) => Object.keys(side ?? {})))];
  const counted = names.filter((name) => sides.some((side) => (side?.[name] ?? 0) > 0));
  for (const name of counted) {
    const label = name === 'reserved' ? 'reserved (.muse, .git)' : name;
    get('left-out-rows').append(row(label, (side) => count(side[name] ?? 0)));
  }
  if (counted.length === 0) get('left-out-rows').append(row('all kinds', () => '0'));

  function row(name: string, text: (side: Readonly<Record<string, number>>) => string): HTMLElement {
    const cells = sides.map((side) => make('td', 'number', side ? text(side) : 'not recorded'));
    return make('tr', '', make('td', '', name), ...cells);
  }
}
