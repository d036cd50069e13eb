import { fsdecode, hostileNames } from '@muse/testkit';
import { describe, expect, it } from 'vitest';
import { EVENT, eventsIn, filesMountedOver, mountsWithin, whyUnreliable } from './events.js';

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

describe('mountsWithin', () => {
  const TABLE = [
    '22 1 254:0 / / rw - ext4 /dev/vda rw',
    '30 22 0:5 / /proc rw - proc proc rw',
    '31 22 0:6 / /src rw - tmpfs tmpfs rw',
    '32 31 0:7 / /src/below rw - tmpfs tmpfs rw',
    '33 22 0:8 / /src-other rw - tmpfs tmpfs rw',
    '34 22 0:9 / /with\\040space\\134and\\011tab\\012line\\043hash rw - tmpfs tmpfs rw',
    '35 22 0:9 / /\xff/sub rw - tmpfs tmpfs rw',
  ];
  const pointsWithin = (root: string) =>
    mountsWithin(root, TABLE.join('\n'))
      .split('\n')
      .map((line) => line.split(' ')[4] ?? '');

  it.each([
    ['/src', ['/src', '/src/below']],
    ['/src/below', ['/src/below']],
    ['/src/other', ['']],
    ['/sr', ['']],
    ['/with space\\and\ttab\nline#hash', ['/with\\040space\\134and\\011tab\\012line\\043hash']],
    [fsdecode(Buffer.from([0x2f, 0xff])), ['/\xff/sub']],
    ['/', TABLE.map((line) => line.split(' ')[4])],
  ])('has those at and below %j', (root, points) => {
    expect(pointsWithin(root)).toEqual(points);
  });

  it('reads the table of the system', () => {
    expect(mountsWithin('/')).toMatch(/^\d+ \d+ \d+:\d+ /);
  });
});

describe('filesMountedOver', () => {
  it('has each mount point that is no directory, or that nobody can look at', () => {
    const mounts = ['/', '/proc/version', '/nowhere/with\\040space', '/\xff'].map(
      (point) => `22 1 254:0 / ${point} rw - ext4 /dev/vda rw`,
    );
    expect(filesMountedOver(mounts.join('\n'))).toEqual([
      Buffer.from('/proc/version'),
      Buffer.from('/nowhere/with space'),
      Buffer.from([0x2f, 0xff]),
    ]);
    expect(filesMountedOver('')).toEqual([]);
  });
});

describe('whyUnreliable', () => {
  it('names a file system that is not known to tell of every change', () => {
    expect(whyUnreliable('/proc')).toBe('its file system (0x9fa0) is not known to tell of every change');
    expect(whyUnreliable('/nowhere/at/all')).toMatch(/cannot be told: ENOENT/);
  });
});
