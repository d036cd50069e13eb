/** Edits so many files of a list, spread over it, or touches all: `edit-files.js <root> <list> <count | touch>`. */
import { closeSync, openSync, readFileSync, utimesSync, writeSync } from 'node:fs';

const [root = '', list = '', what = ''] = process.argv.slice(2);
// As bytes: a name need not be UTF-8.
const below = Buffer.from(`${root}/`);
const names = readFileSync(list, 'latin1').split('\0').slice(0, -1);
const paths = names.map((name) => Buffer.concat([below, Buffer.from(name, 'latin1')]));
if (what === 'touch') touch();
else edit(Number(what));

/** Gives every file new times and leaves its bytes alone. */
function touch(): void {
  const now = new Date();
  for (const path of paths) utimesSync(path, now, now);
}

/** Overwrites the first bytes with what was never there before. */
function edit(count: number): void {
  const text = `/* edited by ${process.pid} at ${Date.now()} */`;
  for (let index = 0; index < count; index++) {
    const path = paths[Math.floor((index * paths.length) / count)];
    if (path === undefined) continue;
    const descriptor = openSync(path, 'r+');
    writeSync(descriptor, text, 0);
    closeSync(descriptor);
  }
}
