export {
  compareKey,
  entryOfLine,
  findParts,
  keyBytes,
  keyEnd,
  LineParts,
  lowerBound,
  lowerBoundFrom,
  nextLine,
  objectIdOffset,
} from './lib/lines/lines.js';
export { changedField } from './lib/pending.js';
export { PACKED } from './lib/packed.js';
