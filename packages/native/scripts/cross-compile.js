// Makes prebuilds/ for the published package: one binary for each processor, whatever its C library, and their checksums.
// Needs gcc for both; on Debian: apt-get install gcc gcc-aarch64-linux-gnu, or gcc-x86-64-linux-gnu on arm64.
import { createHash } from 'node:crypto';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { compile, folder } from './compile.js';
import { prebuilt } from './prebuilt.js';

rmSync(`${folder}prebuilds`, { recursive: true, force: true });
const sums = prebuilt.map(({ processor, compiler, name }) => {
  const output = `${folder}prebuilds/${name}`;
  compile({ compiler, processor, output });
  return `${createHash('sha256').update(readFileSync(output)).digest('hex')}  ${name}\n`;
});
writeFileSync(`${folder}prebuilds/SHA256SUMS`, sums.join(''));
