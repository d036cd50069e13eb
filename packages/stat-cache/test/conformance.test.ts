import { join } from 'node:path';
import type { CacheCodec, CacheContents, CacheStorage, FileCacheEntry } from '@muse/stat-cache';
import { codecCases, storageCases, type StorageSubject } from '@muse/stat-cache/conformance';
import { createFileStorage } from '@muse/stat-cache/file';
import { jsonV3Codec } from '@muse/stat-cache/json-v3';
import { createMemoryStorage } from '@muse/stat-cache/memory';
import { makeTree, removeTree } from '@muse/testkit';
import { describe, expect, it, onTestFinished } from 'vitest';
import { NOTHING } from './support/entries.js';

describe('createFileStorage conforms', () => {
  it.each(storageCases)('$name', async (each) => {
    const root = await makeTree({});
    onTestFinished(() => removeTree(root));
    const open = () => Promise.resolve(createFileStorage({ directory: join(root, 'cache') }));
    await each.run({ open });
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
    'puts each save on top of what it loaded, whatever was saved since',
    () => {
      const memory = createMemoryStorage();
      const open = (): CacheStorage => {
        let loaded: CacheContents = NOTHING;
        return {
          load: async (options) => {
            const result = await memory.load(options);
            if (result && 'contents' in result) loaded = result.contents;
            return result;
          },
          save: async ({ put, remove }) => {
            const all = new Map([...loaded.entries()].filter(([path]) => !remove.has(path)).concat([...put]));
            const result = await memory.load({ maxBytes: Infinity });
            const held = result && 'contents' in result ? result.contents : NOTHING;
            const gone = [...held.entries()].map(([path]) => path).filter((path) => !all.has(path));
            await memory.save({ base: held, put: all, remove: new Set(gone) });
          },
        };
      };
      return { open: () => Promise.resolve(open()) };
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
