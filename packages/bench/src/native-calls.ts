import { createRequire } from 'node:module';
import { quickCalls } from '@muse/walker/scan';
import { versionOf } from './peers.js';
import type { Program } from './results.js';

/** Whether the walker calls the C library here, through koffi. */
export function callsNatively(): boolean {
  return quickCalls().quicken !== undefined;
}

/** Returns koffi with its version, where the walker uses it. */
export function nativeProgram(): Program[] {
  if (!callsNatively()) return [];
  const path = createRequire(import.meta.resolve('@muse/walker')).resolve('koffi');
  return [{ name: 'koffi', version: versionOf('koffi', path) }];
}
