import { mkdirSync, readdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { NotRegularFileError, StatCache } from '@muse/stat-cache';
import { fifo, hostileNames, makeDeepChain, makeTree, removeTree, symlink } from '@muse/testkit';
import { describe, expect, it, onTestFinished } from 'vitest';
import { idOf } from './support/entries.js';
import { inCache, museRoot, statOf } from './support/muse-root.js';
import { ScriptedStorage } from './support/scripted-storage.js';

describe('getObjectHash', () => {
  it('reads a file once, and answers from the cache from then on', async () => {
    const root = await museRoot({ 'src/a.c': 'hello' });
    const storage = new ScriptedStorage(statOf(root, '.').dev);
    const cache = await StatCache.open({ root, storage });
    expect(await cache.getObjectHash(root, join(root, 'src/a.c'))).toBe(idOf('hello'));
    expect(cache.lookup('src/a.c', statOf(root, 'src/a.c'))).toBe(idOf('hello'));
    await cache.save();
    expect(await cache.getObjectHash(root, join(root, 'src/a.c'))).toBe(idOf('hello'));
    expect(cache.dirty).toBe(false);
    expect(storage.probes).toBe(1);
  });

  it('reads again after any edit, and stores the new stat of an old content', async () => {
    const root = await museRoot({ a: 'hello' });
    const storage = new ScriptedStorage(statOf(root, '.').dev);
    const cache = await StatCache.open({ root, storage });
    const file = join(root, 'a');
    await cache.getObjectHash(root, file);
    writeFileSync(file, 'HELLO');
    expect(await cache.getObjectHash(root, file)).toBe(idOf('HELLO'));
    writeFileSync(join(root, 'b'), 'HELLO');
    renameSync(join(root, 'b'), file);
    expect(cache.lookup('a', statOf(root, 'a'))).toBeUndefined();
    expect(await cache.getObjectHash(root, file)).toBe(idOf('HELLO'));
    expect(cache.lookup('a', statOf(root, 'a'))).toBe(idOf('HELLO'));
  });

  it('takes a file as a relative path, as bytes, and with any detour in it', async () => {
    const root = await museRoot({ 'src/a': 'hello', [Buffer.from('x').toString()]: 'x' });
    const cache = await StatCache.open({ root });
    const file = join(root, 'src/a');
    for (const spelling of [
      relative(process.cwd(), file),
      Buffer.from(file),
      `${root}//src/./a`,
      `${root}/x/../src/a`,
    ]) {
      expect(await cache.getObjectHash(root, spelling)).toBe(idOf('hello'));
    }
    expect([...cache.entries()].map(([path]) => path)).toEqual(['src/a']);
  });

  it('takes the root however it is spelt, a symbolic link included', async () => {
    const root = await museRoot({ a: 'hello', alias: symlink('.') });
    const alias = join(root, 'alias');
    const cache = await StatCache.open({ root });
    for (const spelling of [
      root,
      `${root}/`,
      `${root}/.`,
      relative(process.cwd(), root),
      alias,
      `${alias}/`,
    ]) {
      expect(await cache.getObjectHash(spelling, join(spelling, 'a')), spelling).toBe(idOf('hello'));
    }
    const byAlias = await StatCache.open({ root: alias });
    expect(await byAlias.getObjectHash(root, join(root, 'a'))).toBe(idOf('hello'));
    expect(await byAlias.getObjectHash(alias, join(alias, 'a'))).toBe(idOf('hello'));
    expect(byAlias.size).toBe(1);
  });

  it.runIf(process.platform === 'linux')('takes a root whose name is not UTF-8', async () => {
    const top = await museRoot({ 'r\udcff/a': 'hello', 'r\udcff/.muse': {}, alias: symlink('r\udcff') });
    const root = join(top, 'r\udcff');
    const cache = await StatCache.open({ root });
    for (const spelling of [root, `${root}/.`, join(top, 'alias')]) {
      expect(await cache.getObjectHash(spelling, `${spelling}/a`)).toBe(idOf('hello'));
    }
    await cache.save();
    expect((await StatCache.open({ root })).size).toBe(1);
  });

  it('rejects a root that is not its own, and a file outside it', async () => {
    const root = await museRoot({ 'a/b': 'hello' });
    const cache = await StatCache.open({ root });
    for (const other of [join(root, 'a'), join(root, '..'), join(root, 'none'), '/']) {
      await expect(cache.getObjectHash(other, join(root, 'a/b'))).rejects.toThrow(RangeError);
    }
    await expect(cache.getObjectHash(join(root, 'a'), join(root, 'a/b'))).rejects.toThrow(
      `Cannot hash below "${root}/a": this stat cache belongs to "${root}"`,
    );
    await expect(cache.getObjectHash(root, join(root, '../x'))).rejects.toThrow(RangeError);
    expect(cache.dirty).toBe(false);
  });

  it('names what is no regular file', async () => {
    const root = await museRoot({ a: 'x', link: symlink('a'), pipe: fifo(), dir: {} });
    const cache = await StatCache.open({ root });
    for (const [name, kind] of [
      ['link', 'symbolic link'],
      ['pipe', 'FIFO'],
      ['dir', 'directory'],
      ['', 'directory'],
    ] as const) {
      const error = await cache.getObjectHash(root, join(root, name)).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(NotRegularFileError);
      expect((error as Error).message).toContain(`it is a ${kind}, not a regular file`);
    }
    await expect(cache.getObjectHash(root, join(root, 'none'))).rejects.toMatchObject({ code: 'ENOENT' });
    expect(cache.size).toBe(0);
  });

  it('finds every hostile name', async () => {
    const root = await makeTree(new Map(hostileNames.map((name) => [name, name])));
    onTestFinished(() => removeTree(root));
    mkdirSync(join(root, '.muse'));
    const cache = await StatCache.open({ root });
    for (const name of hostileNames) {
      const file = Buffer.concat([Buffer.from(`${root}/`), name]);
      expect(await cache.getObjectHash(root, file)).toBe(idOf(name as unknown as string));
    }
    expect(cache.size).toBe(hostileNames.length);
    await cache.save();
    const again = await StatCache.open({ root });
    expect(again.size).toBe(hostileNames.length);
    for (const name of hostileNames) {
      await again.getObjectHash(root, Buffer.concat([Buffer.from(`${root}/`), name]));
    }
    expect(again.dirty).toBe(false);
  });

  it.runIf(process.platform === 'linux')('reaches and settles a file beyond PATH_MAX', async () => {
    const root = await museRoot();
    makeDeepChain(root, { depth: 25, name: 'd'.repeat(200), leaf: 'leaf' });
    const file = join(root, ...Array<string>(25).fill('d'.repeat(200)), 'leaf');
    const cache = await StatCache.open({ root });
    expect(await cache.getObjectHash(root, file)).toBe(idOf('leaf'));
    await cache.save();
    const again = await StatCache.open({ root });
    expect(await again.getObjectHash(root, file)).toBe(idOf('leaf'));
    expect(again.dirty).toBe(false);
  });

  it.runIf(process.platform === 'linux')('never records a file whose size lies', async () => {
    const cache = StatCache.empty();
    expect(await cache.getObjectHash('/proc', '/proc/version')).toMatch(/^sha256:/);
    expect(cache.size).toBe(0);
  });

  it('takes its boundary before it reads', async () => {
    const root = await museRoot({ a: 'old' });
    const storage = new ScriptedStorage();
    storage.clock = () => {
      writeFileSync(join(root, 'a'), 'new');
      return Promise.resolve({ ctimeNs: 1n, dev: 1n });
    };
    const cache = await StatCache.open({ root, storage });
    expect(await cache.getObjectHash(root, join(root, 'a'))).toBe(idOf('new'));
  });

  it('hashes many files at once', async () => {
    const names = Array.from({ length: 100 }, (_, index) => `f${String(index)}`);
    const root = await museRoot(Object.fromEntries(names.map((name) => [name, name])));
    const cache = await StatCache.open({ root });
    const ids = await Promise.all(names.map((name) => cache.getObjectHash(root, join(root, name))));
    expect(ids).toEqual(names.map(idOf));
    await cache.save();
    expect(inCache(root)).toEqual(['stat.json']);
    const again = await StatCache.open({ root });
    for (const name of names) expect(again.lookup(name, statOf(root, name)), name).toBe(idOf(name));
  });
});

describe('a run without a miss', () => {
  it('takes no boundary and leaves everything under the root as it is', async () => {
    const root = await museRoot({ a: 'hello' });
    const first = await StatCache.open({ root });
    await first.getObjectHash(root, join(root, 'a'));
    await first.save();
    const before = [
      statOf(root, '.muse'),
      statOf(root, '.muse/cache'),
      statOf(root, '.muse/cache/stat.json'),
    ];
    const cache = await StatCache.open({ root });
    await cache.getObjectHash(root, join(root, 'a'));
    await cache.save();
    const after = [statOf(root, '.muse'), statOf(root, '.muse/cache'), statOf(root, '.muse/cache/stat.json')];
    expect(after.map(({ ctimeNs, ino }) => [ctimeNs, ino])).toEqual(
      before.map(({ ctimeNs, ino }) => [ctimeNs, ino]),
    );
  });

  it('makes no cache directory where none was', async () => {
    const root = await museRoot();
    symlinkSync('nowhere', join(root, 'l'));
    const cache = await StatCache.open({ root });
    await cache.getObjectHash(root, join(root, 'l')).catch(() => undefined);
    await cache.save();
    expect(readdirSync(join(root, '.muse'))).toEqual([]);
  });
});
