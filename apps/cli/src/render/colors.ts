import picocolors from 'picocolors';
import type { ColorChoice } from '../request.js';

/** The functions that colour a piece of text, or leave it as it is. */
export type Colors = ReturnType<typeof picocolors.createColors>;

/** Returns the colours for a stream: `choice` decides, then `NO_COLOR` and `TERM`, then whether it is a terminal. */
export function colorsFor(
  choice: ColorChoice,
  stream: { readonly isTTY?: boolean },
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Colors {
  const wanted =
    choice === 'always' ||
    (choice === 'auto' &&
      stream.isTTY === true &&
      !environment['NO_COLOR'] &&
      environment['TERM'] !== 'dumb');
  return picocolors.createColors(wanted);
}
