import { createHash } from 'node:crypto';
import type { ReportData } from './report-data.js';

/** What a page is made of besides its data. */
export interface PageParts {
  /** The markup between `<body>` and `</body>`, before anything is known. */
  readonly body: string;
  readonly style: string;
  readonly script: string;
}

/**
 * Yields a page that shows a report, in UTF-8. It loads nothing, and runs nothing but its own script: its policy forbids
 * both. All that comes from names is JSON in an element that no browser runs, in which no tag can begin or end.
 */
export function* htmlOf(report: ReportData, { body, style, script }: PageParts): Iterable<Uint8Array> {
  for (const part of [body, style, script]) {
    if (/<\/(?:script|style)|<!--|\r/i.test(part))
      throw new Error('Broken page: a part of it would end early');
  }
  const policy = [
    "default-src 'none'",
    `script-src ${sourceOf(script)}`,
    `style-src ${sourceOf(style)}`,
    "base-uri 'none'",
    "form-action 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ];
  yield Buffer.from(`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy.join('; ')}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>What changed</title>
<style>${style}</style>
</head>
<body>
${body}
<script type="application/json" id="report">`);
  yield Buffer.from(JSON.stringify(report).replace(UNSAFE, escaped));
  yield Buffer.from(`</script>
<script>${script}</script>
</body>
</html>
`);
}

/** What a tag begins with, and what reorders text or cannot be seen, where somebody looks at the file itself. */
const UNSAFE = /[<\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]/gu;

function escaped(character: string): string {
  const units = Array.from({ length: character.length }, (_, at) => character.charCodeAt(at));
  return units.map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`).join('');
}

function sourceOf(text: string): string {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
}
