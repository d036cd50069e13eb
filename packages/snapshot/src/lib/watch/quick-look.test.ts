import { chmodSync, mkdirSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { bareTree } from '../../../test/support/trees.js';
import { QuickLook } from './quick-look.js';

/** Returns a look that was kept, at rules that were written long ago. */
async function lookAt(root: string, ignoreFiles: readonly string[] = []): Promise<QuickLook> {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 10_000 });
  onTestFinished(() => void vi.useRealTimers());
  const look = QuickLook.of(root, { ignoreFiles });
  if (!look) throw new Error('Nobody looks');
  look.begin()();
  await Promise.resolve();
  return look;
}

const TREE = { 'above/root': { '.museignore': '', '.muse/repo.json': '{}', a: 'a' }, other: '' };

describe('a quick look', () => {
  it('sees no change where there is none to what rules are read from', async () => {
    const root = join(await bareTree(TREE), 'above/root');
    const look = await lookAt(root);
    writeFileSync(join(root, 'a'), 'A');
    writeFileSync(join(root, 'new'), 'new');
    expect([look.isSame, look.isSame]).toEqual([true, true]);
  });

  it.each<[string, (root: string) => void]>([
    [
      'the root',
      (root) => {
        renameSync(root, `${root}-away`);
        mkdirSync(root);
      },
    ],
    [
      'the rights of the root',
      (root) => {
        chmodSync(root, 0o711);
      },
    ],
    [
      'the root, which is gone',
      (root) => {
        rmSync(root, { recursive: true });
      },
    ],
    [
      '.muse, which is gone',
      (root) => {
        rmSync(join(root, '.muse'), { recursive: true });
      },
    ],
    [
      'the rules',
      (root) => {
        writeFileSync(join(root, '.museignore'), '#');
      },
    ],
    [
      'rules of the same size',
      (root) => {
        writeFileSync(join(root, '.museignore'), '');
      },
    ],
    [
      'rules of the same size and mtime',
      (root) => {
        const { atime, mtime } = statSync(join(root, '.museignore'));
        writeFileSync(join(root, '.museignore'), '');
        utimesSync(join(root, '.museignore'), atime, mtime);
      },
    ],
    [
      'rules, which are gone',
      (root) => {
        rmSync(join(root, '.museignore'));
      },
    ],
    [
      'the domain',
      (root) => {
        writeFileSync(join(root, '.muse/repo.json'), '{ }');
      },
    ],
    [
      'rules elsewhere',
      (root) => {
        writeFileSync(join(root, '../../other'), '#');
      },
    ],
  ])('sees a change to %s', async (_, change) => {
    const root = join(await bareTree(TREE), 'above/root');
    const look = await lookAt(root, [join(root, '../../other')]);
    expect(look.isSame).toBe(true);
    change(root);
    expect(look.isSame).toBe(false);
  });

  it('takes nothing for unchanged that may have been written once more at the same time', async () => {
    const root = join(await bareTree(TREE), 'above/root');
    const look = QuickLook.of(root, {});
    const files = ['.museignore', '.muse/repo.json'].map((name) => statSync(join(root, name)));
    const written = Math.max(...files.map(({ ctimeMs }) => ctimeMs));
    vi.useFakeTimers({ toFake: ['Date'] });
    onTestFinished(() => void vi.useRealTimers());
    for (const [seconds, isSame] of [
      [1, false],
      [4, true],
    ] as const) {
      vi.setSystemTime(written + seconds * 1000);
      look?.begin()();
      expect(look?.isSame).toBe(isSame);
    }
  });

  it('is not kept before root and rules were read', async () => {
    const look = await lookAt(join(await bareTree(TREE), 'above/root'));
    const keep = look.begin();
    expect(look.isSame).toBe(false);
    keep();
    expect(look.isSame).toBe(true);
  });

  it('is taken of no tree whose rules may be anywhere', () => {
    for (const options of [{ gitignore: true }, { subtree: 'd' }])
      expect(QuickLook.of('/', options)).toBeUndefined();
  });
});
