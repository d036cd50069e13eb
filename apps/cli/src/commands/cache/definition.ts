import { define, type Help } from '../../definition.js';
import { directory, jsonOptions, trustOption } from '../../shared-options.js';

export const cache = {
  name: 'cache',
  summary: 'inspect the cache, or remove it',
  description: 'Inspects the cache of a working tree, or removes it.',
  examples: [['muse cache info'], ['muse cache clear ~/src/linux']],
} satisfies Help & { name: string };

const whichCache = 'A directory below one that has a .muse shares the cache there.';

export const cacheInfo = define({
  name: 'info',
  summary: 'show where the cache is, and what is in it',
  description:
    'Shows where the cache of a working tree is, what is in it, and which options are set for the tree.',
  arguments: { directory },
  options: { ...jsonOptions, ...trustOption },
  details: `${whichCache}

Options for every command that looks at the tree can be set in .muse/snapshot.toml, with the names that they have here:
  gitignore = true
  exclude = ['*.log']
One on the command line counts instead of the same one there. It is local to this tree: .muse/.gitignore keeps it out of git.`,
  examples: [['muse cache info'], ['muse cache info --json ~/src/linux | jq .entries']],
});

export const cacheClear = define({
  name: 'clear',
  summary: 'remove the cache, so that every file is read again',
  description: 'Removes the cache file and nothing else: the next snapshot reads every file.',
  arguments: { directory },
  options: trustOption,
  details: `It removes .muse/cache/stat.json if that is a regular file in real directories, never through a symbolic link.
${whichCache}`,
  exitCodes: [
    [0, 'removed, or there was none'],
    [4, 'not removed: something else is in its place'],
  ],
  examples: [['muse cache clear'], ['muse cache clear ~/src/linux && muse snapshot ~/src/linux']],
});
