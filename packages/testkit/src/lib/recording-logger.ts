/** A logger that keeps what it hears, by level and in order. */
export interface RecordingLogger {
  debug(message: string): void;
  warn(message: string): void;
  error(message: string): void;
  readonly messages: { readonly debug: string[]; readonly warn: string[]; readonly error: string[] };
}

/** Makes a logger to be handed to the code under test and asked afterwards. */
export function recordingLogger(): RecordingLogger {
  const messages = { debug: [] as string[], warn: [] as string[], error: [] as string[] };
  return {
    messages,
    debug: (message) => void messages.debug.push(message),
    warn: (message) => void messages.warn.push(message),
    error: (message) => void messages.error.push(message),
  };
}
