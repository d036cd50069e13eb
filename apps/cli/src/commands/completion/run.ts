import type { RequestOf, Run } from '../../definition.js';
import { ExitCode } from '../../errors.js';
import { writeStdout } from '../../terminal/streams.js';
import { bashCompletion } from './bash.js';
import type { completion, Shell } from './definition.js';
import { fishCompletion } from './fish.js';
import { shapeOf, type CommandShape } from './shape.js';
import { zshCompletion } from './zsh.js';

const writers: Readonly<Record<Shell, (program: CommandShape) => string>> = {
  bash: bashCompletion,
  zsh: zshCompletion,
  fish: fishCompletion,
};

/** Prints what a shell has to read to complete commands, options and their values. */
export const run: Run<RequestOf<typeof completion>> = async ({ shell }, { commands }) => {
  await writeStdout([Buffer.from(writers[shell](shapeOf(commands)))]);
  return ExitCode.done;
};
