export { entryOfLine } from './lib/lines/line.js';
export { objectIdOffset, type StatLayout } from './lib/lines/match.js';
export { compareKey, keyEnd, lowerBound, lowerBoundFrom, nextLine } from './lib/lines/layout.js';
export { changedField } from './lib/pending.js';
