import { join } from 'node:path';
import { expect, it } from 'vitest';
import { cacheDir, museDir, snapshotsDir, statCachePath } from './layout.js';

it('the layout is fixed below the root', () => {
  const root = join('some', 'root');
  expect(museDir(root)).toBe(join(root, '.muse'));
  expect(cacheDir(root)).toBe(join(root, '.muse', 'cache'));
  expect(statCachePath(root)).toBe(join(root, '.muse', 'cache', 'stat.json'));
  expect(snapshotsDir(root)).toBe(join(root, '.muse', 'snapshots'));
});
