import type { LogFields, Logger } from '#base'

/** A line of a `LogBook`. */
export interface LoggedLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error'
  readonly fields: LogFields
  readonly message: string
}

/** A logger that keeps what it is told, in `lines`. */
export function logBook(): Logger & { readonly lines: LoggedLine[] } {
  const lines: LoggedLine[] = []
  const at = (inherited: LogFields): Logger => {
    const log = (level: LoggedLine['level']) => (fields: LogFields, message: string) => {
      lines.push({ level, fields: { ...inherited, ...fields }, message })
    }
    return {
      debug: log('debug'),
      info: log('info'),
      warn: log('warn'),
      error: log('error'),
      child: (fields) => at({ ...inherited, ...fields }),
    }
  }
  return { ...at({}), lines }
}
