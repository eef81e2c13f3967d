import { type DestinationStream, type Logger as Pino, pino } from 'pino'
import type { LogFields, Logger } from '#base'

/**
 * A structured log: one JSON object a line, with `level`, `time` (RFC 3339) and `msg`.
 * @param destination where lines go; standard output by default
 */
export function createLogger(level: 'debug' | 'info' | 'warn' | 'error', destination?: DestinationStream): Logger {
  const options = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
  }
  return wrap(destination ? pino(options, destination) : pino(options, pino.destination({ dest: 1, sync: true })))
}

function wrap(log: Pino): Logger {
  return {
    debug: (fields: LogFields, message: string) => log.debug(fields, message),
    info: (fields: LogFields, message: string) => log.info(fields, message),
    warn: (fields: LogFields, message: string) => log.warn(fields, message),
    error: (fields: LogFields, message: string) => log.error(fields, message),
    child: (fields: LogFields) => wrap(log.child(fields)),
  }
}
