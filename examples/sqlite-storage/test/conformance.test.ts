import { join } from 'node:path';
import { createSqliteStorage } from '@muse/example-sqlite-storage';
import { storageCases } from '@muse/stat-cache/conformance';
import { tempDir } from '@muse/testkit';
import { describe, it } from 'vitest';

describe('createSqliteStorage() is a CacheStorage:', () => {
  it.each(storageCases)('$name', async (each) => {
    await using directory = tempDir();
    const file = join(directory.path, 'cache.sqlite');
    await each.run({ open: () => Promise.resolve(createSqliteStorage(file)) });
  });
});
