import { createHash } from 'node:crypto';
import {
  appendFileSync,
  lstatSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { execFileSync } from 'node:child_process';
import { makeTree, tempDir } from '@muse/testkit';
import { describe, expect, it } from 'vitest';
import { hashOne } from './support/hashing.js';
import { hasNative, openBelow, scan, stepping, unpack, wanted, withSteps } from './support/engine.js';

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

/** A tree `in` beside one `out` of the same names, in which every name and every content is a secret. */
async function insideAndOutside() {
  const place = tempDir();
  await makeTree(
    { 'in/p/d': { file: 'inside', sub: {} }, 'out/d': { file: 'secret', 'secret.txt': 'secret', sub: {} } },
    place.path,
  );
  return {
    ...place,
    root: `${place.path}/in`,
    out: `${place.path}/out`,
    [Symbol.asyncDispose]: () => place.remove(),
  };
}

const swaps: [
  name: string,
  swap: (place: { root: string; out: string }) => void,
  back: (place: { root: string }) => void,
][] = [
  [
    'the directory',
    ({ root, out }) => {
      renameSync(`${root}/p/d`, `${root}/old`);
      symlinkSync(`${out}/d`, `${root}/p/d`);
    },
    ({ root }) => {
      unlinkSync(`${root}/p/d`);
      renameSync(`${root}/old`, `${root}/p/d`);
    },
  ],
  [
    'its parent',
    ({ root, out }) => {
      renameSync(`${root}/p`, `${root}/old`);
      symlinkSync(out, `${root}/p`);
    },
    ({ root }) => {
      unlinkSync(`${root}/p`);
      renameSync(`${root}/old`, `${root}/p`);
    },
  ],
];

describe.skipIf(!hasNative)('scan() between its system calls', () => {
  it('stops before each of them', async () => {
    await using place = await insideAndOutside();
    const calls: string[] = [];
    withSteps(
      (_, call) => calls.push(call),
      () => scan(stepping, place.root, [wanted(place.root, 'p/d')]),
    );
    expect(calls).toEqual([
      'openat',
      'statx',
      'getdents64',
      'getdents64',
      'statx',
      'statx',
      'statx',
      'close',
    ]);
  });

  it.each(swaps)('never lists what is outside when %s becomes a link', async (_, swap, back) => {
    for (let at = 1, last = false; !last; at++) {
      for (let until = at + 1; ; until++) {
        await using place = await insideAndOutside();
        const directory = wanted(place.root, 'p/d');
        let [swapped, restored] = [false, false];
        const [record] = withSteps(
          (count) => {
            if (count === at) {
              swap(place);
              swapped = true;
            }
            if (count === until) {
              back(place);
              restored = true;
            }
          },
          () => scan(stepping, place.root, [directory]),
        );
        const { names, outcome } = unpack(record);
        expect(names).not.toContain('secret.txt');
        if (outcome === 0) expect(names).toEqual(['file', 'sub']);
        // The end of the call is after the last look at the path: all is as if the swap came later.
        if (swapped && !restored && at < 8) expect(outcome).toBe(1);
        last = !swapped;
        if (!restored) break;
      }
    }
  });

  it('leaves out what is gone, and lists what it became', async () => {
    await using place = await insideAndOutside();
    const run = (edit: () => void) =>
      unpack(
        withSteps(
          (count) => {
            if (count === 5) edit();
          },
          () => scan(stepping, place.root, [wanted(place.root, 'p/d')]),
        )[0],
      );
    const d = `${place.root}/p/d`;
    const replace = (make: () => void) => () => {
      unlinkSync(`${d}/file`);
      make();
    };
    const again = () => {
      rmSync(`${d}/file`, { recursive: true, force: true });
      writeFileSync(`${d}/file`, '');
    };
    expect(run(replace(() => undefined)).names).toEqual(['sub']);
    again();
    const link = replace(() => {
      symlinkSync('/etc/passwd', `${d}/file`);
    });
    expect(run(link).skipped).toEqual([1, 0, 0, 0, 0, 0]);
    again();
    const directory = replace(() => {
      mkdirSync(`${d}/file`);
    });
    expect(run(directory).matches).toEqual([6, 6]);
    const remove = () => {
      rmSync(d, { recursive: true });
    };
    expect(run(remove).outcome).toBe(1);
  });

  it.each([
    ['stays', false],
    ['is gone once more', true],
  ])('looks again for a name that was gone and is listed again, and %s', async (_, again) => {
    await using place = await insideAndOutside();
    const file = `${place.root}/p/d/file`;
    let back = false;
    const [record] = withSteps(
      (count, call) => {
        if (count === 5 || (back && again && call === 'statx')) rmSync(file, { force: true });
        if (call === 'lseek') {
          writeFileSync(file, '');
          back = true;
        }
      },
      () => scan(stepping, place.root, [wanted(place.root, 'p/d')]),
    );
    const { names, matches, details } = unpack(record);
    expect([names, matches]).toEqual([
      ['file', 'sub'],
      [again ? 7 : 0, 6],
    ]);
    if (again) expect([details[0]?.readUInt32LE(0), details[0]?.readUInt32LE(4)]).toEqual([2, 8]);
  });

  it('throws what a step throws, and closes what it opened', async () => {
    await using place = await insideAndOutside();
    for (let at = 1; at <= 8; at++) {
      const run = () => scan(stepping, place.root, [wanted(place.root, 'p/d')]);
      expect(() =>
        withSteps((count) => {
          if (count === at) throw new Error(`at ${at}`);
        }, run),
      ).toThrow(`at ${at}`);
    }
    expect(openBelow(place.root)).toEqual([]);
  });
});

type Edit = (place: { root: string; out: string }) => void;

function replaced(make: (place: { root: string; out: string }, file: string) => void): Edit {
  return (place) => {
    const file = `${place.root}/p/d/file`;
    unlinkSync(file);
    make(place, file);
  };
}

describe.skipIf(!hasNative)('hash() between its system calls', () => {
  const edits: [name: string, edit: Edit][] = [
    ...swaps.map(([name, swap]): [string, Edit] => [name, swap]),
    [
      'a link',
      replaced(({ out }, file) => {
        symlinkSync(`${out}/d/file`, file);
      }),
    ],
    [
      'another file',
      replaced(({ out }, file) => {
        renameSync(`${out}/d/file`, file);
      }),
    ],
    [
      'a FIFO',
      replaced((_, file) => {
        execFileSync('mkfifo', [file]);
      }),
    ],
    [
      'a directory',
      replaced((_, file) => {
        mkdirSync(file);
      }),
    ],
    [
      'nothing',
      ({ root }) => {
        rmSync(`${root}/p`, { recursive: true });
      },
    ],
    [
      'longer',
      ({ root }) => {
        appendFileSync(`${root}/p/d/file`, ' and more');
      },
    ],
  ];

  it.each(edits)('never hashes what is outside when it becomes %s', async (name, edit) => {
    const outcomes = new Set<number>();
    for (let at = 1, edited = true; edited; at++) {
      await using place = await insideAndOutside();
      const listed = {
        directory: wanted(place.root, 'p/d'),
        file: lstatSync(`${place.root}/p/d/file`, { bigint: true }),
      };
      edited = false;
      const record = withSteps(
        (count) => {
          if (count !== at) return;
          edit(place);
          edited = true;
        },
        () => hashOne(stepping, place.root, listed, 'file'),
      );
      outcomes.add(record.outcome);
      expect(record.digest).not.toBe(sha256('secret'));
      if (record.outcome !== 0) expect(record.digest).toBe('0'.repeat(64));
      // Content that moved under the read shows in the stats before and after: whoever called compares them.
      else if (record.before.equals(record.after)) {
        expect([sha256('inside'), sha256('inside and more')]).toContain(record.digest);
      }
    }
    const expected: Record<string, number[]> = {
      'the directory': [0, 1],
      'its parent': [0, 1],
      'a link': [0, 2],
      'another file': [0, 1],
      'a FIFO': [0, 2],
      'a directory': [0, 2],
      nothing: [0, 1],
      longer: [0],
    };
    // What is made in the place of a file may get its inode.
    const ends = new Set([...outcomes].map((it) => (it === 1 && expected[name]?.includes(2) ? 2 : it)));
    expect([...ends].sort()).toEqual(expected[name]);
  });

  it('stops reading a file that grows as fast as it is read', async () => {
    await using place = await insideAndOutside();
    const path = `${place.root}/p/d/file`;
    const listed = { directory: wanted(place.root, 'p/d'), file: lstatSync(path, { bigint: true }) };
    let reads = 0;
    const record = withSteps(
      (_, call) => {
        if (call === 'read' && ++reads < 9) appendFileSync(path, ' and more');
      },
      () => hashOne(stepping, place.root, listed, 'file'),
    );
    expect(reads).toBe(1);
    expect(record).toMatchObject({ outcome: 0, digest: '0'.repeat(64) });
    expect(record.before.equals(record.after)).toBe(false);
  });
});
