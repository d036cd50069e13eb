import { Session } from 'node:inspector/promises';

/** A module itself, as vitest wraps it, and the getter of a name that it exports. */
const WRITTEN_BY_VITEST = /^(?:'use strict';)?async \(__vite_ssr_exports__|^\(\) => \{ try \{ return /;

/**
 * Runs something and returns the source files of our packages in which a function ran meanwhile, by V8's own count. A file
 * that only hands names on, or ran once when it was loaded, is none.
 */
export async function coveredFiles(run: () => unknown): Promise<Set<string>> {
  const session = new Session();
  session.connect();
  try {
    await session.post('Debugger.enable');
    await session.post('Profiler.enable');
    await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false });
    await run();
    const { result } = await session.post('Profiler.takePreciseCoverage');
    const files = new Set<string>();
    for (const { scriptId, url, functions } of result) {
      const file = /\/((?:packages|apps)\/[^/]+\/src\/.*)$/.exec(url)?.[1];
      if (file === undefined) continue;
      const { scriptSource } = await session.post('Debugger.getScriptSource', { scriptId });
      const ran = functions.some(({ ranges: [range] }) => {
        if (range === undefined || range.count === 0) return false;
        return !WRITTEN_BY_VITEST.test(scriptSource.slice(range.startOffset, range.endOffset));
      });
      if (ran) files.add(file);
    }
    return files;
  } finally {
    session.disconnect();
  }
}
