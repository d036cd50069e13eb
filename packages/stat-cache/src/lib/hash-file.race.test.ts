import { describe, expect, it } from 'vitest';
import { FakeFiles, type Kind, type Step } from '../../test/support/fake-files.js';
import {
  blobId,
  hashFileSync,
  hashFileWith,
  MovedFileError,
  NotRegularFileError,
  TornFileError,
  type HashOptions,
  type HashedFile,
} from './hash-file.js';

/** Every race must come out the same for the calls that block and for those that do not. */
describe.each(['sync', 'async'] as const)('hashing with %s calls', (kind) => {
  /** Hashes, and checks whatever happened that each descriptor was closed once. */
  async function hash(files: FakeFiles, options: HashOptions = {}): Promise<HashedFile> {
    try {
      const calls = files.calls(kind);
      return kind === 'sync' ? hashFileSync('/f', options, calls) : await hashFileWith(calls, '/f', options);
    } finally {
      expect([...files.opened.keys()], 'descriptors left open').toEqual([]);
    }
  }

  const small: HashOptions = { buffer: new Uint8Array(4) };

  it('takes identity, stat, bytes and stat, in this order, with one read for a small file', async () => {
    const files = new FakeFiles('12345');
    const { objectId, bytes, stat } = await hash(files);
    expect(files.log).toEqual(['lstat 1', 'open 1', 'fstat 1', 'read 1', 'fstat 2', 'close 1']);
    expect(objectId).toBe(blobId(Buffer.from('12345')));
    expect(bytes).toBe(5);
    expect(stat).toMatchObject({ size: 5n, ino: files.inode?.ino, ctimeNs: files.inode?.ctimeNs });
  });

  it('asks for no lstat where the file was listed', async () => {
    const files = new FakeFiles('12345');
    await hash(files, { listed: { dev: 1n, ino: files.inode?.ino ?? 0n } });
    expect(files.log).not.toContain('lstat 1');
  });

  it.each<[what: string, step: Step, act: (files: FakeFiles) => void]>([
    [
      'grows before the read',
      'read 1',
      (files) => {
        files.write('AAAAAAAA+');
      },
    ],
    [
      'grows between two reads',
      'read 2',
      (files) => {
        files.write('AAAAAAAA+');
      },
    ],
    [
      'grows after the last read',
      'fstat 2',
      (files) => {
        files.write('AAAAAAAA+');
      },
    ],
    [
      'shrinks before the read',
      'read 1',
      (files) => {
        files.write('A');
      },
    ],
    [
      'shrinks between two reads',
      'read 2',
      (files) => {
        files.write('AAAA');
      },
    ],
    [
      'is emptied',
      'read 2',
      (files) => {
        files.write('');
      },
    ],
    [
      'is rewritten at the same size',
      'read 2',
      (files) => {
        files.write('BBBBBBBB');
      },
    ],
    [
      'changes in ctime alone',
      'fstat 2',
      (files) => {
        files.change({ ctimeNs: files.tick() });
      },
    ],
    [
      'changes in mtime alone',
      'fstat 2',
      (files) => {
        files.change({ mtimeNs: files.tick() });
      },
    ],
    [
      'changes in size alone',
      'fstat 2',
      (files) => {
        files.change({ claims: 9 });
      },
    ],
    [
      'changes in device',
      'fstat 2',
      (files) => {
        files.change({ dev: 2n });
      },
    ],
    [
      'changes in inode',
      'fstat 2',
      (files) => {
        files.change({ ino: 999n });
      },
    ],
  ])('tries again when the file %s', async (_, step, act) => {
    const files = new FakeFiles('AAAAAAAA', { [step]: act });
    const { objectId, stat, bytes } = await hash(files, small);
    expect(files.log.filter((call) => call.startsWith('open'))).toHaveLength(2);
    expect(objectId).toBe(blobId(files.inode?.data ?? Buffer.of()));
    expect(stat).toMatchObject({ ctimeNs: files.inode?.ctimeNs, mtimeNs: files.inode?.mtimeNs });
    expect(bytes).toBe(files.inode?.data.length);
  });

  it('gives the file up as torn after three tries', async () => {
    const write = (files: FakeFiles) => {
      files.write(String(files.tick()));
    };
    const files = new FakeFiles('1', { 'fstat 2': write, 'fstat 4': write, 'fstat 6': write });
    const error = await hash(files).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(TornFileError);
    expect(error).toMatchObject({
      code: 'ETORN',
      path: '/f',
      message: 'Cannot hash "/f": it changed each of the 3 times it was read',
    });
    expect(files.log.filter((call) => call.startsWith('open'))).toHaveLength(3);
  });

  it('succeeds at the third try', async () => {
    const write = (files: FakeFiles) => {
      files.write('later');
    };
    const files = new FakeFiles('first', { 'fstat 2': write, 'fstat 4': write });
    expect((await hash(files)).objectId).toBe(blobId(Buffer.from('later')));
  });

  it('stops reading a file that grows without end', async () => {
    const grow = (files: FakeFiles) => {
      files.write('x'.repeat(1000));
    };
    const files = new FakeFiles('1', { 'read 1': grow }, {}, 4);
    await hash(files, small);
    const firstTry = files.log.slice(0, files.log.indexOf('open 2'));
    expect(firstTry.filter((call) => call.startsWith('read'))).toHaveLength(1);
  });

  it.each<[kind: Kind, what: string]>([
    ['directory', 'directory'],
    ['link', 'symbolic link'],
    ['fifo', 'FIFO'],
    ['socket', 'socket'],
    ['device', 'device'],
  ])('refuses a %s without opening it', async (kindOfFile, what) => {
    const files = new FakeFiles('');
    files.replace(kindOfFile);
    const error = await hash(files).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(NotRegularFileError);
    expect(error).toMatchObject({
      code: 'ENOTREG',
      message: `Cannot hash "/f": it is a ${what}, not a regular file`,
    });
    expect(files.log).toEqual(['lstat 1']);
  });

  const intruders: Kind[] = ['directory', 'link', 'fifo', 'socket', 'device'];

  it.each(intruders)('refuses a %s that takes the place before open', async (intruder) => {
    const files = new FakeFiles('x', {
      'open 1': (now) => {
        now.replace(intruder);
      },
    });
    await expect(hash(files)).rejects.toThrow(NotRegularFileError);
    expect(files.log).not.toContain('read 1');
  });

  it.each(intruders)('refuses a %s in the place of a listed file', async (intruder) => {
    const files = new FakeFiles('x');
    const listed = { dev: 1n, ino: files.inode?.ino ?? 0n };
    files.replace(intruder);
    const opens = intruder !== 'link' && intruder !== 'socket';
    await expect(hash(files, { listed })).rejects.toThrow(opens ? MovedFileError : NotRegularFileError);
    expect(files.log).not.toContain('read 1');
  });

  it('refuses a FIFO that got the inode number of the listed file', async () => {
    const files = new FakeFiles('x');
    const listed = { dev: 1n, ino: files.inode?.ino ?? 0n };
    files.change({ kind: 'fifo' });
    await expect(hash(files, { listed })).rejects.toThrow(NotRegularFileError);
  });

  it('starts over when another file takes the place before open', async () => {
    const files = new FakeFiles('old', {
      'open 1': (now) => {
        now.replace('file', 'new');
      },
    });
    const { objectId, stat } = await hash(files);
    expect(objectId).toBe(blobId(Buffer.from('new')));
    expect(stat.ino).toBe(files.inode?.ino);
  });

  it('starts over when a link takes the place and a file takes it back', async () => {
    const files = new FakeFiles('old', {
      'open 1': (now) => {
        now.replace('link');
      },
      'lstat 2': (now) => {
        now.replace('file', 'new');
      },
    });
    expect((await hash(files)).objectId).toBe(blobId(Buffer.from('new')));
  });

  it('hashes the file that was opened when its name is taken later', async () => {
    const files = new FakeFiles('old', {
      'fstat 1': (now) => {
        now.replace('file', 'new');
      },
    });
    expect((await hash(files)).objectId).toBe(blobId(Buffer.from('old')));
  });

  it.each([
    { dev: 1n, ino: 77n },
    { dev: 2n, ino: 10n },
  ])('refuses any inode but the listed %o', async (listed) => {
    const files = new FakeFiles('x');
    const error = await hash(files, { listed }).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(MovedFileError);
    expect(error).toMatchObject({
      code: 'EMOVED',
      message: 'Cannot hash "/f": another file has taken its place since it was listed',
    });
    expect(files.log).not.toContain('read 1');
  });

  it('takes a whole stat as what was listed, and refuses one of a directory', async () => {
    const files = new FakeFiles('x');
    const listed = await files.calls(kind).lstat('/f');
    expect((await hash(files, { listed })).bytes).toBe(1);
    files.change({ kind: 'directory' });
    const directory = await files.calls(kind).lstat('/f');
    await expect(hash(files, { listed: directory })).rejects.toThrow(NotRegularFileError);
  });

  const steps: Step[] = ['lstat 1', 'open 1', 'fstat 1', 'read 1', 'read 2', 'fstat 2', 'close 1'];

  it.each(
    steps.flatMap((step) => ['EIO', 'EACCES', 'EMFILE', 'ENOENT'].map((code) => [step, code] as const)),
  )('passes on what the system says at %s: %s', async (step, code) => {
    const files = new FakeFiles('12345678', {}, { [step]: code });
    await expect(hash(files, small)).rejects.toMatchObject({ code });
  });

  it('passes on the error of the lstat that should tell what stands in the way', async () => {
    const files = new FakeFiles(
      'x',
      {
        'open 1': (now) => {
          now.replace('link');
        },
      },
      { 'lstat 2': 'ENOENT' },
    );
    await expect(hash(files)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('reads to the end of a file that says it is empty, in few reads, and gives the bytes it read', async () => {
    const text = 'procfs '.repeat(500);
    const files = new FakeFiles(text);
    files.change({ claims: 0 });
    const { objectId, stat, bytes } = await hash(files);
    expect(objectId).toBe(blobId(Buffer.from(text)));
    expect(bytes).toBe(text.length);
    expect(stat.size).toBe(0n);
    expect(files.log.filter((call) => call.startsWith('read')).length).toBeLessThanOrEqual(2);
  });

  it.each([3, 4096])('reads to the end of a file that says it has %i bytes', async (claims) => {
    const files = new FakeFiles('more or less');
    files.change({ claims });
    for (const options of [{}, small]) {
      const { objectId, bytes } = await hash(files, options);
      expect(objectId).toBe(blobId(Buffer.from('more or less')));
      expect(bytes).toBe(12);
    }
  });

  it('reads on after a read that gave less than was asked for', async () => {
    const files = new FakeFiles('0123456789', {}, {}, 3);
    expect((await hash(files)).objectId).toBe(blobId(Buffer.from('0123456789')));
  });

  it.each([1, 4, 8, 9, 64])('hashes through a buffer of %i bytes', async (length) => {
    const files = new FakeFiles('12345678');
    const { objectId, bytes } = await hash(files, { buffer: new Uint8Array(length) });
    expect(objectId).toBe(blobId(Buffer.from('12345678')));
    expect(bytes).toBe(8);
  });

  it('refuses a buffer without room, in which every file would look empty', async () => {
    const files = new FakeFiles('12345678');
    await expect(hash(files, { buffer: new Uint8Array(0) })).rejects.toThrow(RangeError);
    expect(files.log).toEqual([]);
  });

  it('ends between two chunks when it is aborted', async () => {
    const reason = new Error('enough');
    const controller = new AbortController();
    const files = new FakeFiles('12345678', {
      'read 2': () => {
        controller.abort(reason);
      },
    });
    await expect(hash(files, { ...small, signal: controller.signal })).rejects.toBe(reason);
    expect(files.log.filter((call) => call.startsWith('read'))).toEqual(['read 1', 'read 2']);
  });

  it('calls nothing when it is aborted already, and no further try after', async () => {
    const aborted = AbortSignal.abort(new Error('enough'));
    const files = new FakeFiles('x');
    await expect(hash(files, { signal: aborted })).rejects.toThrow('enough');
    expect(files.log).toEqual([]);

    const controller = new AbortController();
    const torn = new FakeFiles('x', {
      'fstat 2': (now) => {
        now.write('y');
        controller.abort(new Error('enough'));
      },
    });
    await expect(hash(torn, { signal: controller.signal })).rejects.toThrow('enough');
    expect(torn.log).not.toContain('open 2');
  });
});
