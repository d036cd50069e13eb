import { execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { promisify } from 'node:util';

const run = promisify(execFile);
const unshare = ['--mount', '--propagation', 'private'];

/** Why nothing can be mounted here; undefined where it can. */
export const noMounts: string | undefined = whyNoMounts();

function whyNoMounts(): string | undefined {
  if (process.platform !== 'linux') return 'only Linux has mount namespaces';
  if (process.getuid?.() !== 0) return 'only root can mount';
  const script = 'mount -t tmpfs -o size=4k tmpfs /mnt && nsenter --target $$ --mount true';
  const { status } = spawnSync('unshare', [...unshare, 'sh', '-c', script]);
  return status === 0 ? undefined : 'this system lets even root mount nothing, or lacks the commands for it';
}

/** Mounts that no other process sees, and that go away at the end of an `await using` scope or with this process. */
export interface MountNamespace extends AsyncDisposable {
  /** Words to put in front of a command that is to see the mounts. */
  readonly enter: readonly string[];
  /** Runs a shell command that sees the mounts. */
  readonly shell: (command: string) => Promise<void>;
  /** The path by which this process reaches what lies at an absolute path in there. */
  readonly reach: (path: string) => string;
}

/** Opens a mount namespace, in which nothing is mounted yet that is not mounted here. */
export async function openMountNamespace(): Promise<MountNamespace> {
  // It lives as long as its stdin is open: even SIGKILL to this process ends it.
  const holder = spawn('unshare', [...unshare, 'sh', '-c', 'echo; exec cat'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  await once(holder.stdout, 'data');
  const target = String(holder.pid);
  const enter = ['nsenter', '--target', target, '--mount', '--'];
  return {
    enter,
    shell: async (command) => {
      await run('nsenter', [...enter.slice(1), 'sh', '-ec', command]);
    },
    reach: (path) => `/proc/${target}/root${path}`,
    async [Symbol.asyncDispose]() {
      const closed = once(holder, 'close');
      holder.stdin.end();
      await closed;
    },
  };
}
