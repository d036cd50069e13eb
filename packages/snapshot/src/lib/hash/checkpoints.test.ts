import { describe, expect, it } from 'vitest';
import { startCheckpoints } from './hash-misses.js';

/** Runs checkpoints that take so many milliseconds each, or fail, and returns the pauses before each of them. */
async function pausesOf(
  saves: readonly (number | 'nothing new' | 'failure' | 'slow failure')[],
): Promise<number[]> {
  const pauses: number[] = [];
  let clock = 0;
  let done = 0;
  await new Promise<void>((resolve) => {
    const checkpoint = () => {
      const save = saves[done++];
      clock +=
        typeof save === 'number' ? save : save === 'slow failure' ? 3000 : save === 'failure' ? 0 : 5000;
      if (save === 'failure' || save === 'slow failure')
        return Promise.reject(new Error('no space left on device'));
      return Promise.resolve(save !== 'nothing new');
    };
    const sleep = (milliseconds: number) => {
      pauses.push(milliseconds);
      if (done === saves.length) resolve();
      return done === saves.length ? new Promise<never>(() => undefined) : Promise.resolve();
    };
    startCheckpoints({ checkpoint }, { sleep, now: () => clock });
  });
  return pauses;
}

describe('startCheckpoints', () => {
  it('saves every 10 s while a save takes less than half a second', async () => {
    expect(await pausesOf([0, 100, 500])).toEqual([10_000, 10_000, 10_000, 10_000]);
  });

  it('leaves 20 times as long alone as the last save took', async () => {
    expect(await pausesOf([3000, 501, 10])).toEqual([10_000, 60_000, 10_020, 10_000]);
  });

  it('takes the time of a look that found nothing new for none', async () => {
    expect(await pausesOf(['nothing new'])).toEqual([10_000, 10_000]);
  });

  it('tries again after a save that failed, and no sooner than after one that did not', async () => {
    expect(await pausesOf([0, 'failure', 3000, 0])).toEqual([10_000, 10_000, 10_000, 60_000, 10_000]);
    expect(await pausesOf(['slow failure', 0])).toEqual([10_000, 60_000, 10_000]);
  });

  it('tells of a save while it is under way, whether or not it fails', async () => {
    let finish: (error?: Error) => void = () => undefined;
    const save = new Promise<boolean>((resolve, reject) => {
      finish = (error) => {
        if (error) reject(error);
        else resolve(true);
      };
    });
    let begin: () => void = () => undefined;
    const slept = new Promise<void>((resolve) => (begin = resolve));
    const { saving, stop } = startCheckpoints(
      { checkpoint: () => save },
      { sleep: () => slept, now: () => 0 },
    );
    expect(saving()).toBe(undefined);
    begin();
    await slept;
    const under = saving();
    expect(under).toBeInstanceOf(Promise);
    finish(new Error('no space left on device'));
    await under;
    await stop();
    expect(saving()).toBe(undefined);
  });

  it('ends at once, but not before a save that is under way', async () => {
    let saves = 0;
    const count = () => Promise.resolve(++saves > 0);
    await startCheckpoints({ checkpoint: count }).stop();
    expect(saves).toBe(0);
    let finish: (isSaved: boolean) => void = () => undefined;
    let isDone = false;
    const saving = new Promise<boolean>((resolve) => (finish = resolve));
    const sleep = () => Promise.resolve();
    const busy = startCheckpoints({ checkpoint: () => saving }, { sleep, now: () => 0 });
    await new Promise((resolve) => setTimeout(resolve, 20));
    const stopped = busy.stop().then(() => (isDone = true));
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(isDone).toBe(false);
    finish(true);
    await stopped;
  });
});
