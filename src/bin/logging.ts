// The log of every program: pino as JSON lines on standard error, where systemd's journal picks it up.
import { type Logger as PinoLogger, pino } from 'pino';
import type { LogFields, Logger } from '../base/logger.ts';
import { type FlagValues, UsageError } from './flags.ts';

const levels = ['debug', 'info', 'warn', 'error'] as const;
type LogLevel = (typeof levels)[number];

/** The value of `--log-level`. */
export function logLevel(values: FlagValues): LogLevel {
  const level = levels.find((known) => known === values['log-level']);
  if (!level)
    throw new UsageError(`--log-level is one of ${levels.join(', ')}, not '${values['log-level']}'`);
  return level;
}

export function createLogger(level: LogLevel): Logger {
  const options = { level, base: null, timestamp: pino.stdTimeFunctions.isoTime };
  return adapt(pino(options, pino.destination({ fd: 2, sync: true })));
}

function adapt(logger: PinoLogger): Logger {
  return {
    debug: (fields: LogFields, message: string) => logger.debug(fields, message),
    info: (fields: LogFields, message: string) => logger.info(fields, message),
    warn: (fields: LogFields, message: string) => logger.warn(fields, message),
    error: (fields: LogFields, message: string) => logger.error(fields, message),
    child: (fields: LogFields) => adapt(logger.child(fields)),
  };
}
