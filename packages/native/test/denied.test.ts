import { chmodSync } from 'node:fs';
import { makeTree, symlink, tempDir } from '@muse/testkit';
import { describe, expect, it } from 'vitest';
import { hasNative, native, scan, unpack, wanted } from './support/engine.js';
import { judgeScan, lineOf } from './support/judge.js';
import { asOrdinaryUser } from './support/ordinary.js';

describe.skipIf(!hasNative)('scan() of what may not be read', () => {
  it('tells a directory that cannot be opened, and names that cannot be statted', async () => {
    await using place = tempDir();
    const root = await makeTree(
      { closed: { a: '' }, listable: { 'b.c': '', b: {}, a: '', link: symlink('a') }, open: { a: '' } },
      place.path,
    );
    const stat = { mtimeNs: 0n, ctimeNs: 0n, size: 0n, ino: 1n };
    const lines = Buffer.concat(
      ['listable/a', 'listable/b/x', 'listable/gone'].map((path) => lineOf(Buffer.from(path), stat)),
    );
    const directories = ['closed', 'listable', 'open'].map((path) =>
      wanted(root, path, 0, path === 'listable' ? lines.length : 0),
    );
    chmodSync(`${root}/closed`, 0o300);
    chmodSync(`${root}/listable`, 0o400);
    await asOrdinaryUser(root, () => {
      const records = scan(native, root, directories, { lines });
      const judged = directories.map((directory) => judgeScan(root, directory, lines));
      expect(Buffer.concat(records).toString('hex')).toBe(Buffer.concat(judged).toString('hex'));
      const [closed, listable, open] = records.map(unpack);
      expect(closed).toMatchObject({ outcome: 2, operation: 2, error: 13, names: [] });
      expect(open).toMatchObject({ outcome: 0, names: ['a'], gone: [] });
      // Only the type that the listing gave is known of them. No line of theirs is asked for.
      const gone = [0, lines.length];
      expect(listable).toMatchObject({
        outcome: 0,
        names: ['a', 'b', 'b.c', 'link'],
        matches: [7, 7, 7, 7],
        gone,
      });
      expect(listable?.details.map((bytes) => [bytes.readUInt32LE(0), bytes.readUInt32LE(4)])).toEqual([
        [13, 8],
        [13, 4],
        [13, 8],
        [13, 8],
      ]);
    });
  });
});
