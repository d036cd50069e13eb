import { define } from '../../definition.js';
import { directory } from '../../shared-options.js';

export const init = define({
  name: 'init',
  summary: 'create .muse and a starter .museignore, so that snapshots are cached',
  description: 'Creates .muse and a starter .museignore in a directory, so that its snapshots are cached.',
  arguments: { directory: { ...directory, text: 'the working tree; created if missing' } },
  options: {},
  details: `Existing files are left alone, so running it twice does no harm. .muse/.gitignore keeps .muse out of git.
Options that every command should use here can be set in .muse/snapshot.toml: see 'muse cache info --help'.
In a directory below one that has a .muse, it makes a tree of its own; stderr says so.`,
  examples: [['muse init'], ['muse init ~/src/linux']],
});
