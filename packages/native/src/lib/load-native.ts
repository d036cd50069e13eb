import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { nativeFrom, type Addon, type Native, type OnStep } from './native.js';
import { testHash, testScan } from './self-test.js';

/** The engine, or why there is none. */
export type LoadResult =
  | { readonly native: Native; readonly reason?: undefined }
  | { readonly native?: undefined; readonly reason: string };

/** Options of {@link loadNative}; a caller needs none of them. */
export interface LoadOptions {
  /** The folder of this package; where the module is unless given. */
  readonly folder?: string;
  /** Loads the test build, which calls this before each system call of a synchronous call. */
  readonly onStep?: OnStep;
}

/**
 * Loads the native engine from inside this package: one that was built here, else a prebuilt one. Never throws: without
 * a binary for this machine, or with one that lists a known folder otherwise than Node, the result says why.
 */
export function loadNative({ folder = ownFolder(), onStep }: LoadOptions = {}): LoadResult {
  const { platform, arch } = process;
  if (platform !== 'linux') return { reason: `there is no native engine for ${platform}` };
  const name = `linux-${arch}${onStep ? '.steps' : ''}.node`;
  const file = [`${folder}build/${name}`, `${folder}prebuilds/${name}`].find((path) => existsSync(path));
  if (file === undefined) return { reason: `there is no ${name} in ${folder}` };
  try {
    const module = { exports: {} };
    process.dlopen(module, file);
    const known = `${folder}self-test`;
    const native = nativeFrom(module.exports as Addon, (it) => testHash(it, known), onStep);
    const difference = testScan(native, known);
    return difference === undefined
      ? { native }
      : { reason: `the self-test of ${file} failed: ${difference}` };
  } catch (error) {
    return { reason: `cannot use ${file}: ${error instanceof Error ? error.message : String(error)}` };
  }
}

/** Both the source and what is built from it lie in a folder of the package: the bundle is one level up from here. */
function ownFolder(): string {
  const here = fileURLToPath(new URL('.', import.meta.url));
  return here.replace(/(?:src\/lib|dist)\/$/, '');
}
