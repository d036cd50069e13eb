import { mkdirSync, writeFileSync } from 'node:fs';
import { seededRandom } from './random.js';

/** Options of {@link kernelTree}. */
export interface KernelTreeOptions {
  /** The directory to fill; made if absent. */
  readonly root: string;
  /** The number of files; the kernel has about 90,000. */
  readonly files: number;
  /** Same seed, same tree; 1 unless given. */
  readonly seed?: number;
  /** Bytes of every file, in place of the kernel's distribution. */
  readonly fileBytes?: number;
}

/** Counts of what was made; the root is not among the directories. */
export interface KernelTreeStats {
  readonly files: number;
  readonly directories: number;
  readonly bytes: number;
}

type Random = () => number;

const filesPerDirectory = 15;
/** The share of directories at depth 1, 2, …, roughly as in a checkout of Linux. */
const depthShares = [0.005, 0.08, 0.26, 0.3, 0.2, 0.09, 0.045, 0.02];
const medianBytes = 4500;
/** The deviation of the logarithm of the sizes. It puts the mean at 16 KB and a few files of 80,000 above 2 MB. */
const sigma = 1.6;
const largestBytes = 8 << 20;
const words =
  'arch mm net core sched tty usb pci dma gpio clk acpi fs ext inode trace probe event irq host'.split(' ');
const extensions = 'c c c c h h h rst dts yaml S txt'.split(' ');

/**
 * Fills a directory with a tree of the shape of the Linux kernel's: fan-out, depth, sizes; the same for the same seed.
 *
 * Each file begins with its number, so two files differ unless they are tiny. Synchronous: the quickest way to write
 * many small files.
 */
export function kernelTree({ root, files, seed = 1, fileBytes }: KernelTreeOptions): KernelTreeStats {
  const random = seededRandom(seed);
  mkdirSync(root, { recursive: true });
  const directories = directoryPaths(root, Math.ceil(files / filesPerDirectory), random);
  for (const path of directories) mkdirSync(path);
  shuffle(directories, random);
  const contents = contentsFrom(random);
  let bytes = 0;
  for (let index = 0; index < files; index++) {
    const path = filePath(directories, index, random);
    const content = contents(index, fileBytes ?? sizeFrom(random));
    writeFileSync(path, content);
    bytes += content.length;
  }
  return { files, directories: directories.length, bytes };
}

function directoryPaths(root: string, count: number, random: Random): string[] {
  const byDepth: string[][] = [[root]];
  for (let index = 0; index < count; index++) {
    const depth = Math.min(depthFrom(random), byDepth.length);
    const parents = byDepth[depth - 1] ?? [];
    const parent = parents[Math.floor(parents.length * random() ** 2)] ?? root;
    (byDepth[depth] ??= []).push(`${parent}/${pick(words, random)}${index.toString(36)}`);
  }
  return byDepth.slice(1).flat();
}

function depthFrom(random: Random): number {
  let rest = random();
  const at = depthShares.findIndex((share) => (rest -= share) < 0);
  return at < 0 ? depthShares.length : at + 1;
}

/** One file for each directory first, so that none is empty; then uneven, as a few directories hold hundreds. */
function filePath(directories: readonly string[], index: number, random: Random): string {
  const first = directories[index];
  if (first !== undefined) return `${first}/Makefile`;
  const directory = directories[Math.floor(directories.length * random() ** 1.5)] ?? '';
  return `${directory}/${pick(words, random)}_${index.toString(36)}.${pick(extensions, random)}`;
}

/** Log-normal, by Box and Muller. */
function sizeFrom(random: Random): number {
  const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  return Math.min(largestBytes, Math.round(medianBytes * Math.exp(sigma * normal)));
}

/** Contents are cut from one block of random text: drawing every byte would cost more than writing it. */
function contentsFrom(random: Random): (index: number, size: number) => Buffer {
  const block = Buffer.from(Uint8Array.from({ length: 1 << 20 }, () => 32 + Math.floor(random() * 95)));
  return (index, size) => {
    const content = Buffer.allocUnsafe(size);
    const head = content.write(`/* ${String(index)} */\n`);
    for (let at = head; at < size;) at += block.copy(content, at, Math.floor(random() * block.length));
    return content;
  };
}

function shuffle(paths: string[], random: Random): void {
  for (let last = paths.length - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1));
    [paths[last], paths[other]] = [paths[other] ?? '', paths[last] ?? ''];
  }
}

function pick(list: readonly string[], random: Random): string {
  return list[Math.floor(random() * list.length)] ?? '';
}
