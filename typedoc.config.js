import { readdirSync, readFileSync } from 'node:fs';

const isPublished = (folder) => !JSON.parse(readFileSync(`${folder}/package.json`, 'utf8')).private;

/** @type {Partial<import('typedoc').TypeDocOptions>} */
export default {
  name: 'Muse',
  entryPointStrategy: 'packages',
  entryPoints: readdirSync('packages')
    .map((name) => `packages/${name}`)
    .filter(isPublished),
  packageOptions: {
    entryPoints: ['src/*.ts'],
    tsconfig: 'tsconfig.build.json',
    readme: 'README.md',
    includeVersion: true,
  },
  out: 'dist/api',
  readme: 'none',
  highlightLanguages: ['console', 'javascript', 'json', 'shellscript', 'toml', 'typescript'],
  markdownItOptions: { html: true, linkify: false },
  treatWarningsAsErrors: true,
};
