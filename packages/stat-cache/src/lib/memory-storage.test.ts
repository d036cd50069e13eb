import { expect, it } from 'vitest';
import { cacheEntry, NOTHING } from '../../test/support/entries.js';
import { createMemoryStorage } from './memory-storage.js';

it('createMemoryStorage() keeps its contents to itself', async () => {
  const one = createMemoryStorage();
  await one.save({ base: NOTHING, put: new Map([['a', cacheEntry()]]), remove: new Set() });
  expect(await one.load({ maxBytes: 0 })).toMatchObject({ contents: { size: 1 }, dropped: 0 });
  expect(await createMemoryStorage().load({ maxBytes: 0 })).toMatchObject({ contents: { size: 0 } });
});

it('createMemoryStorage() rejects, and does not throw, when it is aborted', async () => {
  const loading = createMemoryStorage().load({ maxBytes: 0, signal: AbortSignal.abort(new Error('enough')) });
  await expect(loading).rejects.toThrow('enough');
});
