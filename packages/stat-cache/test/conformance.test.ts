import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, open, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { CacheCodec, CacheContents, CacheStorage, FileCacheEntry } from '@muse/stat-cache';
import { codecCases, storageCases, type StorageSubject } from '@muse/stat-cache/conformance';
import { createFileStorage } from '@muse/stat-cache/file';
import { jsonV3Codec } from '@muse/stat-cache/json-v3';
import { createMemoryStorage } from '@muse/stat-cache/memory';
import { built, makeTree, removeTree } from '@muse/testkit';
import { describe, expect, it, onTestFinished } from 'vitest';
import { jsonV3With } from '../src/lib/json-v3/codec.js';
import { NOTHING } from './support/entries.js';
import { markedCodec } from './support/marked-codec.js';

type Open = (directory: string) => CacheStorage;

/** A place in a directory of its own, with all the harm that can be done to one file in it. */
async function fileSubject(open: Open): Promise<StorageSubject> {
  const root = await makeTree({});
  onTestFinished(() => removeTree(root));
  const directory = join(root, 'cache');
  const file = join(directory, 'stat.json');
  const aside = join(root, 'aside');
  return {
    open: () => Promise.resolve(open(directory)),
    breakBytes: async (change) => {
      await writeFile(file, change(await readFile(file)));
    },
    // A directory in the place of the file, and a file in the place of the directory: that stops whoever runs the tests.
    failReads: async () => {
      await mkdir(file, { recursive: true });
      return () => rm(file, { recursive: true });
    },
    failWrites: async () => {
      await rename(directory, aside);
      await writeFile(directory, '');
      return async () => {
        await rm(directory);
        await rename(aside, directory);
      };
    },
    saveElsewhere: async (path, { ctimeNs, objectId, ...stat }) => {
      const program = `
        import { createFileStorage } from ${JSON.stringify(built('@muse/stat-cache/file'))};
        const [directory, path, objectId, ...numbers] = process.argv.slice(1);
        const [size, mtimeNs, ctimeNs, ino] = numbers.map(BigInt);
        const entry = { size, mtimeNs, ctimeNs, ino, objectId, dimensions: new Map() };
        const base = { size: 0, has: () => false, get: () => undefined, entries: () => [] };
        await createFileStorage({ directory }).save({ base, put: new Map([[path, entry]]), remove: new Set() });`;
      const numbers = [stat.size, stat.mtimeNs, ctimeNs, stat.ino].map(String);
      const given = ['--input-type=module', '-e', program, directory, path, objectId, ...numbers];
      await promisify(execFile)(process.execPath, given);
    },
    takeAway: () => rm(directory, { recursive: true }),
  };
}

describe('createFileStorage conforms', () => {
  it.each(storageCases)('$name', async (each) => {
    await each.run(await fileSubject((directory) => createFileStorage({ directory })));
  });
});

describe('a file storage with a codec of somebody else conforms', () => {
  it.each(storageCases)('$name', async (each) => {
    const subject = await fileSubject((directory) => createFileStorage({ directory, codec: markedCodec }));
    await each.run({ ...subject, saveElsewhere: undefined });
  });
});

describe('a codec of somebody else that has lines conforms', () => {
  it.each(codecCases)('$name', async (each) => {
    await each.run(markedCodec);
  });
});

describe('createMemoryStorage conforms', () => {
  it.each(storageCases)('$name', async (each) => {
    const storage = createMemoryStorage();
    await each.run({ open: () => Promise.resolve({ ...storage }) });
  });
});

describe('jsonV3Codec conforms', () => {
  it.each(codecCases)('$name', async (each) => {
    await each.run(jsonV3Codec);
  });
});

describe('a codec whose checksum is computed elsewhere conforms', () => {
  const elsewhere = jsonV3With((bytes) => Promise.resolve(createHash('sha256').update(bytes).digest('hex')));
  it.each(codecCases)('$name', async (each) => {
    await each.run(elsewhere);
  });

  it('only if it is right', async () => {
    const wrong = jsonV3With(() => Promise.resolve('another'));
    const last = codecCases.find(({ name }) => name.startsWith('a check that goes on elsewhere'));
    await expect(last?.run(wrong)).rejects.toThrow('checksum');
  });
});

/** A storage in memory with one thing wrong. */
function flawed(flaw: (storage: CacheStorage) => Partial<CacheStorage>): () => StorageSubject {
  return () => {
    const storage = createMemoryStorage();
    const broken = { ...storage, ...flaw(storage) };
    return { open: () => Promise.resolve(broken) };
  };
}

function mapped(
  contents: CacheContents,
  map: (path: string, entry: FileCacheEntry) => [string, FileCacheEntry],
): CacheContents {
  const all = new Map([...contents.entries()].map(([path, entry]) => map(path, entry)));
  return { size: all.size, has: (path) => all.has(path), get: (path) => all.get(path), entries: () => all };
}

/** A flaw in what is loaded. */
function loads(map: (path: string, entry: FileCacheEntry) => [string, FileCacheEntry]): () => StorageSubject {
  return flawed((storage) => ({
    load: async (options) => {
      const result = await storage.load(options);
      return result && 'contents' in result ? { ...result, contents: mapped(result.contents, map) } : result;
    },
  }));
}

const asNumber = (value: bigint): bigint => BigInt(Number(value));

const storageFlaws: [flaw: string, subject: () => StorageSubject][] = [
  ['forgets what it saves', flawed(() => ({ save: () => Promise.resolve() }))],
  [
    'ignores what is to be removed',
    flawed((storage) => ({ save: (change) => storage.save({ ...change, remove: new Set() }) })),
  ],
  ['cuts inodes', loads((path, entry) => [path, { ...entry, ino: asNumber(entry.ino) }])],
  ['cuts mtimes', loads((path, entry) => [path, { ...entry, mtimeNs: asNumber(entry.mtimeNs) }])],
  ['forgets ctimes', loads((path, entry) => [path, { ...entry, ctimeNs: undefined }])],
  [
    'has no negative times',
    loads((path, entry) => [path, { ...entry, mtimeNs: BigInt.asUintN(64, entry.mtimeNs) }]),
  ],
  ['forgets dimensions', loads((path, entry) => [path, { ...entry, dimensions: new Map() }])],
  ['loses lone surrogates', loads((path, entry) => [Buffer.from(path).toString(), entry])],
  ['normalises', loads((path, entry) => [path.normalize('NFC'), entry])],
  ['folds case', loads((path, entry) => [path.toLowerCase(), entry])],
  [
    'rejects when others save',
    flawed((storage) => {
      let saving = 0;
      return {
        save: async (change) => {
          if (saving++ > 0 && change.put.has('a1')) throw new Error('locked');
          await storage.save(change);
        },
      };
    }),
  ],
  [
    'has a clock that goes back',
    () => {
      let ctimeNs = 100n;
      const storage = {
        ...createMemoryStorage(),
        probe: () => Promise.resolve({ ctimeNs: ctimeNs--, dev: 1n }),
      };
      return { open: () => Promise.resolve(storage) };
    },
  ],
  [
    'gives out contents that change',
    flawed((storage) => {
      let live: CacheContents = NOTHING;
      const contents: CacheContents = {
        get size() {
          return live.size;
        },
        has: (path) => live.has(path),
        get: (path) => live.get(path),
        entries: () => live.entries(),
      };
      const refresh = async () => {
        const result = await storage.load({ maxBytes: 0 });
        if (result && 'contents' in result) live = result.contents;
      };
      return {
        load: async () => (await refresh(), { contents, dropped: 0 }),
        save: async (change) => {
          await storage.save(change);
          await refresh();
        },
      };
    }),
  ],
];

/** Storages of one file that do what no storage may. */
const fileFlaws: [flaw: string, failing: string, open: Open][] = [
  [
    'writes in place',
    'a load at the same time as saves sees one complete state',
    (directory) => ({
      ...createFileStorage({ directory }),
      save: async (change) => {
        await mkdir(directory, { recursive: true });
        const handle = await open(join(directory, 'stat.json'), 'w');
        try {
          for (const piece of jsonV3Codec.encode(change)) await handle.write(piece);
        } finally {
          await handle.close();
        }
      },
    }),
  ],
  [
    'swallows a write error',
    'a write that fails rejects, and leaves what was stored',
    (directory) => {
      const storage = createFileStorage({ directory });
      return { ...storage, save: (change) => storage.save(change).catch(() => undefined) };
    },
  ],
  [
    'calls a read error nothing stored',
    'a read that fails is a reason, and not the same as nothing stored',
    (directory) => {
      const storage = createFileStorage({ directory });
      return {
        ...storage,
        load: async (options) => {
          const loaded = await storage.load(options);
          return loaded && 'discarded' in loaded && loaded.discarded === 'unreadable' ? undefined : loaded;
        },
      };
    },
  ],
];

describe('storageCases, with what they need to do harm', () => {
  it.each(fileFlaws)('find a storage that %s', async (_flaw, failing, flawed) => {
    const each = storageCases.find(({ name }) => name === failing);
    await expect(each?.run(await fileSubject(flawed))).rejects.toThrow();
    await each?.run(await fileSubject((directory) => createFileStorage({ directory })));
  });
});

describe('storageCases', () => {
  it.each(storageFlaws)('find a storage that %s', async (_, subject) => {
    expect(await failures(storageCases, subject)).not.toEqual([]);
  });
});

const codecFlaws: [flaw: string, codec: CacheCodec][] = [
  [
    'throws at garbage',
    {
      ...jsonV3Codec,
      decode: (bytes) => (JSON.parse(Buffer.from(bytes).toString()), jsonV3Codec.decode(bytes)),
    },
  ],
  [
    'knows no checksum',
    {
      ...jsonV3Codec,
      decode: (bytes) =>
        jsonV3Codec.decode(
          Buffer.from(
            Buffer.from(bytes)
              .toString('latin1')
              .replace(/,"checksum":"[^"]*"/, ''),
            'latin1',
          ),
        ),
    },
  ],
  [
    'takes damage for nothing',
    {
      ...jsonV3Codec,
      decode: (bytes) => {
        const result = jsonV3Codec.decode(bytes);
        return 'discarded' in result ? { contents: NOTHING, dropped: 0 } : result;
      },
    },
  ],
  [
    'forgets its base',
    { ...jsonV3Codec, encode: (change) => jsonV3Codec.encode({ ...change, base: NOTHING }) },
  ],
  [
    'ignores what is to be removed',
    { ...jsonV3Codec, encode: (change) => jsonV3Codec.encode({ ...change, remove: new Set() }) },
  ],
  [
    'uses one memory for all pieces',
    {
      ...jsonV3Codec,
      *encode(change) {
        const memory = Buffer.alloc(1_000_000);
        for (const piece of jsonV3Codec.encode(change)) {
          memory.set(piece);
          yield memory.subarray(0, piece.length);
        }
      },
    },
  ],
  [
    'looks at the whole of the memory',
    { ...jsonV3Codec, decode: (bytes) => jsonV3Codec.decode(Buffer.from(bytes.buffer)) },
  ],
];

describe('codecCases', () => {
  it.each(codecFlaws)('find a codec that %s', async (_, codec) => {
    expect(await failures(codecCases, () => codec)).not.toEqual([]);
  });
});

/** The names of the cases that fail, the big ones left out. */
async function failures<T>(
  cases: readonly { readonly name: string; run(subject: T): Promise<void> }[],
  subject: () => T,
): Promise<string[]> {
  const small = cases.filter(({ name }) => !name.startsWith('20,000'));
  const results = await Promise.allSettled(small.map((each) => each.run(subject())));
  return small.filter((_, at) => results[at]?.status === 'rejected').map(({ name }) => name);
}
