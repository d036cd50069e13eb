import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { makeDeepChain, makeTree, removeTree, symlink, type TreeSpec } from '@muse/testkit';
import { describe, expect, it, onTestFinished } from 'vitest';
import { holdBelow, holdDirectory, pathInDirectory, type HeldDirectory } from './held-directory.js';

async function make(spec: TreeSpec): Promise<string> {
  const root = await makeTree(spec);
  onTestFinished(() => removeTree(root));
  return root;
}

function closing(held: HeldDirectory | undefined): HeldDirectory {
  if (!held) throw new Error('This system cannot hold a directory');
  onTestFinished(() => {
    held.close();
  });
  return held;
}

const read = (held: HeldDirectory, name: string) => readFileSync(pathInDirectory(held.path, name), 'utf8');
const openFiles = () => readdirSync('/proc/self/fd').length;

describe.runIf(process.platform === 'linux')('holdDirectory', () => {
  it('holds a directory, whatever takes its place', async () => {
    const root = await make({ d: { a: 'inside' }, out: { a: 'outside' } });
    const held = closing(holdDirectory(join(root, 'd')));
    renameSync(join(root, 'd'), join(root, 'away'));
    symlinkSync('out', join(root, 'd'));
    expect(read(held, 'a')).toBe('inside');
    expect(held.is(lstatSync(join(root, 'away'), { bigint: true }))).toBe(true);
    expect(held.is(lstatSync(join(root, 'out'), { bigint: true }))).toBe(false);
  });

  it.each(['link', 'file'])('opens no %s', async (name) => {
    const root = await make({ d: {}, link: symlink('d'), file: '' });
    expect(() => holdDirectory(join(root, name))).toThrow(expect.objectContaining({ code: 'ENOTDIR' }));
  });

  it('gives back its descriptor, once', async () => {
    const root = await make({ d: {} });
    const before = openFiles();
    const held = holdDirectory(root);
    const below = held?.below('d');
    for (let i = 0; i < 2; i++) {
      held?.close();
      below?.close();
    }
    expect(openFiles()).toBe(before);
  });
});

describe.runIf(process.platform === 'linux')('holdBelow', () => {
  it('goes down by any name, from a root that may be a link', async () => {
    const root = await make({ real: { 'd\udcff': { e: { a: 'found' } } }, link: symlink('real') });
    expect(read(closing(holdBelow(join(root, 'link'), 'd\udcff/e')), 'a')).toBe('found');
    expect(read(closing(holdBelow(join(root, 'link/'), 'd\udcff/e')), 'a')).toBe('found');
    expect(closing(holdBelow(join(root, 'link'), '')).stat().ino).toBe(
      lstatSync(join(root, 'real'), { bigint: true }).ino,
    );
  });

  it.each(['link/e', 'd/link', 'file/e', 'absent/e'])(
    'follows no link, and leaves nothing open: %s',
    async (path) => {
      const root = await make({ d: { e: {}, link: symlink('e') }, link: symlink('d'), file: '' });
      const before = openFiles();
      expect(() => holdBelow(root, path)).toThrow(/ENOTDIR|ENOENT/);
      expect(openFiles()).toBe(before);
    },
  );

  it('sees no swap of what it has passed', async () => {
    const root = await make({ p: { d: { a: 'inside' } }, out: { d: { a: 'outside' } } });
    const swapped = (path: string | Uint8Array) => {
      const held = holdDirectory(path);
      return (
        held && {
          ...held,
          close: () => {
            held.close();
          },
          below: (name: string) => {
            const below = held.below(name);
            renameSync(join(root, 'p'), join(root, 'away'));
            symlinkSync('out', join(root, 'p'));
            return below;
          },
        }
      );
    };
    expect(read(closing(holdBelow(root, 'p/d', { hold: swapped })), 'a')).toBe('inside');
  });

  it('holds no other root than the one it was told of', async () => {
    const root = await make({ d: {} });
    const identity = lstatSync(root, { bigint: true });
    expect(closing(holdBelow(root, 'd', { identity })).path).toMatch(/^\/proc/);
    const before = openFiles();
    const other = { ...identity, ino: identity.ino + 1n };
    expect(() => holdBelow(root, 'd', { identity: other })).toThrow(
      expect.objectContaining({ code: 'ENOTDIR' }),
    );
    expect(openFiles()).toBe(before);
  });

  it('reaches what no path is long enough for', async () => {
    const root = await make({});
    makeDeepChain(root, { depth: 60, name: 'n'.repeat(200), leaf: 'leaf' });
    const path = Array.from({ length: 60 }, () => 'n'.repeat(200)).join('/');
    const held = closing(holdBelow(root, path));
    expect(read(held, 'leaf')).toBe('leaf');
    mkdirSync(pathInDirectory(held.path, 'x'));
    writeFileSync(pathInDirectory(held.path, 'x/y'), '');
    expect(readdirSync(held.path).sort()).toEqual(['leaf', 'x']);
  });
});
