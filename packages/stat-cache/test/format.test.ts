import { readFileSync } from 'node:fs';
import { MAX_CACHE_BYTES } from '@muse/stat-cache';
import { expect, it } from 'vitest';
import { contentsOf, encodeAll } from './support/canonical.js';
import { asMap, cacheEntry, idOf } from './support/entries.js';

const specification = readFileSync(new URL('../FORMAT.md', import.meta.url), 'utf8');

it('FORMAT.md shows what the encoder writes', () => {
  const example = /```text\n([^]*?)\n```/.exec(specification)?.[1] ?? '';
  const stamp = 1_710_000_000_123_456_789n;
  const entries = new Map([
    [
      'src/é "a".c',
      cacheEntry({
        ...{ mtimeNs: stamp, ctimeNs: stamp, size: 5n, ino: 131n },
        dimensions: new Map([
          ['symbols', 'f\ng'],
          ['imports', ''],
        ]),
      }),
    ],
    [
      'caf\udce9.txt',
      cacheEntry({
        ...{ mtimeNs: -1_500_000_000n, ctimeNs: 1_710_000_000_000_000_007n, size: 0n },
        ...{ ino: 2n ** 64n - 1n, objectId: idOf('') },
      }),
    ],
  ]);
  expect(encodeAll(entries).toString()).toBe(example);
  expect(asMap(contentsOf(example))).toEqual(new Map([...entries].sort()));
});

it('FORMAT.md names the limit', () => {
  expect(specification).toContain(`${MAX_CACHE_BYTES.toLocaleString('en')} bytes (384 MiB)`);
});
