import { fsdecode, hostileNames } from '@muse/testkit';
import { describe, expect, it } from 'vitest';
import { EVENT, eventsIn, whyUnreliable } from './events.js';

/** Spells an event as the system does; a name is padded with NUL to a multiple of 16 bytes. */
function eventOf(watch: number, mask: number, cookie = 0, name: Buffer = Buffer.alloc(0)): Buffer {
  const padded = name.length === 0 ? 0 : Math.ceil((name.length + 1) / 16) * 16;
  const event = Buffer.alloc(16 + padded);
  event.writeInt32LE(watch, 0);
  event.writeUInt32LE(mask, 4);
  event.writeUInt32LE(cookie, 8);
  event.writeUInt32LE(padded, 12);
  name.copy(event, 16);
  return event;
}

describe('eventsIn', () => {
  it('returns each event, whatever the names', () => {
    const bytes = Buffer.concat([
      eventOf(7, EVENT.selfDeleted),
      ...hostileNames.map((name, i) => eventOf(i + 1, EVENT.created, i, name)),
      eventOf(-1, EVENT.overflowed),
    ]);
    expect(eventsIn(bytes)).toEqual([
      { watch: 7, mask: EVENT.selfDeleted, cookie: 0, name: '' },
      ...hostileNames.map((name, i) => ({
        watch: i + 1,
        mask: EVENT.created,
        cookie: i,
        name: fsdecode(name),
      })),
      { watch: -1, mask: EVENT.overflowed, cookie: 0, name: '' },
    ]);
  });

  it('keeps the bit of a directory, and a name that fills its room', () => {
    const name = Buffer.alloc(15, 'n');
    const [event, ...more] = eventsIn(eventOf(1, EVENT.isDirectory | EVENT.movedTo, 4_000_000_000, name));
    expect(event).toEqual({ watch: 1, mask: 0x4000_0080, cookie: 4_000_000_000, name: 'n'.repeat(15) });
    expect(more).toEqual([]);
  });

  it('returns none for nothing', () => {
    expect(eventsIn(Buffer.alloc(0))).toEqual([]);
  });
});

describe('whyUnreliable', () => {
  it('names a file system that is not known to tell of every change', () => {
    expect(whyUnreliable('/proc')).toBe('its file system (0x9fa0) is not known to tell of every change');
    expect(whyUnreliable('/nowhere/at/all')).toMatch(/cannot be told: ENOENT/);
  });
});
