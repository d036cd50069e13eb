import type { CallReport } from '../children/reports.js';
import { runScript } from './script.js';

/** Has a fresh Node process load a library and call it once. Throws when it cannot be loaded or fails. */
export function callInProcess(name: string, root: string, mode?: '--delay'): CallReport {
  return JSON.parse(runScript('call-library', name, root, ...(mode ? [mode] : []))) as CallReport;
}
