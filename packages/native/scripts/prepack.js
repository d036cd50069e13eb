// Before the package is packed. Binaries made to be published stay as they are; a package from a clone gets the one that was
// compiled here, if one was.
import { copyFileSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import process from 'node:process';
import { folder } from './compile.js';

const name = `linux-${process.arch}.node`;
const prebuilds = `${folder}prebuilds`;

if (!existsSync(`${prebuilds}/SHA256SUMS`)) {
  rmSync(prebuilds, { recursive: true, force: true });
  if (process.platform === 'linux' && existsSync(`${folder}build/${name}`)) {
    mkdirSync(prebuilds);
    copyFileSync(`${folder}build/${name}`, `${prebuilds}/${name}`);
  }
}
