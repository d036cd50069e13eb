import { styleText } from 'node:util';
import type { ColorChoice } from '../request.js';

/** Colours a piece of text, or leaves it as it is. */
export type Paint = (style: 'red' | 'yellow' | 'cyan' | 'dim', text: string) => string;

/** Returns how to colour text for a stream: `choice` decides, then `NO_COLOR` and `TERM`, then whether it is a terminal. */
export function colorsFor(
  choice: ColorChoice,
  stream: { readonly isTTY?: boolean },
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Paint {
  const wanted =
    choice === 'always' ||
    (choice === 'auto' &&
      stream.isTTY === true &&
      !environment['NO_COLOR'] &&
      environment['TERM'] !== 'dumb');
  // Whether to colour is decided here: newer versions of Node would ask stdout.
  return (style, text) => (wanted ? styleText(style, text, { validateStream: false }) : text);
}
