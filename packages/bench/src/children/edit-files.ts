import { closeSync, openSync, utimesSync, writeSync } from 'node:fs';

// Names are bytes, one character each: they need not be UTF-8.

function below(root: string, name: string): Buffer {
  return Buffer.concat([Buffer.from(`${root}/`), Buffer.from(name, 'latin1')]);
}

/** Gives every file new times and leaves its bytes alone. */
export function touchFiles(root: string, names: readonly string[]): void {
  const now = new Date();
  for (const name of names) utimesSync(below(root, name), now, now);
}

let edits = 0;

/** Overwrites the first bytes of so many files, spread over the list, with what was never there before. */
export function editFiles(root: string, names: readonly string[], count: number): void {
  const text = `/* edit ${++edits} by ${process.pid} at ${Date.now()} */`;
  for (let index = 0; index < count; index++) {
    const name = names[Math.floor((index * names.length) / count)];
    if (name === undefined) continue;
    const descriptor = openSync(below(root, name), 'r+');
    writeSync(descriptor, text, 0);
    closeSync(descriptor);
  }
}
