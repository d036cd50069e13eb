import { readFileSync } from 'node:fs';

/**
 * Returns the most memory that a process has had resident, in bytes; `undefined` where that cannot be told.
 *
 * From /proc and not by `getrusage`, because what that counts begins with the memory of the process that started this
 * one.
 */
export function peakMemory(pid: number | 'self'): number | undefined {
  try {
    const [, kibibytes] = /^VmHWM:\s*(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1')) ?? [];
    if (kibibytes !== undefined) return Number(kibibytes) * 1024;
  } catch {
    // Gone, or a system without /proc.
  }
  return pid === 'self' ? process.resourceUsage().maxRSS * 1024 : undefined;
}
