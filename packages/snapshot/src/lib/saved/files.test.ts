import { blobId } from '@muse/stat-cache';
import { describe, expect, it } from 'vitest';
import { newSavedName, parseSavedName, timeToSave } from './files.js';

const id = blobId(Buffer.from('x'));
const now = Date.parse('2026-03-09T16:00:00.123Z');

describe('newSavedName()', () => {
  it('has the time and the id, and no two are the same', () => {
    const names = [newSavedName(id, now), newSavedName(id, now)];
    expect(names[0]).not.toBe(names[1]);
    for (const name of names) {
      expect(name).toMatch(new RegExp(`^20260309T160000\\.123Z-${id.slice(7)}-[0-9a-f]{8}\\.json$`));
      expect(parseSavedName(name)).toEqual({ name, timeMs: now, id });
    }
  });
});

describe('timeToSave()', () => {
  it('is after the newest one, whatever the clock says', () => {
    const last = Date.parse('9999-12-31T23:59:59.999Z');
    for (const [newest, time] of [
      [undefined, now],
      [now - 5, now],
      [now, now + 1],
      [now + 99_999, now + 100_000],
      [last, last],
    ] as const) {
      expect(timeToSave(now, newest)).toBe(time);
    }
  });
});

describe('parseSavedName()', () => {
  it.each([
    '',
    'note.json',
    `20260230T160000.123Z-${id.slice(7)}-00000000.json`,
    `20261332T160000.123Z-${id.slice(7)}-00000000.json`,
    `20260309T160000.123Z-${id.slice(8)}-00000000.json`,
    `20260309T160000.123Z-${id.slice(7)}-00000000.json.tmp`,
    `20260309T160000.123Z-${id.slice(7).toUpperCase()}-00000000.json`,
  ])('refuses %j', (name) => {
    expect(parseSavedName(name)).toBeUndefined();
  });
});
