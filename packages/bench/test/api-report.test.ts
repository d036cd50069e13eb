import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { apiReport, type ApiReport } from './support/api-report.js';

const packages = fileURLToPath(new URL('../..', import.meta.url));
let last: ApiReport | undefined;

it.each(['paths', 'stat-cache', 'walker', 'snapshot'])(
  'the report of the public API of %s is up to date',
  async (name) => {
    const directory = join(packages, name);
    last = apiReport(directory, 'pnpm api:report', last?.program);
    await expect(last.text).toMatchFileSnapshot(join(directory, 'api.md'));
  },
);
