import type { PageParts } from './lib/html.js';

/** The markup, style and script of the page, which the build makes of `src/page`. */
export const parts: PageParts;
