import { Command, Help } from 'commander'
import { addCaCommands } from './commands/ca.ts'
import { addCertificatesCommands } from './commands/certificates.ts'
import { type CommandContext, exitCodes, processContext } from './commands/context.ts'
import { addOperatorCommand } from './commands/operator.ts'
import { addPolicyCommands } from './commands/policy.ts'
import { addUninstallCommand } from './commands/uninstall.ts'

/** The command line: each group of commands is a file of `commands/`, and adds itself to the program here. */
export function createCli(version: string, env: CommandContext['env']): Command {
  const context = processContext(version, env)
  const program = new Command('sifaka')
    .description('The whole life of X.509 certificates, as Kubernetes resources')
    .version(version)
    .configureHelp({
      optionDescription(option) {
        const description = Help.prototype.optionDescription.call(this, option)
        return option.mandatory ? `${description} (required)` : description
      },
    })
    .showHelpAfterError('`sifaka --help` lists the commands, `sifaka <command> --help` says what each one takes')
    .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? exitCodes.yes : exitCodes.failed))
  addOperatorCommand(program, context)
  addCaCommands(program, context)
  addCertificatesCommands(program, context)
  addPolicyCommands(program, context)
  addUninstallCommand(program, context)
  return program
}
