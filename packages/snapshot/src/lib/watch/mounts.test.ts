import { fsdecode } from '@muse/testkit';
import { describe, expect, it } from 'vitest';
import { Mounts } from './mounts.js';

const TABLE = [
  '22 1 254:0 / / rw - ext4 /dev/vda rw',
  '30 22 0:5 / /dev rw - devtmpfs dev rw',
  '31 22 0:6 / /dev/shm rw - tmpfs tmpfs rw',
  '33 22 0:8 / /dev-other rw - tmpfs tmpfs rw',
  '34 22 254:0 /null /dev/null rw - ext4 /dev/vda rw',
  '35 22 0:9 / /with\\040space\\134and\\011tab\\012line#hash/sub rw - tmpfs tmpfs rw',
  '36 22 0:9 / /\xff/sub rw - tmpfs tmpfs rw',
];

/** Returns the mount points that must not go, come or change for a directory to show the same. */
function pointsAround(root: string): string[] {
  let table = TABLE;
  const mounts = new Mounts(root, () => `${table.join('\n')}\n`);
  expect(mounts.isSame).toBe(true);
  return TABLE.filter((line) => {
    table = TABLE.filter((other) => other !== line);
    const isSame = mounts.isSame;
    table = TABLE.map((other) => (other === line ? other.replace(' rw ', ' ro ') : other));
    expect(mounts.isSame).toBe(isSame);
    table = TABLE;
    return !isSame;
  }).map((line) => line.split(' ')[4] ?? '');
}

describe('Mounts', () => {
  it.each([
    ['/dev', ['/', '/dev', '/dev/shm', '/dev/null']],
    ['/dev/shm', ['/', '/dev', '/dev/shm']],
    ['/dev/shm/below', ['/', '/dev', '/dev/shm']],
    ['/de', ['/']],
    ['/with space\\and\ttab\nline#hash', ['/', '/with\\040space\\134and\\011tab\\012line#hash/sub']],
    [fsdecode(Buffer.from([0x2f, 0xff])), ['/', '/\xff/sub']],
    ['/', TABLE.map((line) => line.split(' ')[4])],
  ])('are those at, above and below %j', (root, points) => {
    expect(pointsAround(root)).toEqual(points);
  });

  it('are the same by any way to spell a path that a kernel has', () => {
    const mounts = (path: string) => {
      let table = '';
      const at = new Mounts('/a#b\x01', () => table);
      table = `36 22 0:9 / ${path}/sub rw - tmpfs tmpfs rw`;
      return at.isSame;
    };
    expect(mounts('/a#b\x01')).toBe(false);
    expect(mounts('/a\\043b\\001')).toBe(false);
    expect(mounts('/a#b')).toBe(true);
  });

  it('are not the same where the system does not tell', () => {
    let table: string | undefined = '';
    const mounts = new Mounts('/dev', () => {
      if (table === undefined) throw new Error('EACCES');
      return table;
    });
    table = undefined;
    expect(mounts.isSame).toBe(false);
  });

  it.each([
    ['/dev', ['null']],
    ['/', ['dev-other', 'dev/null', 'with space\\and\ttab\nline#hash/sub', '\udcff/sub']],
    ['/dev/null', []],
    ['/elsewhere', []],
  ])(
    'below %j that are no directories, or that nobody can look at, are told by their paths',
    (root, files) => {
      expect(new Mounts(root, () => TABLE.join('\n')).files).toEqual(files);
    },
  );

  it('are read from the table of the system', () => {
    expect(new Mounts('/').isSame).toBe(true);
  });
});
