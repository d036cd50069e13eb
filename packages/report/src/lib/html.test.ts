import { createHash } from 'node:crypto';
import { treePathFromBytes } from '@muse/paths';
import { hostileNames } from '@muse/testkit';
import { describe, expect, it } from 'vitest';
import { encodeTree } from './encode-tree.js';
import { htmlOf } from './html.js';
import type { ReportData } from './report-data.js';

const parts = { body: '<main></main>', style: 'main{color:red}', script: 'const less = 1<2;' };

const attacks = [
  '</script><script>alert(1)</script>',
  '<!--<script>',
  ']]>',
  '"};alert(1);//',
  '&lt;b&gt;',
  '\u2028\u2029',
  '\u202egnp.exe',
  '\u{e0041}\u200b\ufeff',
  '\0\u0001\u001b[31m\r\n',
  '\udc80\udcff',
  '\ud800',
  'n'.repeat(100_000),
];

function reportOf(names: readonly string[]): ReportData {
  const side = { name: names[0] ?? '', id: 'sha256:0', complete: true, files: 0, note: names.join(' ') };
  const problems = names.map((path) => ({ side: 'before', path, kind: 'torn', message: path }) as const);
  return {
    ...{ version: 1, title: names[0], made: '', before: side, after: side, damaged: names, problems },
    tree: encodeTree([]),
  };
}

function htmlWith(names: readonly string[]): string {
  return Buffer.concat([...htmlOf(reportOf(names), parts)]).toString();
}

/** Returns the texts of all scripts, as a browser would find them. */
function scriptsIn(html: string): string[] {
  return [...html.matchAll(/<script[^>]*>([^]*?)<\/script/gi)].map(([, text = '']) => text);
}

describe('htmlOf', () => {
  const names = [...attacks, ...hostileNames.map((name) => treePathFromBytes(name))];

  it('has its data again, whatever the names are', () => {
    const [data = '', script, ...others] = scriptsIn(htmlWith(names));
    expect(JSON.parse(data)).toEqual(reportOf(names));
    expect(script).toBe(parts.script);
    expect(others).toEqual([]);
  });

  it.each(attacks.map((name) => [name.slice(0, 20), name]))(
    'lets no tag begin or end within %j',
    (_, name) => {
      const html = htmlWith([name]);
      const [data = ''] = scriptsIn(html);
      expect(data).not.toMatch(/[<\p{Cc}\p{Cs}\p{Cf}\p{Zl}\p{Zp}]/u);
      const without = html.replace(data, '');
      expect(without).toBe(htmlWith(['x']).replace(scriptsIn(htmlWith(['x']))[0] ?? '', ''));
    },
  );

  it('has a policy that lets its own style and script be, and nothing else', () => {
    const html = htmlWith(['x']);
    const [, policy = ''] = /<meta http-equiv="Content-Security-Policy" content="([^"]*)">/.exec(html) ?? [];
    const hash = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
    expect(policy.split('; ')).toEqual([
      "default-src 'none'",
      `script-src ${hash(parts.script)}`,
      `style-src ${hash(parts.style)}`,
      "base-uri 'none'",
      "form-action 'none'",
      "require-trusted-types-for 'script'",
      "trusted-types 'none'",
    ]);
    expect(html.indexOf('Content-Security-Policy')).toBeLessThan(html.indexOf('<style>'));
  });

  it('refuses a part that would end early, or have another hash in a browser', () => {
    for (const script of ['"</script>"', '"<!--"', 'a\r\nb', '</STYLE>']) {
      expect(() => [...htmlOf(reportOf(['x']), { ...parts, script })]).toThrow('would end early');
    }
  });
});
