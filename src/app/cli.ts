import { Command, Option } from 'commander'
import { classify } from '#base'
import { type GivenSettings, loadConfig, type Setting, settings } from '#config'
import { createLogger } from '#telemetry'
import { startOperator } from './operator.ts'

type Environment = Readonly<Record<string, string | undefined>>

/** The command line: `sifaka operator`, and later others. */
export function createCli(version: string, env: Environment): Command {
  const program = new Command('sifaka')
    .description('The whole life of X.509 certificates, as Kubernetes resources')
    .version(version)
    .showHelpAfterError('`sifaka --help` and `sifaka operator --help` list what there is')
  const operator = program
    .command('operator')
    .description('Run the operator: reconcile Authorities and Certificates until SIGTERM')
    .action(async (given: GivenSettings) => runOperator(given, version, env))
  for (const [name, setting] of Object.entries(settings)) operator.addOption(optionOf(name, setting))
  return program
}

/** A flag is stored under its setting's name; commander derives that name from the flag. */
function optionOf(name: string, setting: Setting): Option {
  const option = new Option(setting.flag, setting.description).env(setting.variable)
  if (option.attributeName() !== name) throw new Error(`setting ${name} has the flag ${setting.flag}`)
  return setting.default === undefined || setting.default === '' ? option : option.default(setting.default)
}

async function runOperator(given: GivenSettings, version: string, env: Environment): Promise<void> {
  const config = loadConfig(given)
  const logger = createLogger(config.logLevel)
  const signals = new Promise<NodeJS.Signals>((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, resolve)
  })
  for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
    // What state we are in is unknown then: a fresh process resumes from what the API server holds.
    process.on(event, (error) => {
      logger.error({ error: classify(error).message, stack: (error as Error).stack }, event)
      process.exit(1)
    })
  }
  const operator = await startOperator({ config, env, version, logger })
  await signals
  await operator.stop()
}
