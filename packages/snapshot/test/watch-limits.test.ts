import { spawnSync } from 'node:child_process';
import { openSnapshotter } from '@muse/snapshot';
import { makeTree, recordingLogger, tempDir } from '@muse/testkit';
import { nativeEngine } from '@muse/walker/scan';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { runNode } from './support/run-node.js';

afterEach(() => {
  vi.unstubAllEnvs();
});

/** Runs a program in a name space with a limit of its own on inotify, if the system lets it. */
const limited = (limit: string) =>
  `unshare -U -r sh -c 'echo ${limit.replace('=', ' > /proc/sys/user/')}; exec "$0" "$@"'`;
const cannotLimit =
  spawnSync('sh', ['-c', `exec ${limited('1=max_inotify_watches')} true`]).status !== 0 ||
  (await nativeEngine(undefined)) === undefined;

describe('a snapshotter that cannot watch', () => {
  it('gives the same answers by scans, and says so once', async () => {
    vi.stubEnv('MUSE_ENGINE', 'typescript');
    await using root = tempDir();
    const logger = recordingLogger();
    await using snapshotter = await openSnapshotter(root.path, { watch: true, logger });
    await makeTree({ a: 'a' }, root.path);
    for (let times = 0; times < 2; times++) {
      const { by, manifest } = await snapshotter.snapshot();
      expect([by, [...manifest.keys()]]).toEqual(['scan', ['a']]);
    }
    expect(logger.messages.warn).toEqual([
      `Cannot watch ${JSON.stringify(root.path)}: the native engine, which hears of changes, is not in use; each snapshot is taken by a scan`,
    ]);
  });

  it.runIf(process.platform === 'linux')(
    'does so on a file system that is not known to tell of changes',
    async () => {
      const logger = recordingLogger();
      const root = '/proc/self/fdinfo';
      await using snapshotter = await openSnapshotter(root, { watch: true, logger });
      for (let times = 0; times < 2; times++) expect((await snapshotter.snapshot()).by).toBe('scan');
      expect(logger.messages.warn).toHaveLength(1);
    },
  );

  it.skipIf(cannotLimit).each([
    [
      'max_inotify_instances=0',
      /^Cannot watch ".*": too many open files \(EMFILE\): raise fs\.inotify\.max_user_instances, .*by a scan$/,
      'scan',
    ],
    [
      'max_inotify_watches=0',
      /^Cannot watch ".*": no space left on device \(ENOSPC\): raise fs\.inotify\.max_user_watches; .*by a scan$/,
      'scan',
    ],
    [
      'max_inotify_watches=2',
      /^Cannot watch 2 directories below ".*": no space left .*max_user_watches; .*lists them anew$/,
      'events',
    ],
  ])('says once which limit of the system was reached: %s', async (limit, message, by) => {
    const [name = '', value = ''] = limit.split('=');
    await using root = tempDir();
    await makeTree({ 'a/f': 'a', 'b/f': 'b', 'c/f': 'c' }, root.path);
    const answer = await runNode(
      `import { writeFileSync } from 'node:fs';
      const root = ${JSON.stringify(root.path)};
      const warn = [];
      const logger = { debug() {}, warn: (message) => warn.push(message), error() {} };
      const snapshotter = await openSnapshotter(root, { watch: true, logger });
      const seen = [];
      for (const name of ['a', 'b', 'c']) {
        writeFileSync(root + '/' + name + '/f', 'edited ' + name);
        const { by, manifest } = await snapshotter.snapshot();
        seen.push(by, new Set(manifest.values()).size);
        writeFileSync(root + '/' + name + '/new', 'new ' + name);
      }
      answer({ warn, seen });
      await snapshotter.close();`,
      { before: limited(`${value}=${name}`) },
    );
    expect(answer).toEqual({
      warn: [expect.stringMatching(message) as string],
      seen: ['scan', 3, by, 4, by, 5],
    });
  });
});
