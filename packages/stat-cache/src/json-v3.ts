export { jsonV3Codec } from './lib/json-v3/codec.js';
export { CHANGED, matchEntries, NO_LINE, type EntriesToMatch } from './lib/json-v3/line-match.js';
export { countLinesBelow } from './lib/json-v3/sorted-lines.js';
