import { readFileSync } from 'node:fs';
import { defineConfig } from 'rolldown';
import { licensesOf } from '../../rolldown.licenses.js';

// Makes dist/page.js: a module that exports the page's markup, style and script as texts.

const read = (file) => readFileSync(file, 'utf8');

export default defineConfig({
  input: { page: 'src/page/main.ts' },
  logLevel: 'warn',
  platform: 'browser',
  resolve: { conditionNames: ['@muse/source', 'import'] },
  plugins: [texts()],
  output: {
    dir: 'dist',
    format: 'iife',
    entryFileNames: '[name].js',
    minify: true,
    comments: false,
    sourcemap: true,
    cleanDir: true,
  },
});

/** Puts the script into a text, with the license of what is in it, and markup and style beside it. */
function texts() {
  return {
    name: 'texts',
    generateBundle(_, bundle) {
      const style = read('src/page/page.css');
      const body = read('src/page/page.html');
      const { code } = bundle['page.js'];
      const licenses = licensesOf(Object.keys(bundle['page.js'].modules)).join('\n\n');
      this.emitFile({ type: 'asset', fileName: 'LICENSES.txt', source: licenses });
      const script = `/*!\n${licenses.trim()}\n*/\n${code.replace(/\n\/\/# sourceMappingURL=.*/, '').trim()}`;
      const parts = JSON.stringify({ body, style, script });
      bundle['page.js'].code = `export const parts = ${parts};\n//# sourceMappingURL=page.js.map\n`;
      // A test that asks whether this was built from the sources on disk asks about these, too.
      const map = JSON.parse(bundle['page.js.map'].source);
      map.sources.push('../src/page/page.css', '../src/page/page.html');
      map.sourcesContent.push(style, body);
      bundle['page.js.map'].source = JSON.stringify(map);
    },
  };
}
