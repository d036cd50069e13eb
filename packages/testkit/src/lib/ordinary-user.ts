import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** The user of a child process; spread it into the options of `spawn`. */
export interface UserIds {
  readonly uid: number;
  readonly gid: number;
}

const nobody: UserIds = { uid: 65534, gid: 65534 };

/**
 * A user whom file permissions bind: `nobody` for a test that runs as root, else the current one; undefined where the
 * system has no such users.
 */
export function ordinaryUser(): UserIds | undefined {
  const uid = process.getuid?.();
  const gid = process.getgid?.();
  if (uid === undefined || gid === undefined) return undefined;
  return uid === 0 ? nobody : { uid, gid };
}

/** Makes the ordinary user the owner of a tree, links not followed, and returns that user. */
export async function giveToOrdinaryUser(root: string): Promise<UserIds> {
  const user = ordinaryUser();
  if (user === undefined)
    throw new Error(`Cannot change the owner of "${root}": this system has no user ids`);
  if (process.getuid?.() === 0) {
    await promisify(execFile)('chown', ['-hR', `${String(user.uid)}:${String(user.gid)}`, '--', root]);
  }
  return user;
}

/**
 * Statements by which a script that root started becomes the ordinary user's, to follow its imports; empty for anybody
 * else. A test starts Node so, and never as that user: it may be installed where only root can start it.
 */
export function becomeOrdinaryUser(): string {
  const user = ordinaryUser();
  if (user === undefined || process.getuid?.() !== 0) return '';
  const { uid, gid } = user;
  return `process.setgroups([]); process.setgid(${String(gid)}); process.setuid(${String(uid)});`;
}
