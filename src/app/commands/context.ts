/** What a command knows of the process around it. */
export interface CommandContext {
  readonly version: string
  readonly env: Readonly<Record<string, string | undefined>>
  /** Writes to standard output: the answer, and nothing else. */
  print(text: string): void
  /** Writes to standard error: warnings, and what is going on. */
  tell(text: string): void
  /** The command ends with this code once it has returned; until then it is `exitCodes.yes`. */
  exitWith(code: ExitCode): void
}

/** How every command ends: it did its work; it did, and the answer is no; it could not do it. */
export const exitCodes = { yes: 0, no: 1, failed: 2 } as const

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]

/** The context of the process that this is. */
export const processContext = (version: string, env: CommandContext['env']): CommandContext => ({
  version,
  env,
  print: (text) => void process.stdout.write(text),
  tell: (text) => void process.stderr.write(text),
  exitWith(code) {
    process.exitCode = code
  },
})
