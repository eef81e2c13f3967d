import type { Command } from 'commander'
import { classify } from '#base'
import { type Config, type GivenSettings, loadConfig, settings } from '#config'
import { createLogger } from '#telemetry'
import { startOperator } from '../operator.ts'
import { type CommandContext, exitCodes } from './context.ts'
import { settingOption } from './setting-option.ts'

/** `sifaka operator`: takes every setting there is. */
export function addOperatorCommand(program: Command, context: CommandContext): void {
  const operator = program
    .command('operator')
    .description('Run the operator: reconcile Authorities and Certificates until SIGTERM')
    .action(async (given: GivenSettings) => runOperator(given, context))
  for (const name of Object.keys(settings)) operator.addOption(settingOption(name as keyof Config))
}

async function runOperator(given: GivenSettings, { version, env }: CommandContext): Promise<void> {
  const config = loadConfig(given)
  const logger = createLogger(config.logLevel)
  const signals = new Promise<NodeJS.Signals>((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, resolve)
  })
  for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
    // What state we are in is unknown then: a fresh process resumes from what the API server holds.
    process.on(event, (error) => {
      logger.error({ error: classify(error).message, stack: (error as Error).stack }, event)
      process.exit(exitCodes.failed)
    })
  }
  const operator = await startOperator({ config, env, version, logger })
  await signals
  await operator.stop()
}
