/** Keeps one processor busy until it is killed or its parent has ended: `keep-busy.js <pid of the parent>`. */
const parent = Number(process.argv[2]);
const LOOK_MS = 10;
while (process.ppid === parent) {
  const until = performance.now() + LOOK_MS;
  while (performance.now() < until);
}
