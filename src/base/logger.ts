/** Structured fields of a log line. Values are plain data; secrets are wrapped in `Sensitive`. */
export type LogFields = Readonly<Record<string, unknown>>

/** What every room logs through; `telemetry` makes the real one. */
export interface Logger {
  debug(fields: LogFields, message: string): void
  info(fields: LogFields, message: string): void
  warn(fields: LogFields, message: string): void
  error(fields: LogFields, message: string): void
  child(fields: LogFields): Logger
}

const nothing = (): void => {}

/** Says nothing, for tests and tools. */
export const silentLogger: Logger = {
  debug: nothing,
  info: nothing,
  warn: nothing,
  error: nothing,
  child: () => silentLogger,
}
