import { effort, makeDeepChain, makeTree, removeTree } from '@muse/testkit';
import { describe, expect, it, onTestFinished } from 'vitest';
import { resolveRoot } from '../walk/root.js';
import { TypeScriptScanEngine } from './engine.js';
import { nativeEngine, NativeScanEngine, openNativeRoot } from './native-engine.js';
import { systemCalls, type ScanCalls } from './open-directory.js';
import { directoriesOf, Tree } from './tree.js';

const DEPTH = effort(1000, 3000);

const native = await nativeEngine(undefined);

describe.runIf(process.platform === 'linux').each(native ? ['typescript', 'native'] : ['typescript'])(
  'with the %s engine',
  (name) => {
    it('a tree that goes deep is listed by short paths, and nothing stays open', async () => {
      const root = await makeTree({});
      onTestFinished(() => removeTree(root));
      makeDeepChain(root, { depth: DEPTH, name: 'dd', leaf: 'leaf' });
      let longest = 0;
      let held = 0;
      const measured = <T extends string | Uint8Array>(path: T): T => {
        longest = Math.max(longest, path.length);
        return path;
      };
      const calls: ScanCalls = {
        ...systemCalls,
        names: (path) => systemCalls.names(measured(path)),
        lstat: (path) => systemCalls.lstat(measured(path)),
        hold: (path) => {
          const directory = systemCalls.hold?.(measured(path));
          if (!directory) return undefined;
          held++;
          const close = () => {
            held--;
            directory.close();
          };
          return Object.assign(Object.create(directory) as typeof directory, { close });
        },
      };
      const resolved = await resolveRoot(root);
      const opened = name === 'native' && native ? openNativeRoot(native, resolved.root, 2) : undefined;
      const engine = opened
        ? new NativeScanEngine(opened)
        : new TypeScriptScanEngine({ root: resolved.root, calls });
      const tree = new Tree({ root: resolved.root, identity: resolved, engine, calls });
      await tree.list();
      expect([...directoriesOf(tree.top)].filter(({ state }) => state === 'listed')).toHaveLength(DEPTH + 1);
      // Each directory is reached from one that is 1,024 characters above it at most.
      expect(longest).toBeLessThan(1400);
      expect(held).toBeGreaterThan(0);
      tree.close();
      opened?.close();
      expect(held).toBe(0);
    });
  },
);
