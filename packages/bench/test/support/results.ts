import type { CaseName, Measurement, Results, Role } from '../../src/results.js';
import { spreadOf } from '../../src/statistics.js';

/** A measurement on the main tree that took so many milliseconds. */
export function measurement(
  caseName: CaseName,
  name: string,
  milliseconds: number,
  more: Partial<Measurement> = {},
): Measurement {
  const role: Role = name.startsWith('muse') ? 'ours' : 'peer';
  const took = spreadOf([milliseconds]);
  return { tree: 'main', case: caseName, name, role, milliseconds: took, notes: [], ...more };
}

/** A run that measured this. */
export function resultsOf(measurements: readonly Measurement[]): Results {
  return {
    format: 1,
    date: '2000-01-01',
    quick: false,
    rounds: 1,
    machine: { cpu: 'none', cores: 2, memoryBytes: 2 ** 30, kernel: 'none', fileSystem: 'none', node: '20' },
    engine: 'native',
    programs: [],
    skipped: [],
    trees: [
      { name: 'main', role: 'main', description: 'Made up.', files: 1000, directories: 10, bytes: 1e6 },
    ],
    measurements,
  };
}
