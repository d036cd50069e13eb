import type * as callbackFs from 'node:fs';
import type * as realFs from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { makeTree, removeTree } from '@muse/testkit';
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { cacheEntry, NOTHING } from '../../test/support/entries.js';
import { createFileStorage } from './file-storage.js';

/** Every call to the file system, those on a handle as `handle.sync`; `failures` makes a call fail, counted from 1. */
const system = vi.hoisted(() => ({
  log: [] as string[],
  failures: new Map<string, string>(),
  open: 0,
  enter(call: string): void {
    this.log.push(call);
    const code = this.failures.get(`${call} ${String(this.log.filter((name) => name === call).length)}`);
    if (code !== undefined) throw Object.assign(new Error(`${code}: injected, ${call}`), { code });
  },
}));

vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof realFs>();
  const watched = (handle: FileHandle): FileHandle =>
    new Proxy(handle, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name, target);
        if (typeof value !== 'function') return value;
        return async (...given: unknown[]) => {
          if (name === 'close') {
            system.open--;
            await target.close();
          }
          system.enter(`handle.${String(name)}`);
          return name === 'close' ? undefined : ((await Reflect.apply(value, target, given)) as unknown);
        };
      },
    });
  const calls = ['lstat', 'mkdir', 'open', 'readdir', 'rename', 'unlink'] as const;
  const wrapped = calls.map((name) => [
    name,
    async (...given: unknown[]) => {
      system.enter(name);
      const value: unknown = await Reflect.apply(real[name] as (...all: unknown[]) => unknown, real, given);
      if (name !== 'open') return value;
      system.open++;
      return watched(value as FileHandle);
    },
  ]);
  return { ...real, ...(Object.fromEntries(wrapped) as object) };
});

/** The calls that read a file, which are those without promises, by the names that handles give them. */
vi.mock('node:fs', async (original) => {
  const real = await original<typeof callbackFs>();
  const calls = {
    lstat: 'lstat',
    open: 'open',
    fstat: 'handle.stat',
    read: 'handle.read',
    close: 'handle.close',
  } as const;
  type Done = (error: unknown, ...values: unknown[]) => void;
  const wrapped = Object.entries(calls).map(([key, name]) => {
    const call = real[key as keyof typeof calls] as (...all: unknown[]) => void;
    const watched = (...given: unknown[]) => {
      const done = given.pop() as Done;
      const settle: Done = (error, ...values) => {
        if (key === 'open' && !error) system.open++;
        if (key === 'close') system.open--;
        done(error, ...values);
      };
      try {
        system.enter(name);
        call(...given, settle);
      } catch (error) {
        // Of a descriptor that fails to be closed nothing is left.
        if (key === 'close')
          call(...given, () => {
            settle(error);
          });
        else done(error);
      }
    };
    // What `promisify` goes by.
    return [key, Object.defineProperties(watched, Object.getOwnPropertyDescriptors(call))];
  });
  return { ...real, ...(Object.fromEntries(wrapped) as object) };
});

beforeEach(() => {
  system.log.length = 0;
  system.failures.clear();
  system.open = 0;
});

async function storageIn(): Promise<{ directory: string; storage: ReturnType<typeof createFileStorage> }> {
  const root = await makeTree({ '.muse': {} });
  onTestFinished(() => removeTree(root));
  const directory = join(root, '.muse/cache');
  const storage = createFileStorage({ directory, within: join(root, '.muse') });
  return { directory, storage };
}

const change = { base: NOTHING, put: new Map([['a', cacheEntry()]]), remove: new Set<string>() };
const other = { base: NOTHING, put: new Map([['b', cacheEntry()]]), remove: new Set<string>() };

async function names(directory: string): Promise<string[]> {
  return (await vi.importActual<typeof realFs>('node:fs/promises')).readdir(directory);
}

describe('createFileStorage', () => {
  it('writes to a temporary file, syncs it, closes it, renames it and syncs the directory', async () => {
    const { storage } = await storageIn();
    await storage.save(change);
    const after = system.log.slice(system.log.indexOf('open')).filter((call) => call !== 'handle.write');
    expect(after).toEqual([
      ...['open', 'handle.stat', 'handle.sync', 'handle.close', 'rename'],
      ...['open', 'handle.sync', 'handle.close', 'readdir'],
    ]);
    expect(system.open).toBe(0);
  });

  const beforeRename = [
    ...['lstat 1', 'lstat 2', 'lstat 3', 'mkdir 1', 'open 1', 'handle.stat 1', 'handle.write 1'],
    ...['handle.sync 1', 'handle.close 1', 'rename 1'],
  ];

  it.each(beforeRename.flatMap((call) => ['ENOSPC', 'EIO', 'EACCES'].map((code) => [code, call] as const)))(
    'keeps the old file, leaves no temporary one and no descriptor open on %s at %s',
    async (code, call) => {
      const { directory, storage } = await storageIn();
      await storage.save(change);
      const old = await storage.load({ maxBytes: Infinity });
      system.log.length = 0;
      system.failures.set(call, code);
      await expect(storage.save(other)).rejects.toMatchObject({
        name: 'CacheNotSavedError',
        code,
        message: expect.stringContaining(`stat.json": ${code}: injected`) as string,
        cause: { code },
      });
      system.failures.clear();
      expect(system.open).toBe(0);
      expect(await names(directory)).toEqual(['stat.json']);
      const now = await storage.load({ maxBytes: Infinity });
      expect([...contentsOf(now).entries()]).toEqual([...contentsOf(old).entries()]);
    },
  );

  it.each(['open 2', 'handle.sync 2', 'handle.close 2', 'readdir 1'])(
    'has saved, and says so, when %s fails after the rename',
    async (call) => {
      const { directory, storage } = await storageIn();
      system.failures.set(call, 'EIO');
      await storage.save(change);
      expect(system.open).toBe(0);
      expect(await names(directory)).toEqual(['stat.json']);
      expect(contentsOf(await storage.load({ maxBytes: Infinity })).has('a')).toBe(true);
    },
  );

  it('fails as the save failed when the temporary file cannot be removed either', async () => {
    const { storage } = await storageIn();
    system.failures.set('rename 1', 'EIO').set('unlink 1', 'EACCES');
    await expect(storage.save(change)).rejects.toMatchObject({ code: 'EIO' });
  });

  it.each(['lstat 1', 'lstat 2', 'lstat 3', 'open 1', 'handle.stat 1', 'handle.read 1', 'handle.close 1'])(
    'discards the contents and leaves no descriptor open when %s fails',
    async (call) => {
      const { storage } = await storageIn();
      await storage.save(change);
      for (const code of ['EIO', 'EACCES', 'EMFILE', 'ELOOP', 'ENOTDIR']) {
        system.log.length = 0;
        system.failures.set(call, code);
        const result = await storage.load({ maxBytes: Infinity });
        if (call !== 'handle.close 1') {
          expect(result).toMatchObject({ discarded: 'unreadable' });
          expect(result).toHaveProperty(
            'detail',
            expect.stringMatching(new RegExp(`${code}: injected, ${call.slice(0, -2)}|has taken its place`)),
          );
        }
        expect(system.open).toBe(0);
      }
    },
  );

  it.each(['lstat 1', 'mkdir 1', 'open 1', 'handle.stat 1', 'handle.close 1', 'unlink 1'])(
    'has no clock, and leaves no file and no descriptor open, when %s fails in a probe',
    async (call) => {
      const { directory, storage } = await storageIn();
      system.failures.set(call, 'EIO');
      await storage.probe?.();
      expect(system.open).toBe(0);
      expect(await names(directory).catch(() => [])).toEqual([]);
    },
  );

  it('writes few pieces, however scattered the changes are', async () => {
    const { storage } = await storageIn();
    const paths = Array.from({ length: 4000 }, (_, index) => `f${String(index).padStart(4, '0')}`);
    await storage.save({ ...change, put: new Map(paths.map((path) => [path, cacheEntry()])) });
    const base = contentsOf(await storage.load({ maxBytes: Infinity }));
    system.log.length = 0;
    const put = new Map(paths.filter((_, at) => at % 2 === 0).map((path) => [path, cacheEntry({ ino: 1n })]));
    await storage.save({ base, put, remove: new Set() });
    expect(system.log.filter((call) => call === 'handle.write').length).toBeLessThan(5);
    expect(contentsOf(await storage.load({ maxBytes: Infinity })).size).toBe(4000);
  });
});

function contentsOf(result: Awaited<ReturnType<ReturnType<typeof createFileStorage>['load']>>) {
  if (!result || !('contents' in result)) throw new Error('There must be contents');
  return result.contents;
}
