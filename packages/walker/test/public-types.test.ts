import type { BigIntStats } from 'node:fs';
import * as main from '@muse/walker';
import type {
  DirectoryListing,
  IgnoreRules,
  LeftOutKind,
  ListedEntry,
  ResolvedRoot,
  Walk,
  WalkedFile,
  WalkedStat,
  WalkOptions,
  WalkProblem,
} from '@muse/walker';
import * as ignore from '@muse/walker/ignore';
import { describe, expect, expectTypeOf, it } from 'vitest';

describe('@muse/walker', () => {
  it('has these names and no others', () => {
    expect(Object.keys(main).sort()).toEqual(['listDirectory', 'resolveRoot', 'walk']);
  });

  it('walks', () => {
    expectTypeOf(main.walk).toEqualTypeOf<(root: string, options?: WalkOptions) => Promise<Walk>>();
    expectTypeOf<Walk>().toEqualTypeOf<{
      readonly root: string;
      readonly files: readonly WalkedFile[];
      readonly directories: number;
      readonly leftOut: Readonly<Record<LeftOutKind, number>>;
      readonly problems: readonly WalkProblem[];
    }>();
    expectTypeOf<WalkedFile>().toEqualTypeOf<{ readonly path: string; readonly stat: WalkedStat }>();
    expectTypeOf<BigIntStats>().toExtend<WalkedStat>();
  });

  it('takes options that may be undefined, and rules of any class', () => {
    expectTypeOf<{
      threads: number | undefined;
      ignore: IgnoreRules | undefined;
      oneFileSystem: boolean | undefined;
      signal: AbortSignal | undefined;
    }>().toExtend<WalkOptions>();
    expectTypeOf<{ ignores: (path: string, directory: boolean) => boolean }>().toExtend<IgnoreRules>();
    expectTypeOf<{ ignores: () => boolean }>().toExtend<IgnoreRules>();
  });

  it('names every kind of what it leaves out, and of problems', () => {
    expectTypeOf<LeftOutKind>().toEqualTypeOf<
      'symlink' | 'fifo' | 'socket' | 'device' | 'unknown' | 'ignored' | 'reserved' | 'other-device'
    >();
    expectTypeOf<WalkProblem>().toEqualTypeOf<{
      readonly path: string;
      readonly kind: 'unreadable' | 'torn' | 'path-too-long' | 'io-error' | 'not-trusted';
      readonly operation: string;
      readonly code: string;
      readonly message: string;
    }>();
  });

  it('lists one directory, and resolves a root', () => {
    expectTypeOf(main.listDirectory).toEqualTypeOf<
      (root: string, path: string) => Promise<DirectoryListing>
    >();
    expectTypeOf<DirectoryListing['directories']>().toEqualTypeOf<readonly ListedEntry[]>();
    expectTypeOf(main.resolveRoot).toEqualTypeOf<(root: string) => Promise<ResolvedRoot>>();
  });
});

describe('@muse/walker/ignore', () => {
  it('has these names and no others', () => {
    expect(Object.keys(ignore).sort()).toEqual([
      'IgnoreFileError',
      'IgnorePatternError',
      'PatternRules',
      'checkMuseOwner',
      'combineIgnoreRules',
      'defaultMuseIgnore',
      'loadGitIgnoreRules',
      'loadIgnoreFiles',
      'loadIgnoreRules',
      'parseMuseIgnore',
      'rulesAbove',
    ]);
  });

  it('gives rules that walk takes', () => {
    expectTypeOf(ignore.loadIgnoreRules).toEqualTypeOf<
      (root: string, options?: ignore.LoadIgnoreOptions) => Promise<ignore.PatternRules | undefined>
    >();
    expectTypeOf(ignore.loadIgnoreFiles).toEqualTypeOf<
      (
        root: string,
        files: readonly string[],
        options?: ignore.LoadIgnoreOptions,
      ) => Promise<ignore.PatternRules>
    >();
    expectTypeOf(ignore.loadGitIgnoreRules).toEqualTypeOf<
      (root: string, options?: ignore.LoadGitIgnoreRulesOptions) => Promise<IgnoreRules>
    >();
    expectTypeOf(ignore.combineIgnoreRules).toEqualTypeOf<
      (...rules: readonly (IgnoreRules | undefined)[]) => IgnoreRules | undefined
    >();
    expectTypeOf(ignore.parseMuseIgnore).parameters.toEqualTypeOf<[string, ignore.ParseMuseIgnoreOptions]>();
    expectTypeOf(ignore.parseMuseIgnore).returns.toEqualTypeOf<ignore.PatternRules>();
    expectTypeOf<ignore.PatternRules>().toExtend<IgnoreRules>();
    expectTypeOf<ignore.PatternRules['explain']>().returns.toEqualTypeOf<ignore.IgnoreRule | undefined>();
    expectTypeOf<ignore.IgnoreFileError>().toExtend<Error>();
    expectTypeOf(ignore.defaultMuseIgnore).toBeString();
  });
});
