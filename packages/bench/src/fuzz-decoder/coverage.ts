import { Session, type Profiler } from 'node:inspector';

/** The decoder is bundled with the other modules of its package. */
const DECODER = /\/(?:stat-cache|paths)\/dist\//;

/** Tells whether the code of the decoder went where it had not been before; V8 counts its blocks. */
export class Coverage {
  readonly #session = new Session();
  readonly #seen = new Set<string>();

  constructor() {
    this.#session.connect();
    this.#session.post('Profiler.enable');
    this.#session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  }

  /** The blocks of code that have run. */
  get blocks(): number {
    return this.#seen.size;
  }

  /** Returns true when a block has run for the first time since the last call. */
  grew(): boolean {
    const before = this.#seen.size;
    this.#session.post('Profiler.takePreciseCoverage', (_, { result }) => {
      for (const script of result) if (DECODER.test(script.url)) this.#add(script);
    });
    return this.#seen.size > before;
  }

  close(): void {
    this.#session.disconnect();
  }

  #add({ url, functions }: Profiler.ScriptCoverage): void {
    for (const { ranges } of functions) {
      for (const { count, startOffset, endOffset } of ranges) {
        if (count > 0) this.#seen.add(`${url}:${startOffset}-${endOffset}`);
      }
    }
  }
}
