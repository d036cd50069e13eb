import { existsSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { freshDist } from '@muse/testkit';
import type { PageParts } from '../../src/lib/html.js';

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

/** The program of a Chromium, if there is one. */
export const chromiumPath = (process.env['PATH'] ?? '')
  .split(delimiter)
  .flatMap((folder) => names.map((name) => join(folder, name)))
  .find((file) => existsSync(file));

/** Returns the parts of the page, as they were built. */
export function builtParts(): PageParts {
  const module = readFileSync(join(freshDist('@muse/report'), 'page.js'), 'utf8');
  const [, parts = ''] = /^export const parts = (.*);\n/.exec(module) ?? [];
  return JSON.parse(parts) as PageParts;
}
