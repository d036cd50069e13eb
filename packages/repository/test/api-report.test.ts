import { join } from 'node:path';
import { workspacePackages } from '@muse/testkit';
import { expect, it } from 'vitest';
import { apiReports } from './support/api-report.js';

const libraries = workspacePackages().filter(({ manifest }) => !manifest.private && !manifest.bin);
const reports = apiReports(libraries, 'pnpm api:report');

it.each(libraries.map((each) => [each.manifest.name, each.path] as const))(
  'the report of the public API of %s is up to date',
  async (name, path) => {
    await expect(reports.get(name)).toMatchFileSnapshot(join(path, 'api.md'));
  },
);
