export { entryOfLine, objectIdOffset, type StatLayout } from './lib/json-v3/line-stat.js';
export { compareKey, keyEnd, lowerBound, lowerBoundFrom, nextLine } from './lib/json-v3/sorted-lines.js';
export { changedField } from './lib/validity.js';
