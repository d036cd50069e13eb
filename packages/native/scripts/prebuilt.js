import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';

/** The binaries that a published package holds. */
export const prebuilt = [
  { processor: 'x64', compiler: 'x86_64-linux-gnu-gcc', name: 'linux-x64.node', machine: 62 },
  { processor: 'arm64', compiler: 'aarch64-linux-gnu-gcc', name: 'linux-arm64.node', machine: 183 },
];

/** Returns what is wrong with the binaries in a folder, nothing where they can be published. */
export function problemsOf(folder) {
  const sums = existsSync(`${folder}/SHA256SUMS`) ? readFileSync(`${folder}/SHA256SUMS`, 'utf8') : '';
  return prebuilt.flatMap(({ name, machine }) => {
    if (!existsSync(`${folder}/${name}`)) return [`there is no ${name}`];
    const bytes = readFileSync(`${folder}/${name}`);
    // The header of an ELF file says which processor it is for.
    if (bytes.toString('latin1', 1, 4) !== 'ELF' || bytes.readUInt16LE(18) !== machine) {
      return [`${name} is for another processor`];
    }
    const sum = `${createHash('sha256').update(bytes).digest('hex')}  ${name}\n`;
    return sums.includes(sum) ? [] : [`${name} is not what SHA256SUMS says`];
  });
}
