import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createSqliteStorage } from '@muse/example-sqlite-storage';
import { storageCases } from '@muse/stat-cache/conformance';
import { tempDir } from '@muse/testkit';
import { describe, it } from 'vitest';

describe('createSqliteStorage() is a CacheStorage:', () => {
  it.each(storageCases)('$name', async (each) => {
    await using directory = tempDir();
    const place = join(directory.path, 'place');
    const aside = join(directory.path, 'aside');
    const file = join(place, 'cache.sqlite');
    await mkdir(place);
    await each.run({
      open: () => createSqliteStorage(file),
      failReads: async () => {
        await mkdir(file);
        return () => rm(file, { recursive: true });
      },
      failWrites: async () => {
        await rename(place, aside);
        await writeFile(place, '');
        return async () => {
          await rm(place);
          await rename(aside, place);
        };
      },
      takeAway: () => rm(file),
      breakBytes: async (change) => {
        const broken = change(await readFile(file));
        // A file that is not ours is never replaced, as it is not meant to be.
        if (broken.length > 100) await writeFile(file, broken);
      },
    });
  });
});
