import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { freshDist } from '@muse/testkit';
import { expect, it } from 'vitest';

const module = pathToFileURL(join(freshDist('@muse/bench'), 'processes/busy-process.js')).href;

/** Starts a process with one that is busy below it, and returns its way to end and the pid of the busy one. */
async function start(then: string) {
  const script = `
    import { BusyProcess } from '${module}';
    import { readFileSync } from 'node:fs';
    const busy = new BusyProcess();
    console.log(readFileSync('/proc/self/task/' + process.pid + '/children', 'utf8').trim());
    process.stdin.once('data', () => { ${then} });
  `;
  const parent = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const [printed] = (await once(parent.stdout, 'data')) as [Buffer];
  return { parent, child: `/proc/${printed.toString().trim()}` };
}

it.runIf(process.platform === 'linux')('a busy process ends when it is told to', async () => {
  const { parent, child } = await start('busy.end()');
  expect(existsSync(child)).toBe(true);
  parent.stdin.write('now');
  await expect.poll(() => existsSync(child)).toBe(false);
  parent.kill();
});

it.runIf(process.platform === 'linux')('a busy process ends when its parent is killed', async () => {
  const { parent, child } = await start('');
  expect(existsSync(child)).toBe(true);
  parent.kill('SIGKILL');
  await expect.poll(() => existsSync(child)).toBe(false);
});
