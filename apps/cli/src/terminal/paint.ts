import { styleText } from 'node:util';

/** When to colour; `auto` is on a terminal, unless `NO_COLOR` is set. */
export type ColorChoice = 'auto' | 'always' | 'never';

/** The colours that there are. */
export type Style = 'red' | 'green' | 'yellow' | 'cyan' | 'dim';

/** Colours a piece of text, or leaves it as it is. */
export type Paint = (style: Style, text: string) => string;

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
