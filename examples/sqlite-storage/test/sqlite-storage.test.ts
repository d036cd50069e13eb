import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createSqliteStorage } from '@muse/example-sqlite-storage';
import { treePathFromBytes } from '@muse/paths';
import { createSnapshot } from '@muse/snapshot';
import {
  blobId,
  MAX_CACHE_BYTES,
  StatCache,
  type CacheContents,
  type CacheStorage,
  type FileCacheEntry,
} from '@muse/stat-cache';
import { hostileNames, makeTree, removeTree, seededRandom, tempDir } from '@muse/testkit';
import initSqlJs from 'sql.js';
import { describe, expect, it, onTestFinished } from 'vitest';

const NOTHING: CacheContents = { size: 0, has: () => false, get: () => undefined, entries: () => [] };

function databaseFile(): string {
  const directory = tempDir();
  onTestFinished(() => directory.remove());
  return join(directory.path, 'cache.sqlite');
}

function entry(given: Partial<FileCacheEntry> = {}): FileCacheEntry {
  return {
    size: 5n,
    mtimeNs: 1_700_000_000_123_456_789n,
    ctimeNs: 1_700_000_000_987_654_321n,
    ino: 131n,
    objectId: blobId(Buffer.from('hello')),
    dimensions: new Map(),
    ...given,
  };
}

function put(
  storage: CacheStorage,
  entries: Iterable<readonly [string, FileCacheEntry]>,
  remove: string[] = [],
) {
  return storage.save({ base: NOTHING, put: new Map(entries), remove: new Set(remove) });
}

async function load(storage: CacheStorage): Promise<Map<string, FileCacheEntry>> {
  const loaded = await storage.load({ maxBytes: MAX_CACHE_BYTES });
  if (!loaded || 'discarded' in loaded) throw new Error(`No contents: ${JSON.stringify(loaded)}`);
  return new Map(loaded.contents.entries());
}

/** What a load of these bytes gives, in a file of their own. */
async function loadBytes(file: string, bytes: Uint8Array) {
  writeFileSync(file, bytes);
  return (await createSqliteStorage(file)).load({ maxBytes: MAX_CACHE_BYTES });
}

describe('createSqliteStorage()', () => {
  it('gives nothing where nothing was saved, and makes no file', async () => {
    const file = databaseFile();
    expect(await (await createSqliteStorage(file)).load({ maxBytes: MAX_CACHE_BYTES })).toBeUndefined();
    expect(existsSync(file)).toBe(false);
  });

  it('keeps every path and every value as it is', async () => {
    const file = databaseFile();
    const paths = hostileNames.map((name) => treePathFromBytes(name)).filter((path) => path !== '.git\n');
    const dimensions = new Map([
      ['__proto__', ''],
      ['nul \0 in it', '\ud800 alone, "quoted"'],
      ['10', '9'],
    ]);
    const extremes = [
      entry({ dimensions }),
      entry({ ino: 2n ** 64n - 1n, size: 2n ** 63n }),
      entry({ mtimeNs: -1n, ctimeNs: 15_032_385_535_999_999_999n }),
    ];
    const entries = new Map(paths.map((path, index) => [path, extremes[index % 3] ?? entry()]));
    await put(await createSqliteStorage(file), entries);
    const loaded = await load(await createSqliteStorage(file));
    expect(loaded.size).toBe(entries.size);
    for (const [path, value] of entries) expect([path, loaded.get(path)]).toEqual([path, value]);
  });

  it('puts a change into what the database holds by then', async () => {
    const file = databaseFile();
    await put(await createSqliteStorage(file), [
      ['kept', entry()],
      ['changed', entry()],
      ['removed', entry()],
    ]);
    const [one, two] = [await createSqliteStorage(file), await createSqliteStorage(file)];
    await Promise.all([load(one), load(two)]);
    await put(one, [['changed', entry({ size: 6n })]], ['removed', 'never there', '\ud800']);
    await put(two, [['added', entry()]]);
    expect(await load(one)).toEqual(
      new Map([
        ['added', entry()],
        ['changed', entry({ size: 6n })],
        ['kept', entry()],
      ]),
    );
  });

  it('keeps the rows of saves that were started together', async () => {
    const storage = await createSqliteStorage(databaseFile());
    await Promise.all([
      put(storage, [['a', entry()]]),
      put(storage, [['b', entry()]]),
      put(storage, [], ['a']),
    ]);
    expect([...(await load(storage)).keys()]).toEqual(['b']);
  });

  it('saves the whole change or none of it', async () => {
    const file = databaseFile();
    const storage = await createSqliteStorage(file);
    await put(storage, [['a', entry()]]);
    const before = readFileSync(file);
    const change = {
      base: NOTHING,
      put: new Map([
        ['a', entry({ size: 6n })],
        ['../b', entry()],
      ]),
      remove: new Set<string>(),
    };
    await expect(storage.save(change)).rejects.toThrow('../b');
    change.put.delete('../b');
    await expect(storage.save(change, { maxBytes: before.length - 1 })).rejects.toThrow(
      `more than ${String(before.length - 1)} bytes`,
    );
    expect(readFileSync(file)).toEqual(before);
    expect(readdirSync(join(file, '..'))).toEqual(['cache.sqlite']);
    await storage.save(change, { maxBytes: before.length });
    expect((await load(storage)).get('a')?.size).toBe(6n);
  });

  it('adds up the saves after one load, also where the database is gone in between', async () => {
    const file = databaseFile();
    const storage = await createSqliteStorage(file);
    await put(storage, [['a', entry()]]);
    const base = { ...NOTHING, entries: () => new Map([['a', entry()]]) };
    for (const path of ['b', 'c', 'd']) {
      if (path === 'c') rmSync(file);
      await storage.save({
        base,
        put: new Map([[path, entry()]]),
        remove: new Set(path === 'd' ? ['a'] : []),
      });
    }
    expect([...(await load(storage)).keys()]).toEqual(['c', 'd']);
  });

  it('begins again with all that was loaded where the database is gone', async () => {
    const file = databaseFile();
    const storage = await createSqliteStorage(file);
    const contents = { ...NOTHING, entries: () => new Map([['loaded', entry()]]) };
    await storage.save({ base: contents, put: new Map([['new', entry()]]), remove: new Set() });
    expect([...(await load(storage)).keys()]).toEqual(['loaded', 'new']);
  });

  it('gives the space of removed rows back', async () => {
    const file = databaseFile();
    const storage = await createSqliteStorage(file);
    const paths = Array.from({ length: 2000 }, (_, index) => `file-${String(index)}`);
    await put(storage, []);
    const empty = readFileSync(file).length;
    await put(storage, new Map(paths.map((path) => [path, entry()])));
    expect(readFileSync(file).length).toBeGreaterThan(100 * 1024);
    await put(storage, [], paths);
    expect(readFileSync(file).length).toBeLessThanOrEqual(2 * empty);
  });
});

describe('a damaged database', () => {
  async function stored() {
    const file = databaseFile();
    const entries = new Map<string, FileCacheEntry>();
    for (let index = 0; index < 300; index++) {
      const path = `src/${String(index)}.c`;
      entries.set(path, entry({ ino: BigInt(index), objectId: blobId(Buffer.from(path)) }));
    }
    await put(await createSqliteStorage(file), entries);
    return { file, entries, bytes: readFileSync(file) };
  }

  it('never gives an entry that was not stored, and takes the next save, whatever bit flips', async () => {
    const { file, entries, bytes } = await stored();
    const random = seededRandom(1);
    for (let round = 0; round < 60; round++) {
      const damaged = Buffer.from(bytes);
      const at = Math.floor(random() * bytes.length);
      damaged[at] = (damaged[at] ?? 0) ^ (1 << Math.floor(random() * 8));
      const loaded = await loadBytes(file, damaged);
      if (loaded && 'contents' in loaded) {
        for (const [path, value] of loaded.contents.entries()) {
          expect([at, path, value]).toEqual([at, path, entries.get(path)]);
        }
      }
      // Only where the header names another program is the file not ours to replace.
      if (at < 16 || (at >= 68 && at < 72)) continue;
      const storage = await createSqliteStorage(file);
      await storage.load({ maxBytes: MAX_CACHE_BYTES });
      await put(storage, [['src/0.c', entry({ size: BigInt(round) })]]);
      expect((await load(storage)).get('src/0.c')?.size).toBe(BigInt(round));
    }
  });

  it('never gives an entry that was not stored, wherever it is cut off', async () => {
    const { file, entries, bytes } = await stored();
    for (let length = 1; length < bytes.length; length += 1009) {
      const loaded = await loadBytes(file, bytes.subarray(0, length));
      if (!loaded || 'discarded' in loaded) continue;
      for (const [path, value] of loaded.contents.entries()) expect(value).toEqual(entries.get(path));
    }
  });

  it('drops the one bad row, and the next save removes it', async () => {
    const { file, bytes } = await stored();
    const sql = await initSqlJs();
    const database = new sql.Database(bytes);
    database.run('UPDATE entry SET object_id = ? WHERE path = ?', [
      blobId(Buffer.from('another')),
      Buffer.from('src/7.c'),
    ]);
    writeFileSync(file, database.export());
    database.close();
    const storage = await createSqliteStorage(file);
    const loaded = await storage.load({ maxBytes: MAX_CACHE_BYTES });
    if (!loaded || 'discarded' in loaded) throw new Error('No contents');
    expect(loaded).toMatchObject({ dropped: 1, contents: { size: 299 } });
    await storage.save({ base: loaded.contents, put: new Map(), remove: new Set() });
    expect(await storage.load({ maxBytes: MAX_CACHE_BYTES })).toMatchObject({
      dropped: 0,
      contents: { size: 299 },
    });
  });

  it('is of another version', async () => {
    const { file, bytes } = await stored();
    const sql = await initSqlJs();
    const database = new sql.Database(bytes);
    database.run('PRAGMA user_version = 2');
    expect(await loadBytes(file, database.export())).toMatchObject({ discarded: 'version' });
    database.close();
  });

  it('has no table', async () => {
    const { file, bytes } = await stored();
    const sql = await initSqlJs();
    const database = new sql.Database(bytes);
    database.run('DROP TABLE entry');
    expect(await loadBytes(file, database.export())).toMatchObject({ discarded: 'shape' });
    database.close();
    await put(await createSqliteStorage(file), [['a', entry()]]);
    expect([...(await load(await createSqliteStorage(file))).keys()]).toEqual(['a']);
  });

  it('is larger than allowed', async () => {
    const { file, bytes } = await stored();
    const storage = await createSqliteStorage(file);
    expect(await storage.load({ maxBytes: bytes.length })).toHaveProperty('contents');
    expect(await storage.load({ maxBytes: bytes.length - 1 })).toMatchObject({ discarded: 'too-large' });
  });
});

describe('a database that others use', () => {
  /** A database of ours with one entry, after these statements of another program. */
  async function altered(statements: string) {
    const file = databaseFile();
    await put(await createSqliteStorage(file), [['a', entry()]]);
    const sql = await initSqlJs();
    const database = new sql.Database(readFileSync(file));
    database.exec(statements);
    const bytes = Buffer.from(database.export());
    database.close();
    return { file, bytes };
  }

  it('is new where the file is empty', async () => {
    const file = databaseFile();
    expect(await loadBytes(file, Buffer.alloc(0))).toMatchObject({ contents: { size: 0 }, dropped: 0 });
    await put(await createSqliteStorage(file), [['a', entry()]]);
    expect([...(await load(await createSqliteStorage(file))).keys()]).toEqual(['a']);
  });

  it.each([
    ['text', '{"version":3}'],
    ['a line feed', '\n'],
    ['a long text', 'x'.repeat(20_000)],
    ['the first words of a database', 'SQLite format 3\0'],
  ])('is left alone where it is %s', async (_what, text) => {
    const file = databaseFile();
    expect(await loadBytes(file, Buffer.from(text))).toMatchObject({ discarded: 'shape' });
    await expect(put(await createSqliteStorage(file), [['a', entry()]])).rejects.toThrow(
      'of another program',
    );
    expect(readFileSync(file, 'latin1')).toBe(text);
  });

  it('is left alone where it belongs to another program', async () => {
    const { file, bytes } = await altered('PRAGMA application_id = 0');
    expect(await loadBytes(file, bytes)).toMatchObject({ discarded: 'shape' });
    await expect(put(await createSqliteStorage(file), [['b', entry()]])).rejects.toThrow(
      'of another program',
    );
    expect(readFileSync(file)).toEqual(bytes);
  });

  it.each([
    ['table', 'CREATE TABLE note (text)'],
    ['index', 'CREATE INDEX note ON entry (lower(size))'],
    ['view', 'CREATE VIEW note AS SELECT * FROM entry'],
    ['trigger', 'CREATE TRIGGER note AFTER INSERT ON entry BEGIN DELETE FROM entry; END'],
  ])('is left alone where it holds a %s more', async (_what, statement) => {
    const { file, bytes } = await altered(statement);
    expect(await loadBytes(file, bytes)).toMatchObject({ discarded: 'shape' });
    await expect(put(await createSqliteStorage(file), [['b', entry()]])).rejects.toThrow('more or less');
    expect(readFileSync(file)).toEqual(bytes);
  });

  it.each([
    ['a view', 'ALTER TABLE entry RENAME TO hidden; CREATE VIEW entry AS SELECT * FROM hidden'],
    [
      'a table with a trigger',
      'CREATE TABLE log (n); ALTER TABLE entry ADD COLUMN more TEXT; CREATE TRIGGER t AFTER INSERT ON entry BEGIN INSERT INTO log VALUES (1); END',
    ],
    ['a table of another form', 'ALTER TABLE entry ADD COLUMN more TEXT AS (upper(size))'],
  ])('gives no entry, and begins again, where the entries are in %s', async (_what, statements) => {
    const { file, bytes } = await altered(statements);
    expect(await loadBytes(file, bytes)).toMatchObject({ discarded: 'shape' });
    await put(await createSqliteStorage(file), [['b', entry()]]);
    expect([...(await load(await createSqliteStorage(file))).keys()]).toEqual(['b']);
  });

  it('is not reached through a link', async () => {
    const { file, bytes } = await altered('');
    const link = `${file}-link`;
    writeFileSync(file, bytes);
    symlinkSync(file, link);
    const storage = await createSqliteStorage(link);
    expect(await storage.load({ maxBytes: MAX_CACHE_BYTES })).toMatchObject({ discarded: 'unreadable' });
    await expect(put(storage, [['b', entry()]])).rejects.toThrow('link');
    expect(readFileSync(file)).toEqual(bytes);
  });

  it.skipIf(process.platform === 'win32')('is not waited for where it is a FIFO', async () => {
    const file = databaseFile();
    execFileSync('mkfifo', [file]);
    const storage = await createSqliteStorage(file);
    expect(await storage.load({ maxBytes: MAX_CACHE_BYTES })).toMatchObject({ discarded: 'unreadable' });
    await expect(put(storage, [['b', entry()]])).rejects.toThrow('FIFO');
  });

  it.each(['-journal', '-wal'])('is neither read nor written while a %s lies beside it', async (suffix) => {
    const file = databaseFile();
    const storage = await createSqliteStorage(file);
    await put(storage, [['a', entry()]]);
    writeFileSync(file + suffix, 'x');
    const loaded = await storage.load({ maxBytes: MAX_CACHE_BYTES });
    expect(loaded).toMatchObject({
      discarded: 'unreadable',
      detail: expect.stringContaining(suffix) as string,
    });
    await expect(put(storage, [['b', entry()]])).rejects.toThrow(suffix);
  });
});

it('a snapshot with its cache in a database reads each file once', async () => {
  const file = databaseFile();
  const root = await makeTree({ 'a.txt': 'a', src: { 'b.c': 'b', '\udcff': 'not UTF-8' } });
  onTestFinished(() => removeTree(root));
  const snapshot = async () => {
    const cache = await StatCache.open({ root, storage: await createSqliteStorage(file) });
    const { id, stats, saveError } = await createSnapshot(root, { cache });
    return { id, hits: stats.hits, hashedFiles: stats.hashedFiles, saveError };
  };
  const first = await snapshot();
  expect(first).toMatchObject({ hits: 0, hashedFiles: 3, saveError: undefined });
  const written = readFileSync(file);
  expect(await snapshot()).toEqual({ ...first, hits: 3, hashedFiles: 0 });
  expect(readFileSync(file)).toEqual(written);
});
