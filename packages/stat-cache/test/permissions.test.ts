import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { StatCache } from '@muse/stat-cache';
import { giveToOrdinaryUser, ordinaryUser } from '@muse/testkit';
import { describe, expect, it } from 'vitest';
import { asOrdinaryUser } from './support/as-ordinary-user.js';
import { inCache, museRoot, statJson, storedText } from './support/muse-root.js';

/** A root that belongs to the ordinary user, with `f` hashed and saved, and `g` still to be hashed. */
async function savedRoot(): Promise<{ root: string; text: string }> {
  const root = await museRoot({ f: 'hello', g: 'world' });
  const cache = await StatCache.open({ root });
  await cache.getObjectHash(root, join(root, 'f'));
  await cache.save();
  await giveToOrdinaryUser(root);
  return { root, text: storedText(root) };
}

/** Hashes `f` and `g`, saves, and answers with what a caller can see of all that. */
function visit(root: string): string {
  return `
    const root = ${JSON.stringify(root)};
    const warnings = [];
    const logger = { debug() {}, warn: (text) => warnings.push(text), error: (text) => warnings.push(text) };
    const cache = await StatCache.open({ root, logger });
    const { discarded, size } = cache;
    const right = [];
    for (const [name, text] of [['f', 'hello'], ['g', 'world']]) {
      right.push(await cache.getObjectHash(root, root + '/' + name) === blobId(Buffer.from(text)));
    }
    cache.record('old', { dev: 1n, ino: 1n, size: 1n, mtimeNs: 1n, ctimeNs: 1n }, blobId(Buffer.of()), 2n ** 60n);
    const saved = await cache.save().then(() => 'saved', (error) => error.name + ' ' + error.code);
    answer({ discarded, size, right, saved, dirty: cache.dirty, warnings });`;
}

describe.runIf(ordinaryUser() !== undefined)('for a user whom permissions bind', () => {
  it('saves where it may', async () => {
    const { root, text } = await savedRoot();
    expect(await asOrdinaryUser(visit(root))).toMatchObject({
      right: [true, true],
      saved: 'saved',
      dirty: false,
    });
    expect(storedText(root)).not.toBe(text);
    expect(inCache(root)).toEqual(['stat.json']);
  });

  it('uses a cache in a read-only directory, and reports that it cannot save', async () => {
    const { root, text } = await savedRoot();
    chmodSync(join(root, '.muse/cache'), 0o555);
    expect(await asOrdinaryUser(visit(root))).toMatchObject({
      ...{ size: 1, right: [true, true] },
      ...{ saved: 'CacheNotSavedError EACCES', dirty: true, warnings: [] },
    });
    expect(storedText(root)).toBe(text);
    expect(inCache(root)).toEqual(['stat.json']);
  });

  it.each([
    ['stat.json', 'saved'],
    ['', 'CacheNotSavedError EACCES'],
  ])('is empty, with a reason, where it may not read .muse/cache/%s', async (name, saved) => {
    const { root } = await savedRoot();
    chmodSync(join(root, '.muse/cache', name), 0);
    const answer = (await asOrdinaryUser(visit(root))) as { warnings: string[] };
    expect(answer).toMatchObject({ discarded: 'unreadable', size: 0, right: [true, true], saved });
    expect(answer.warnings[0]).toContain('EACCES');
    chmodSync(join(root, '.muse/cache'), 0o755);
    expect(inCache(root)).toEqual(['stat.json']);
  });

  it('is empty, with a reason, where it may not look into .muse', async () => {
    const { root } = await savedRoot();
    chmodSync(join(root, '.muse'), 0);
    expect(await asOrdinaryUser(visit(root))).toMatchObject({
      ...{ discarded: 'unreadable', right: [true, true], saved: 'CacheNotSavedError EACCES' },
    });
  });

  it('rejects with EACCES for a file that it may not read', async () => {
    const root = await museRoot({ f: 'hello', 'd/g': 'hello' });
    chmodSync(join(root, 'f'), 0);
    chmodSync(join(root, 'd'), 0);
    await giveToOrdinaryUser(root);
    const script = `
      const codes = [];
      for (const name of ['f', 'd/g']) {
        await hashFile(${JSON.stringify(root)} + '/' + name).catch(({ code, syscall }) => codes.push(code + ' ' + syscall));
      }
      answer(codes);`;
    expect(await asOrdinaryUser(script)).toEqual(['EACCES open', 'EACCES lstat']);
  });

  it('keeps the old file and no other when there is no room for a new one', async () => {
    const { root, text } = await savedRoot();
    const script = `
      const cache = await StatCache.open({ root: ${JSON.stringify(root)} });
      const stat = { dev: 1n, ino: 1n, size: 1n, mtimeNs: 1n, ctimeNs: 1n };
      for (let n = 0; n < 5000; n++) cache.record('f' + n, stat, blobId(Buffer.of()), 2n ** 62n);
      answer(await cache.save().then(() => 'saved', (error) => error.name + ' ' + error.code));`;
    // No file of this process may grow beyond 100 KiB or so: a write fails as it does on a full disk.
    expect(await asOrdinaryUser(script, 'ulimit -f 100;')).toBe('CacheNotSavedError EFBIG');
    expect(storedText(root)).toBe(text);
    expect(inCache(root)).toEqual(['stat.json']);
    expect(statJson(root)).toContain(root);
  });
});
