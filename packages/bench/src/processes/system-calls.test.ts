import { expect, it } from 'vitest';
import { parseSummary } from './system-calls.js';

it('parseSummary() reads calls with and without errors', () => {
  const summary = `% time     seconds  usecs/call     calls    errors syscall
------ ----------- ----------- --------- --------- ----------------
 90,00    0.000000           0         1           skipped
 81.03    0.002114           2       800        12 statx
 18.97    0.000495           4       100           openat
  0.00    0.000000           0         1         1 access
------ ----------- ----------- --------- --------- ----------------
100.00    0.002609           2       901        13 total
`;
  expect([...parseSummary(summary)]).toEqual([
    ['statx', 800],
    ['openat', 100],
    ['access', 1],
  ]);
});
