import type { DamagedSnapshot } from '@muse/snapshot';
import type { Reporter } from './reporter.js';

/** Names the damaged saved snapshots that were passed over: what was asked for may have been one of them. */
export function reportDamaged(damaged: readonly DamagedSnapshot[], reporter: Reporter): void {
  for (const { error } of damaged) reporter.error(error.message);
  if (damaged.length > 0) reporter.warn('an older one was taken instead');
}
