import { renderText } from './render/render-text.js';
import { version } from './version.js';

process.exitCode = await renderText({ command: 'text', text: `${version()}\n`, to: 'stdout' });
