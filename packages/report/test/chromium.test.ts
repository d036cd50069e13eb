import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { compareTreePaths, treePathFromBytes } from '@muse/paths';
import { hostileNames, tempDir, type TempDir } from '@muse/testkit';
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { encodeTree } from '../src/lib/encode-tree.js';
import { htmlOf } from '../src/lib/html.js';
import type { ReportData, ReportFile, SideData } from '../src/lib/report-data.js';
import { builtParts, chromiumPath } from './support/chromium.js';

/** Milliseconds: a limit against hanging, not a measure. */
const PATIENCE = 200_000;

let browser: Browser;
let directory: TempDir;

beforeAll(async () => {
  if (chromiumPath === undefined) return;
  directory = tempDir();
  browser = await chromium.launch({ executablePath: chromiumPath });
});
afterAll(async () => {
  if (chromiumPath === undefined) return;
  await browser.close();
  await directory.remove();
});

const side: SideData = { name: '.', id: `sha256:${'0'.repeat(64)}`, complete: true, files: 1 };

function reportOf(files: readonly ReportFile[], more: Partial<ReportData> = {}): ReportData {
  const sorted = [...files].sort((a, b) => compareTreePaths(a.path, b.path));
  const made = '2026-03-09T16:00:00.000Z';
  const sides = { before: { ...side, name: 'latest' }, after: side };
  return {
    version: 1,
    title: 'tree',
    made,
    ...sides,
    tree: encodeTree(sorted),
    problems: [],
    damaged: [],
    ...more,
  };
}

/** A page, and what it did that it must not do. */
interface Opened {
  readonly page: Page;
  readonly complaints: string[];
  readonly requests: string[];
}

async function open(report: ReportData, options: BrowserContextOptions = {}): Promise<Opened> {
  const file = join(directory.path, `${Math.random()}.html`);
  writeFileSync(file, Buffer.concat([...htmlOf(report, builtParts())]));
  const context = await browser.newContext({
    viewport: { width: 1200, height: 800 },
    reducedMotion: 'reduce',
    ...options,
  });
  onTestFinished(() => context.close());
  context.setDefaultTimeout(PATIENCE);
  const page = await context.newPage();
  const complaints: string[] = [];
  const requests: string[] = [];
  page.on('console', (message) => complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('dialog', (dialog) => {
    complaints.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on('request', (request) => requests.push(request.url()));
  await page.goto(pathToFileURL(file).href);
  await page.waitForFunction("performance.getEntriesByName('picture').length > 0");
  return { page, complaints, requests };
}

const files: readonly ReportFile[] = [
  { path: 'README', kind: 'unchanged', bytes: 4_000 },
  { path: 'src/a.c', kind: 'modified', bytes: 50_000 },
  { path: 'src/b.c', kind: 'unchanged', bytes: 40_000 },
  { path: 'src/net/d.c', kind: 'added', bytes: 30_000 },
  { path: 'src/net/e.c', kind: 'renamed', from: 'src/old/e.c', bytes: 20_000 },
  { path: 'src/gone.c', kind: 'deleted' },
];

/** The paths in the list, as they are shown. */
const listed = (page: Page): Promise<string[]> => page.locator('#list [role=option] .path').allTextContents();
const way = (page: Page): Promise<string[]> => page.locator('nav button').allTextContents();
/** What a screen reader hears of the focused treemap. */
const active = (page: Page): Promise<string | null> =>
  page.locator('#map[aria-activedescendant=option] #option').getAttribute('aria-label');

describe.skipIf(chromiumPath === undefined)('the page, in Chromium,', () => {
  it('says what changed, and loads nothing', async () => {
    const { page, complaints, requests } = await open(reportOf(files));
    expect(await page.title()).toBe('What changed in tree');
    expect(await listed(page)).toEqual(['src/a.c', 'src/gone.c', 'src/net/d.c', 'src/{old → net}/e.c']);
    expect(await page.locator('#kinds label').allTextContents()).toEqual([
      '1 added',
      '1 modified',
      '1 deleted',
      '1 renamed',
    ]);
    expect(await page.locator('#sizes').textContent()).toMatch(/^The size of 1 file is unknown/);
    expect(requests).toEqual([page.url()]);
    expect(complaints).toEqual([]);
  });

  it('has a list that filters as one types, and says how much is left', async () => {
    const { page } = await open(reportOf(files));
    const found = page.getByRole('status');
    await expect.poll(() => found.textContent(), { timeout: PATIENCE }).toBe('4 files, in path order.');
    const before = await page.locator('#canvas').screenshot();
    await page.getByRole('searchbox').pressSequentially('NET .c');
    expect(await listed(page)).toEqual(['src/net/d.c', 'src/{old → net}/e.c']);
    expect(await found.textContent()).toBe('2 of 4 files.');
    await expect
      .poll(async () => (await page.locator('#canvas').screenshot()).equals(before), { timeout: PATIENCE })
      .toBe(false);
    await page.getByRole('checkbox', { name: '1 renamed' }).uncheck();
    expect(await listed(page)).toEqual(['src/net/d.c']);
    await page.getByRole('searchbox').fill('nowhere');
    expect(await listed(page)).toEqual([]);
    expect(await page.locator('#none').textContent()).toBe('Nothing matches the filter.');
    await page.getByRole('searchbox').fill('');
    await page.getByRole('checkbox', { name: '1 renamed' }).check();
    await expect
      .poll(async () => (await page.locator('#canvas').screenshot()).equals(before), { timeout: PATIENCE })
      .toBe(true);
  });

  it('zooms into a directory by a click, and out by the way above it', async () => {
    const { page } = await open(reportOf(files));
    expect(await way(page)).toEqual(['tree']);
    await page.locator('#map').click({ position: { x: 40, y: 8 } });
    expect(await way(page)).toEqual(['tree', 'src']);
    await page.getByRole('button', { name: 'tree' }).click();
    expect(await way(page)).toEqual(['tree']);
  });

  it('moves between two pictures when it zooms, unless motion is unwanted', async () => {
    const { page } = await open(reportOf(files), { reducedMotion: 'no-preference' });
    // From here on each frame is 16 ms after the one before, however long it takes.
    await page.evaluate(`(() => {
      const canvas = document.getElementById('canvas');
      const draw = CanvasRenderingContext2D.prototype.drawImage;
      window.moves = window.ends = 0;
      CanvasRenderingContext2D.prototype.drawImage = function (...args) {
        if (this.canvas === canvas && args.length === 5) window.moves++;
        if (this.canvas === canvas && args.length === 3) window.ends++;
        return draw.apply(this, args);
      };
      let now = performance.now();
      performance.now = () => now;
      const request = window.requestAnimationFrame;
      window.requestAnimationFrame = (then) => request(() => then((now += 16)));
    })()`);
    const counted = (which: 'moves' | 'ends') => page.evaluate<number>(`window.${which}`);
    const ended = async () => {
      const before = await counted('ends');
      await expect.poll(() => counted('ends'), { timeout: PATIENCE }).toBeGreaterThan(before);
    };
    const frames = ended();
    await page.locator('#map').click({ position: { x: 40, y: 8 } });
    await frames;
    const moves = await counted('moves');
    expect(moves).toBeGreaterThan(4);
    await page.emulateMedia({ reducedMotion: 'reduce' });
    const still = ended();
    await page.locator('#map').press('Escape');
    await still;
    expect(await counted('moves')).toBe(moves);
    expect(await way(page)).toEqual(['tree']);
  });

  it('is used by keys alone', async () => {
    const { page } = await open(reportOf(files));
    await page.locator('#map').focus();
    await page.keyboard.press('Home');
    expect(await active(page)).toBe(
      'src, directory, 5 files, 140 kB and 1 file of unknown size, 1 added, 1 modified, 1 deleted, 1 renamed',
    );
    await page.keyboard.press('Enter');
    expect(await way(page)).toEqual(['tree', 'src']);
    const names = new Set<string>();
    for (const key of ['Home', 'ArrowRight', 'ArrowDown', 'ArrowLeft', 'ArrowUp', 'End']) {
      await page.keyboard.press(key);
      names.add((await active(page))?.split(',')[0] ?? '');
    }
    expect(names.size).toBeGreaterThan(2);
    await page.keyboard.press('Escape');
    expect(await way(page)).toEqual(['tree']);
    expect(await active(page)).toMatch(/^src, /);

    await page.locator('#list').focus();
    await page.keyboard.press('End');
    expect(await page.locator('#list').getAttribute('aria-activedescendant')).toBe('change-3');
    await page.keyboard.press('ArrowUp');
    await page.keyboard.press('Enter');
    expect(await way(page)).toEqual(['tree', 'src', 'net']);
    expect(await page.locator('#option').getAttribute('aria-label')).toBe('d.c, file, added, 30 kB');
  });

  it('finds a file in the list that is chosen in the picture, and the other way round', async () => {
    const { page } = await open(reportOf(files));
    await page.locator('#list').getByText('a.c').click();
    expect(await way(page)).toEqual(['tree', 'src']);
    expect(await page.locator('#option').getAttribute('aria-label')).toBe('a.c, file, modified, 50 kB');
    await page.locator('#list').getByText('gone.c').click();
    const { x = 0, y = 0, width = 0, height = 0 } = (await page.locator('#option').boundingBox()) ?? {};
    await page.locator('#list').getByText('a.c').click();
    await page.mouse.click(x + width / 2, y + height / 2);
    const selected = page.locator('#list [aria-selected=true] .path');
    expect(await selected.textContent()).toBe('src/gone.c');
  });

  it('shows names as text, whatever is in them', async () => {
    const attacks = [
      '</script><script>alert(1)</script>',
      '<img src=x onerror=alert(2)>',
      '<!--<script>',
      '"><iframe srcdoc="<script>alert(3)</script>">',
      'javascript:alert(4)',
      '\u202egnp.exe',
      'bell\u0007 zero\u200bwidth',
      '\udcff\udc80',
      'n'.repeat(5_000),
      'שלום',
    ].map((name) => name.replaceAll('/', '\u2215'));
    const names = [...attacks, ...hostileNames.map((name) => treePathFromBytes(name))];
    const report = reportOf(
      names.map((path) => ({ path, kind: 'added', bytes: 1_000 })),
      {
        title: attacks[0],
        before: { ...side, name: attacks[1] ?? '', note: attacks[3] ?? '' },
        problems: names.map((path) => ({ side: 'after', path, kind: 'torn', message: path })),
        damaged: names,
      },
    );
    const { page, complaints, requests } = await open(report);
    await page.locator('#map').hover();
    for (const text of [
      'script',
      String.raw`\u{202e}`,
      String.raw`\xff\x80`,
      String.raw`\x07 zero\u{200b}`,
      'שלום',
      'nnnn',
    ]) {
      await page.getByRole('searchbox').fill(text);
      expect(await listed(page), text).not.toEqual([]);
    }
    await page.getByRole('searchbox').fill('');
    await page.locator('#list').focus();
    await page.keyboard.press('End');
    await page.keyboard.press('Enter');
    const tags = await page.evaluate(
      "[...new Set([...document.querySelectorAll('main *')].map((e) => e.localName))]",
    );
    expect(tags).not.toEqual(expect.arrayContaining(['script']));
    expect(tags).not.toEqual(expect.arrayContaining(['img']));
    expect(tags).not.toEqual(expect.arrayContaining(['iframe']));
    const text = await page.evaluate<string>('document.body.innerText');
    expect(text).not.toMatch(/\p{Cf}|\p{Cs}/u);
    const width = await page.evaluate<number>('document.documentElement.scrollWidth');
    expect(width).toBeLessThanOrEqual(1200);
    expect(requests).toEqual([page.url()]);
    expect(complaints).toEqual([]);
  });

  it('runs no script but its own', async () => {
    const { page, complaints } = await open(reportOf(files));
    const tries = `
      const script = document.createElement('script');
      try { script.textContent = 'window.ran = 1'; } catch { }
      document.body.append(script);
      try { document.body.insertAdjacentHTML('beforeend', '<img src=x onerror="window.ran = 1">'); } catch { }
      fetch('https://example.com/').catch(() => undefined);`;
    await page.evaluate(tries);
    expect(await page.evaluate('window.ran')).toBeUndefined();
    await expect
      .poll(() => complaints.join('\n'), { timeout: PATIENCE })
      .toMatch(/Content Security Policy|TrustedScript/);
  });

  it('has a few elements for 100,000 changes, and scrolls to the last', async () => {
    const many = Array.from({ length: 100_000 }, (_, i): ReportFile => {
      return { path: `d${i % 100}/f${i}`, kind: i % 2 ? 'added' : 'modified', bytes: i };
    });
    const { page } = await open(reportOf(many));
    expect(await page.getByRole('status').textContent()).toBe('100,000 files, in path order.');
    await page.locator('#list').focus();
    await page.keyboard.press('End');
    expect(await page.locator('#list [aria-selected=true]').getAttribute('aria-posinset')).toBe('100000');
    expect(await page.locator('#list [role=option]').count()).toBeLessThan(60);
    await page.getByRole('searchbox').fill('d7/ f99907');
    expect(await listed(page)).toEqual(['d7/f99907']);
    expect(await page.evaluate("document.querySelectorAll('*').length")).toBeLessThan(200);
  });

  it('does not make much of many small changes', async () => {
    const many = Array.from({ length: 60_000 }, (_, i): ReportFile => {
      return { path: `f${i}`, kind: i % 10 === 0 ? 'modified' : 'unchanged', bytes: 1 };
    });
    const { page } = await open(reportOf(many));
    const share = await page.evaluate<number>(`(() => {
      const canvas = document.getElementById('canvas');
      const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
      let modified = 0;
      for (let i = 0; i < data.length; i += 4) if (data[i] > 140 && data[i + 2] < 60) modified++;
      return modified / (data.length / 4);
    })()`);
    expect(share).toBeGreaterThan(0.05);
    expect(share).toBeLessThan(0.3);
  });

  it('says that nothing differs, and that there are no files', async () => {
    const same = await open(reportOf([{ path: 'a', kind: 'unchanged', bytes: 1 }]));
    expect(await same.page.getByRole('status').textContent()).toBe('No differences.');
    expect(await same.page.locator('#none').textContent()).toBe('Both sides have the same files.');
    const none = await open(reportOf([]));
    expect(none.complaints).toEqual([]);
    const colors = `(() => {
      const { width, height } = document.getElementById('canvas');
      const { data } = document.getElementById('canvas').getContext('2d').getImageData(0, 0, width, height);
      return new Set(new Uint32Array(data.buffer)).size;
    })()`;
    expect(await none.page.evaluate<number>(colors), 'no text in the picture').toBeGreaterThan(2);
    await none.page.locator('#map').focus();
    await none.page.keyboard.press('Enter');
    await none.page.keyboard.press('ArrowRight');
    await none.page.keyboard.press('Escape');
    expect(none.complaints).toEqual([]);
  });

  it('has the same area for each file where no size is known', async () => {
    const { page } = await open(reportOf(files.map((file) => ({ ...file, bytes: undefined }))));
    expect(await page.getByRole('radio', { name: 'bytes' }).isDisabled()).toBe(true);
    expect(await page.getByRole('radio', { name: 'files' }).isChecked()).toBe(true);
    expect(await page.locator('#sizes').textContent()).toMatch(/^Sizes are unknown/);
  });

  it('names problems, and what was left out', async () => {
    const { page } = await open(
      reportOf([...files, { path: 'secret/x', kind: 'unknown' }], {
        after: { ...side, complete: false, leftOut: { symlink: 12, fifo: 0 } },
        problems: [
          { side: 'after', path: 'secret', kind: 'unreadable', message: 'permission denied (EACCES)' },
        ],
        damaged: ['cannot read 2026.json: its end is missing'],
      }),
    );
    expect(await page.locator('#incomplete').textContent()).toBe(
      'This comparison is incomplete: 1 problem; damaged saved snapshots were passed over: cannot read 2026.json: its end is missing.',
    );
    await page.getByRole('link', { name: '1 problem' }).click();
    expect(await page.locator('#problem-rows').textContent()).toBe(
      'aftersecretunreadablepermission denied (EACCES)',
    );
    expect(await page.locator('#left-out-rows').textContent()).toBe('symlinknot recorded12');
    expect(await page.locator('#kinds label').last().textContent()).toBe('1 unknown');
  });

  it('follows the system between light and dark, and its own switch', async () => {
    const { page } = await open(reportOf(files), { colorScheme: 'dark' });
    const background = (): Promise<unknown> =>
      page.evaluate('getComputedStyle(document.documentElement).backgroundColor');
    expect(await background()).toBe('rgb(20, 23, 28)');
    await page.getByRole('button', { name: 'Light theme' }).click();
    expect(await background()).toBe('rgb(251, 251, 252)');
    await page.getByRole('button', { name: 'Dark theme' }).click();
    expect(await background()).toBe('rgb(20, 23, 28)');
    await page.reload();
    await page.emulateMedia({ colorScheme: 'light' });
    expect(await background()).toBe('rgb(251, 251, 252)');
  });

  const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

  describe.each(['light', 'dark'] as const)('where it is %s,', (colorScheme) => {
    it('keeps the rules of WCAG that a program can check', async () => {
      const problems = [{ side: 'after', path: 'p', kind: 'torn', message: 'm' }] as const;
      const all = [...files, { path: 'u', kind: 'unknown' } as const];
      const after = { ...side, complete: false, leftOut: { symlink: 1 } };
      const { page } = await open(reportOf(all, { problems, after }), { colorScheme });
      await page.locator('#list').focus();
      await page.keyboard.press('Home');
      await page.evaluate(axe);
      const violations =
        await page.evaluate(`axe.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa', 'best-practice'] })
        .then(({ violations }) => violations.map(({ id, nodes }) => [id, ...nodes.map(({ html }) => html)]))`);
      expect(violations).toEqual([]);
    });

    it('has colours in the picture that differ enough', async () => {
      const { page } = await open(reportOf(files), { colorScheme });
      const colors = await page.evaluate<Record<string, number[]>>(`Object.fromEntries(
        ['page', 'text', 'muted', 'accent', 'directory', 'directory-inner', 'unchanged', 'unchanged-text',
          ...['added', 'modified', 'deleted', 'renamed', 'unknown'].flatMap((kind) => [kind, kind + '-text'])]
          .map((name) => {
            document.body.style.color = 'var(--' + name + ')';
            return [name, getComputedStyle(document.body).color.match(/\\d+/g).map(Number)];
          }))`);
      const contrast = (one: string, other: string): number => {
        const [a = 0, b = 0] = [one, other].map((name) => luminance(colors[name] ?? []));
        return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
      };
      for (const kind of ['added', 'modified', 'deleted', 'renamed', 'unknown']) {
        expect(contrast(kind, `${kind}-text`), kind).toBeGreaterThanOrEqual(4.5);
        for (const around of ['unchanged', 'page', 'directory', 'directory-inner']) {
          expect(contrast(kind, around), `${kind} on ${around}`).toBeGreaterThanOrEqual(3);
        }
      }
      for (const header of ['directory', 'directory-inner']) {
        expect(contrast('text', header)).toBeGreaterThanOrEqual(4.5);
        expect(contrast('muted', header)).toBeGreaterThanOrEqual(4.5);
      }
      expect(contrast('unchanged-text', 'unchanged')).toBeGreaterThanOrEqual(4.5);
      expect(contrast('accent', 'page')).toBeGreaterThanOrEqual(3);
      expect(contrast('accent', 'unchanged')).toBeGreaterThanOrEqual(3);
    });
  });

  it('is a tree of names and roles for a screen reader', async () => {
    const { page } = await open(reportOf(files));
    const tree = await page.locator('body').ariaSnapshot();
    for (const line of [
      'heading "What changed in tree" [level=1]',
      'checkbox "1 added" [checked]',
      'radio "bytes" [checked]',
      'navigation "Directory in the picture"',
      'listbox "Picture of tree: directory, 6 files',
      'searchbox "Filter by path"',
      'status: 4 files, in path order.',
      'listbox "Changes"',
      'option "modified, src/a.c, 50 kB"',
      'option "deleted, src/gone.c, size unknown"',
    ]) {
      expect(tree).toContain(line);
    }
  });

  it('fits a small screen', async () => {
    const { page } = await open(reportOf(files), { viewport: { width: 320, height: 640 } });
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(320);
    await page.locator('#map').click({ position: { x: 40, y: 8 } });
    expect(await way(page)).toEqual(['tree', 'src']);
  });
});

/** The relative luminance of a colour, as WCAG has it. */
function luminance(channels: readonly number[]): number {
  const [red = 0, green = 0, blue = 0] = channels.map((channel) => {
    const share = channel / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
