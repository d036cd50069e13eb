import { ExitCode } from '../exit-code.js';
import type { TextRequest } from '../request.js';
import { stderrStream } from './stderr.js';
import { writeStdout } from './write-stdout.js';

/** Prints help or the version. On stderr it stands for a command that is missing, which is wrong usage. */
export async function renderText({ text, to }: TextRequest): Promise<ExitCode> {
  if (to === 'stderr') {
    stderrStream().write(text);
    return ExitCode.usage;
  }
  await writeStdout([Buffer.from(text)]);
  return ExitCode.done;
}
