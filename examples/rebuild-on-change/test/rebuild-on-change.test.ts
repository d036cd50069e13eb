import { renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { rebuildOnChange, type RebuildOptions } from '@muse/example-rebuild-on-change';
import { makeTree, tempDir } from '@muse/testkit';
import { expect, it, onTestFinished } from 'vitest';

/** Starts to build some sources; what each build was told is in `built`. */
async function project(build: RebuildOptions['build'] = () => undefined) {
  const sources = tempDir();
  await makeTree({ 'a.txt': 'a', 'lib/b.txt': 'b' }, sources.path);
  const ending = new AbortController();
  const built: (readonly string[])[] = [];
  const failures: unknown[] = [];
  const ended = rebuildOnChange({
    root: sources.path,
    signal: ending.signal,
    onFailure: (reason) => failures.push(reason),
    build: async (changed, id) => {
      built.push(changed);
      await build(changed, id);
    },
  });
  const end = (): Promise<void> => {
    ending.abort();
    return ended;
  };
  onTestFinished(async () => {
    await end();
    await sources.remove();
  });
  await expect.poll(() => built).toEqual([[]]);
  const file = (name: string) => join(sources.path, name);
  return { built, failures, file, end };
}

it('builds what was edited, moved and removed, and ends', async () => {
  const { built, file, end } = await project();
  writeFileSync(file('a.txt'), 'edited');
  await expect.poll(() => built[1]).toEqual(['a.txt']);
  renameSync(file('lib'), file('src'));
  await expect.poll(() => built[2]).toEqual(['lib/b.txt', 'src/b.txt']);
  rmSync(file('a.txt'));
  await expect.poll(() => built[3]).toEqual(['a.txt']);
  await end();
  expect(built).toHaveLength(4);
});

it('does not build for a file that was only touched', async () => {
  const { built, file } = await project();
  utimesSync(file('a.txt'), 1, 1);
  writeFileSync(file('a.txt'), 'a');
  writeFileSync(file('c.txt'), 'c');
  await expect.poll(() => built[1]).toEqual(['c.txt']);
});

it('builds once for all that changes while it builds', async () => {
  let release: (() => void) | undefined;
  const { built, file } = await project((changed) =>
    changed.includes('a.txt') ? new Promise<void>((resolve) => (release = resolve)) : undefined,
  );
  writeFileSync(file('a.txt'), 'edited');
  await expect.poll(() => built).toHaveLength(2);
  for (const name of ['x', 'y', 'z']) writeFileSync(file(name), name);
  rmSync(file('y'));
  release?.();
  await expect.poll(() => built[2]).toEqual(['x', 'z']);
});

it('tells the next build of what one that failed was told of', async () => {
  let fails = true;
  const { built, file, failures } = await project((changed) => {
    if (changed.length > 0 && fails) throw new Error('broken');
  });
  writeFileSync(file('a.txt'), 'edited');
  // Without the native engine it also hears that the sources are scanned.
  await expect.poll(() => failures).toContainEqual(new Error('broken'));
  fails = false;
  writeFileSync(file('c.txt'), 'c');
  await expect.poll(() => built[2]).toEqual(['a.txt', 'c.txt']);
});
