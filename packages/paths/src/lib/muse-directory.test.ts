import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cacheDir, findRoot, museDir, snapshotsDir, statCachePath } from './muse-directory.js';

it('the layout is fixed below the root', () => {
  const root = join('some', 'root');
  expect(museDir(root)).toBe(join(root, '.muse'));
  expect(cacheDir(root)).toBe(join(root, '.muse', 'cache'));
  expect(statCachePath(root)).toBe(join(root, '.muse', 'cache', 'stat.json'));
  expect(snapshotsDir(root)).toBe(join(root, '.muse', 'snapshots'));
});

let top: string;

beforeEach(() => {
  top = realpathSync(mkdtempSync(join(tmpdir(), 'muse-find-root-')));
  mkdirSync(join(top, '.muse'));
  mkdirSync(join(top, 'a', 'b'), { recursive: true });
});

afterEach(() => {
  rmSync(top, { recursive: true });
});

describe('findRoot', () => {
  it('returns the directory itself', async () => {
    expect(await findRoot(top)).toBe(top);
  });

  it('returns the nearest ancestor', async () => {
    mkdirSync(join(top, 'a', '.muse'));
    expect(await findRoot(join(top, 'a', 'b'))).toBe(join(top, 'a'));
  });

  it('starts from a relative path, a file, or a path that is not there', async () => {
    writeFileSync(join(top, 'a', 'file'), '');
    expect(await findRoot(relative(process.cwd(), join(top, 'a')))).toBe(top);
    expect(await findRoot(join(top, 'a', 'file'))).toBe(top);
    expect(await findRoot(join(top, 'a', 'none', 'such'))).toBe(top);
  });

  it('passes by a link and a file named .muse', async () => {
    symlinkSync(join(top, '.muse'), join(top, 'a', '.muse'));
    writeFileSync(join(top, 'a', 'b', '.muse'), '');
    expect(await findRoot(join(top, 'a', 'b'))).toBe(top);
  });

  it('returns undefined where there is none', async () => {
    rmSync(join(top, '.muse'), { recursive: true });
    expect(await findRoot(join(top, 'a'))).toBeUndefined();
  });

  it('starts from a path longer than the system takes', async () => {
    expect(await findRoot(join(top, ...Array<string>(3000).fill('xy')))).toBe(top);
  });

  it('rejects when .muse can neither be seen nor be ruled out', async () => {
    symlinkSync('loop', join(top, 'loop'));
    await expect(findRoot(join(top, 'loop'))).rejects.toMatchObject({ code: 'ELOOP' });
  });
});
