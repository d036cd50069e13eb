import { devNull } from 'node:os';

/**
 * Returns the environment of everything that is measured: this one, less what slows a start, chooses an engine or changes
 * what git does.
 * `NODE_EXTRA_CA_CERTS` alone costs Node 20 some 85 ms.
 */
export function measuredEnvironment(more: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  return {
    ...process.env,
    NODE_EXTRA_CA_CERTS: undefined,
    NODE_OPTIONS: undefined,
    NODE_V8_COVERAGE: undefined,
    MUSE_ENGINE: undefined,
    GIT_CONFIG_GLOBAL: devNull,
    GIT_CONFIG_NOSYSTEM: '1',
    ...more,
  };
}
