import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openLongPathBy, openLongPath } from './held-directory.js';

describe('openLongPath', () => {
  it('returns a short path as it is', () => {
    expect(openLongPath('/a/b').path).toBe('/a/b');
    expect(openLongPath('é'.repeat(2000)).path).toBe('é'.repeat(2000));
    const bytes = Buffer.alloc(4095, 'x');
    expect(openLongPath(bytes).path).toBe(bytes);
    expect(Object.isFrozen(openLongPath('/a').close)).toBe(true);
    openLongPath('/a').close();
  });

  it('fails where descriptors cannot be had by path', () => {
    const path = 'a/'.repeat(2048);
    for (const descriptors of [undefined, '/none/such']) {
      expect(() => openLongPathBy(descriptors, path)).toThrow(
        expect.objectContaining({ code: 'ENAMETOOLONG' }) as Error,
      );
      expect(() => openLongPathBy(descriptors, Buffer.from(path))).toThrow(/the path has 4096 bytes/);
    }
  });
});

describe.runIf(fs.existsSync('/proc/self/fd'))('openLongPath beyond PATH_MAX', () => {
  const long = 'n'.repeat(250);
  let top: string;
  let openBefore: string[];

  beforeEach(() => {
    top = fs.realpathSync(fs.mkdtempSync(join(tmpdir(), 'muse-reach-')));
    openBefore = openDescriptors();
  });

  afterEach(() => {
    expect(openDescriptors()).toEqual(openBefore);
    fs.rmSync(top, { recursive: true });
  });

  it('makes, reads and removes a tree of 2,000 levels', () => {
    const names = Array.from({ length: 2000 }, (_, level) => `d${level}`);
    const deepest = join(top, ...names);
    const remove = makeDirectories(deepest);

    const file = join(deepest, 'file');
    through(file, (path) => {
      fs.writeFileSync(path, 'deep');
    });
    expect(through(file, (path) => fs.readFileSync(path, 'utf8'))).toBe('deep');
    expect(through(Buffer.from(file), (path) => fs.readFileSync(path, 'utf8'))).toBe('deep');
    expect(through(`${deepest}/`, (path) => fs.readdirSync(path))).toEqual(['file']);
    expect(() => through(join(deepest, 'none'), (path) => fs.lstatSync(path))).toThrow(/ENOENT/);
    expect(() => openLongPath(join(file, ...names))).toThrow(/ENOTDIR/);

    through(file, fs.unlinkSync);
    remove();
  });

  it('keeps names that are not UTF-8', () => {
    const parent = join(top, ...repeat(20, long));
    const remove = makeDirectories(parent);
    const file = Buffer.concat([Buffer.from(`${parent}/`), Buffer.from('caf\xe9', 'latin1')]);
    through(file, (path) => {
      fs.writeFileSync(path, 'x');
    });
    expect(through(parent, (path) => fs.readdirSync(path, 'latin1'))).toEqual(['caf\xe9']);
    expect(through(`${parent}/caf\udce9`, (path) => fs.readFileSync(path, 'utf8'))).toBe('x');
    through(file, fs.unlinkSync);
    remove();
  });

  it('keeps one descriptor open until close, and closes it once', () => {
    const deepest = join(top, ...repeat(30, long));
    const remove = makeDirectories(deepest);
    const first = openLongPath(deepest);
    expect(openDescriptors()).toHaveLength(openBefore.length + 1);
    first.close();
    const second = openLongPath(deepest);
    first.close();
    expect(fs.lstatSync(second.path).isDirectory()).toBe(true);
    second.close();
    remove();
  });

  it('leaves no descriptor behind when a step fails', () => {
    const deepest = join(top, ...repeat(20, long));
    const remove = makeDirectories(deepest);
    expect(() => openLongPath(join(deepest, ...repeat(40, 'missing'.repeat(30))))).toThrow(/ENOENT/);
    expect(() => openLongPath(join(deepest, 'm'.repeat(9000)))).toThrow(/the path has/);
    expect(openDescriptors()).toEqual(openBefore);
    remove();
  });

  it('does not follow a link at the end of a step', () => {
    // The first step ends at the link: of its 3,500 bytes fewer are left than the next name has.
    const parent = join(top, ...repeat(Math.floor((3495 - top.length) / 251), long));
    const rest = repeat(4, long);
    const remove = makeDirectories(join(parent, 'real', ...rest));
    fs.symlinkSync('real', join(parent, 'link'));
    expect(through(join(parent, 'real', ...rest), (path) => fs.lstatSync(path).isDirectory())).toBe(true);
    expect(() => openLongPath(join(parent, 'link', ...rest))).toThrow(/ENOTDIR|ELOOP/);
    fs.unlinkSync(join(parent, 'link'));
    remove();
  });

  /** Makes the directory and those above it; returns what removes them, deepest first. */
  function makeDirectories(path: string): () => void {
    const levels: string[] = [];
    for (const name of path.slice(top.length + 1).split('/')) levels.push(join(levels.at(-1) ?? top, name));
    for (const level of levels) {
      through(level, (reached) => {
        fs.mkdirSync(reached);
      });
    }
    return () => {
      for (const level of levels.reverse()) through(level, fs.rmdirSync);
    };
  }
});

function repeat(count: number, name: string): string[] {
  return Array<string>(count).fill(name);
}

function through<T>(path: string | Uint8Array, use: (path: string | Buffer) => T): T {
  const reached = openLongPath(path);
  try {
    return use(reached.path);
  } finally {
    reached.close();
  }
}

function openDescriptors(): string[] {
  return fs.readdirSync('/proc/self/fd');
}
