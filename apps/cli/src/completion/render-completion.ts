import { ExitCode } from '../exit-code.js';
import { createProgram } from '../program.js';
import { writeStdout } from '../render/write-stdout.js';
import type { CompletionRequest, Shell } from '../request.js';
import { version } from '../version.js';
import { bashCompletion } from './bash.js';
import { fishCompletion } from './fish.js';
import { shapeOf, type CommandShape } from './shape.js';
import { zshCompletion } from './zsh.js';

const writers: Readonly<Record<Shell, (program: CommandShape) => string>> = {
  bash: bashCompletion,
  zsh: zshCompletion,
  fish: fishCompletion,
};

/** Prints what a shell has to read to complete commands, options and their values. */
export async function renderCompletion({ shell }: CompletionRequest): Promise<ExitCode> {
  const program = createProgram(version(), () => undefined);
  await writeStdout([Buffer.from(writers[shell](shapeOf(program)))]);
  return ExitCode.done;
}
