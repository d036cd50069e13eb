export {
  compareKey,
  entryOfLine,
  keyEnd,
  lowerBound,
  lowerBoundFrom,
  nextLine,
  objectIdOffset,
  type StatLayout,
} from './lib/lines/lines.js';
export { changedField } from './lib/pending.js';
