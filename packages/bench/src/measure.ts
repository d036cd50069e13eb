/** Runs some work a few times and returns the shortest time, in milliseconds: the others were disturbed. */
export async function shortest(work: () => unknown, runs = 5): Promise<number> {
  let best = Infinity;
  for (let run = 0; run < runs; run++) {
    const started = performance.now();
    await work();
    best = Math.min(best, performance.now() - started);
  }
  return best;
}
