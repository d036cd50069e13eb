import { argument, define } from '../../definition.js';

/** The shells that completions are written for. */
export const shells = ['bash', 'zsh', 'fish'] as const;

/** One of {@link shells}. */
export type Shell = (typeof shells)[number];

export const completion = define({
  name: 'completion',
  summary: 'print a completion script for a shell',
  description: 'Prints the script with which a shell completes commands, options and their values.',
  arguments: { shell: argument<Shell>('<shell>', 'the shell', shells) },
  options: {},
  examples: [
    ['source <(muse completion bash)', 'in ~/.bashrc'],
    ['source <(muse completion zsh)', 'in ~/.zshrc, below compinit'],
    ['muse completion fish > ~/.config/fish/completions/muse.fish', 'once'],
  ],
});
