import { cache, cacheClear, cacheInfo } from './commands/cache/definition.js';
import { completion } from './commands/completion/definition.js';
import { diff } from './commands/diff/definition.js';
import { explain } from './commands/explain/definition.js';
import { forget } from './commands/forget/definition.js';
import { hash } from './commands/hash/definition.js';
import { init } from './commands/init/definition.js';
import { log } from './commands/log/definition.js';
import { show } from './commands/show/definition.js';
import { snapshot } from './commands/snapshot/definition.js';
import { status } from './commands/status/definition.js';
import { verify } from './commands/verify/definition.js';
import { watch } from './commands/watch/definition.js';
import { command, type Commands } from './definition.js';

/** The commands of `muse`, in the order of help. The parser, help, completions and tests know them from here alone. */
export const commands: Commands = [
  command(init, () => import('./commands/init/run.js')),
  command(snapshot, () => import('./commands/snapshot/run.js')),
  command(status, () => import('./commands/status/run.js')),
  command(diff, () => import('./commands/diff/run.js')),
  command(log, () => import('./commands/log/run.js')),
  command(show, () => import('./commands/show/run.js')),
  command(forget, () => import('./commands/forget/run.js')),
  command(verify, () => import('./commands/verify/run.js')),
  command(explain, () => import('./commands/explain/run.js')),
  command(watch, () => import('./commands/watch/run.js')),
  {
    ...cache,
    commands: [
      command(cacheInfo, () => import('./commands/cache/info.js')),
      command(cacheClear, () => import('./commands/cache/clear.js')),
    ],
  },
  command(hash, () => import('./commands/hash/run.js')),
  command(completion, () => import('./commands/completion/run.js')),
];
