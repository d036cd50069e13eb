import {
  copyFileSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  symlinkSync,
  utimesSync,
  lstatSync,
} from 'node:fs';
import { isReserved } from '../libraries/reserved.js';

/**
 * Copies files, directories and links into a directory that is there, without what Muse always leaves out. Names are
 * bytes: `cpSync` fails on one that is not UTF-8.
 */
export function copyTree(from: Buffer, to: Buffer): void {
  for (const entry of readdirSync(from, { withFileTypes: true, encoding: 'buffer' })) {
    if (isReserved(entry.name.toString())) continue;
    const [source, target] = [below(from, entry.name), below(to, entry.name)];
    if (entry.isDirectory()) {
      mkdirSync(target);
      copyTree(source, target);
    } else if (entry.isSymbolicLink()) {
      symlinkSync(readlinkSync(source, 'buffer'), target);
    } else if (entry.isFile()) {
      copyFileSync(source, target);
      const { atime, mtime } = lstatSync(source);
      utimesSync(target, atime, mtime);
    }
  }
}

function below(directory: Buffer, name: Buffer): Buffer {
  return Buffer.concat([directory, Buffer.from('/'), name]);
}
