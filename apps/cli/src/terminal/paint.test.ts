import { describe, expect, it } from 'vitest';
import { colorsFor } from './paint.js';

const terminal = { isTTY: true };
const pipe = {};

describe('colorsFor()', () => {
  it.each([
    ['auto', terminal, {}, true],
    ['auto', terminal, { NO_COLOR: '' }, true],
    ['auto', terminal, { NO_COLOR: '1' }, false],
    ['auto', terminal, { TERM: 'dumb' }, false],
    ['auto', pipe, {}, false],
    ['never', terminal, {}, false],
    ['always', pipe, { NO_COLOR: '1' }, true],
  ] as const)('%s on %j with %j', (choice, stream, environment, wanted) => {
    const painted = colorsFor(choice, stream, environment)('red', 'text');
    expect(painted).toBe(wanted ? '\x1b[31mtext\x1b[39m' : 'text');
  });
});
