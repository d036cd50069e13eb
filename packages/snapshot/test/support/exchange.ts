import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const SOURCE = `
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/syscall.h>
#include <unistd.h>
int main(int count, char **paths) {
  return count != 3 || syscall(SYS_renameat2, AT_FDCWD, paths[1], AT_FDCWD, paths[2], RENAME_EXCHANGE) != 0;
}`;

let program: string | undefined;

/** Exchanges two names in one go, which Node has no call for. Throws where they cannot be, or where there is no C compiler. */
export function exchange(a: string, b: string): void {
  program ??= compiled();
  const isDone = program !== '' && spawnSync(program, [a, b]).status === 0;
  if (!isDone) throw Object.assign(new Error('They cannot be exchanged'), { code: 'NOEXCHANGE' });
}

function compiled(): string {
  const directory = mkdtempSync(join(tmpdir(), 'muse-exchange-'));
  process.once('exit', () => {
    rmSync(directory, { recursive: true, force: true });
  });
  try {
    execFileSync('cc', ['-x', 'c', '-o', `${directory}/exchange`, '-'], { input: SOURCE, stdio: 'pipe' });
    return `${directory}/exchange`;
  } catch {
    return '';
  }
}
