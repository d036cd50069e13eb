import { expect, test } from 'vitest';
import { recordingLogger } from './recording-logger.js';

test('recordingLogger keeps messages by level', () => {
  const logger = recordingLogger();
  logger.warn('one');
  logger.warn('two');
  logger.error('three');
  expect(logger.messages).toEqual({ debug: [], warn: ['one', 'two'], error: ['three'] });
});
