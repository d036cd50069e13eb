/** Returns the code blocks of a Markdown text that are in one of some languages, in their order. */
export function codeBlocks(text: string, ...languages: readonly string[]): string[] {
  const blocks = text.matchAll(/^```(\w+)\n(.*?)^```$/gms);
  return [...blocks].filter((block) => languages.includes(block[1] ?? '')).map((block) => block[2] ?? '');
}

/** Returns where the links of a Markdown text lead, code aside. */
export function linkTargets(text: string): string[] {
  const prose = text.replace(/^```.*?^```$/gms, '').replace(/`[^`\n]*`/g, '');
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map((link) => link[1] ?? '');
}

/** Returns the anchors that the headings of a Markdown text make, as GitHub names them. */
export function anchors(text: string): string[] {
  const headings = text.replace(/^```.*?^```$/gms, '').matchAll(/^#+ (.*)$/gm);
  return [...headings].map((heading) =>
    (heading[1] ?? '')
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\- _]/gu, '')
      .replaceAll(' ', '-'),
  );
}
