import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { promisify } from 'node:util';
import type { Worker } from 'node:worker_threads';
import { built, freshDist } from '@muse/testkit';
import { ThreadPool } from '@muse/walker/scan';
import { describe, expect, it, onTestFinished } from 'vitest';

freshDist('@muse/walker');
const script = new URL('./support/test-worker.js', import.meta.url);

function poolOf(size: number): ThreadPool {
  const pool = new ThreadPool(() => script, size);
  onTestFinished(() => pool.close());
  return pool;
}

const echo = <T>(value: T) => ({ do: 'echo', value });

/** Returns the messages with which tasks reject, all of them heard from the start. */
async function reasonsOf(tasks: readonly Promise<unknown>[]): Promise<string[]> {
  const results = await Promise.allSettled(tasks);
  return results.map((result) =>
    result.status === 'rejected' ? (result.reason as Error).message : 'fulfilled',
  );
}

async function untilOnline(pool: ThreadPool): Promise<void> {
  pool.start();
  while (!pool.online) await new Promise((resolve) => setTimeout(resolve, 2));
}

describe('ThreadPool.run', () => {
  it('starts the threads on demand, and gives each task its own answer', async () => {
    const pool = poolOf(2);
    expect([pool.started, pool.online, pool.broken, pool.capacity]).toEqual([false, false, false, 4]);
    const answers = await Promise.all(Array.from({ length: 50 }, (_, i) => pool.run(echo(i))));
    expect(answers).toEqual(Array.from({ length: 50 }, (_, i) => i));
    expect([pool.started, pool.online, pool.broken]).toEqual([true, true, false]);
  });

  it('hands over what an answer transfers', async () => {
    const pool = poolOf(1);
    const value = new BigInt64Array([1n, -1n]);
    expect(await pool.run({ do: 'transfer', value })).toEqual(value);
  });

  it('rejects with what the task throws, and goes on', async () => {
    const pool = poolOf(1);
    const tasks = [pool.run(echo(1)), pool.run({ do: 'throw', why: 'no such thing' }), pool.run(echo(3))];
    const results = await Promise.allSettled(tasks);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(results[1]).toMatchObject({ reason: { name: 'TypeError', message: 'no such thing' } });
    expect(pool.broken).toBe(false);
  });

  it('works in threads of a process that was started with flags of its own', async () => {
    const program = `
      import { ThreadPool } from ${JSON.stringify(built('@muse/walker/scan'))};
      const pool = new ThreadPool(() => new URL(${JSON.stringify(script.href)}), 1);
      console.log(await pool.run({ do: 'echo', value: 'fine' }));`;
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program]);
    expect(stdout).toBe('fine\n');
  });
});

describe('ThreadPool, when a thread ends by itself,', () => {
  it.each([
    [{ do: 'exit', code: 3 }, /ended with code 3/],
    [{ do: 'exit', code: 0 }, /ended with code 0/],
  ])('by %j, rejects all tasks, those waiting included, and is broken', async (message, reason) => {
    const pool = poolOf(1);
    await pool.run(echo(0));
    const tasks = [pool.run(message), ...Array.from({ length: 10 }, (_, i) => pool.run(echo(i)))];
    for (const message of await reasonsOf(tasks)) expect(message).toMatch(reason);
    expect(pool.broken).toBe(true);
    await expect(pool.run(echo(0))).rejects.toThrow(reason);
  });

  it('by an exception outside of a task, rejects what comes after with that', async () => {
    const pool = poolOf(1);
    await pool.run(echo(0));
    // Its answer may be lost with the thread.
    await pool.run({ do: 'crash' }).catch(() => undefined);
    while (!pool.broken) await new Promise((resolve) => setTimeout(resolve, 2));
    await expect(pool.run(echo(1))).rejects.toThrow('crashed');
  });

  it('is broken although nothing was under way', async () => {
    const workers: Worker[] = [];
    const ready: Promise<unknown>[] = [];
    const add = (worker: Worker) => {
      workers.push(worker);
      ready.push(once(worker, 'message'));
    };
    process.on('worker', add);
    onTestFinished(() => void process.off('worker', add));
    const pool = poolOf(2);
    await untilOnline(pool);
    // A thread that ends before it is ready could not be started, which is another matter.
    await Promise.all(ready);
    await workers[1]?.terminate();
    expect(pool.broken).toBe(true);
    await expect(pool.run(echo(1))).rejects.toThrow(/worker thread ended/);
  });
});

describe('a pool whose threads cannot be started', () => {
  it.each([
    ['the script is not there', () => new URL('./absent.js', import.meta.url), /absent\.js/],
    ['its place cannot be told', () => new URL('./worker.js', undefined), /Invalid URL/],
    ['it ends at once', () => new URL('data:text/javascript,process.exit(0)'), /ended with code 0/],
    ['it throws', () => new URL('data:text/javascript,throw new Error("no")'), /: no$/],
    [
      'it is another script',
      () =>
        new URL('data:text/javascript,import("node:worker_threads").then(t=>t.parentPort.postMessage(1))'),
      /another script/,
    ],
  ])(
    'because %s rejects each task with that, says so once, and leaves no thread',
    async (_, place, reason) => {
      const heard: string[] = [];
      const pool = new ThreadPool(place, 2, ({ message }) => heard.push(message));
      onTestFinished(() => pool.close());
      const unavailable = {
        name: 'ThreadsUnavailableError',
        message: expect.stringMatching(reason) as string,
      };
      const results = await Promise.allSettled([pool.run(echo(1)), pool.run(echo(2))]);
      for (const result of results) expect(result).toMatchObject({ status: 'rejected', reason: unavailable });
      await expect(pool.run(echo(3))).rejects.toMatchObject(unavailable);
      expect([pool.unavailable, pool.broken, pool.started, heard.length]).toEqual([true, false, false, 1]);
    },
  );

  it('although it was not asked for anything yet says so', async () => {
    const reason = await new Promise((resolve) => {
      new ThreadPool(() => new URL('./absent.js', import.meta.url), 1, resolve).start();
    });
    expect(reason).toMatchObject({ name: 'ThreadsUnavailableError' });
  });
});

describe('ThreadPool.setAborted', () => {
  it('ends tasks that look, and those that wait behind them, until it is taken back', async () => {
    const pool = poolOf(1);
    await pool.run(echo(0));
    const tasks = [pool.run({ do: 'spin' }), pool.run({ do: 'spin' }), pool.run({ do: 'spin' })];
    setTimeout(() => {
      pool.setAborted(true);
    }, 10);
    expect(await reasonsOf(tasks)).toEqual(['Aborted', 'Aborted', 'Aborted']);
    expect(pool.broken).toBe(false);
    pool.setAborted(false);
    expect(await pool.run(echo('again'))).toBe('again');
  });
});

describe('ThreadPool.close', () => {
  it('rejects what is under way and what waits, and what comes after', async () => {
    const pool = poolOf(1);
    await pool.run(echo(0));
    const tasks = [pool.run({ do: 'spin' }), pool.run(echo(1)), pool.run(echo(2))];
    const reasons = reasonsOf(tasks);
    await pool.close();
    for (const reason of await reasons) expect(reason).toMatch('its thread pool was closed');
    await expect(pool.run(echo(3))).rejects.toThrow('its thread pool was closed');
    await pool.close();
  });

  it('ends threads that are still starting', async () => {
    const pool = poolOf(3);
    pool.start();
    await pool.close();
    expect(pool.started).toBe(false);
  });

  it('may be called where nothing was started', async () => {
    await poolOf(1).close();
  });
});

describe('a process with a pool that nobody closed', () => {
  const run = (body: string) =>
    promisify(execFile)(
      process.execPath,
      [
        '--input-type=module',
        '-e',
        `import { ThreadPool } from ${JSON.stringify(built('@muse/walker/scan'))};
         const pool = new ThreadPool(() => new URL(${JSON.stringify(script.href)}), 2);
         ${body}`,
      ],
      { timeout: 200_000 },
    );

  it('ends by itself once the pool is idle', async () => {
    expect((await run(`console.log(await pool.run({ do: 'echo', value: 1 }));`)).stdout).toBe('1\n');
  });

  it('ends by itself while the threads start', async () => {
    expect((await run(`pool.start(); console.log('started');`)).stdout).toBe('started\n');
  });

  it('does not end before its tasks do', async () => {
    const body = `void pool.run({ do: 'wait', milliseconds: 300, value: 'done' }).then(console.log);`;
    expect((await run(body)).stdout).toBe('done\n');
  });
});
