import type { Command } from 'commander'
import { addRenewCommand } from './certificates-renew.ts'
import { addSearchCommands } from './certificates-search.ts'
import type { CommandContext } from './context.ts'

/** `sifaka certificates`: what people do about certificates, and what they ask about them. */
export function addCertificatesCommands(program: Command, context: CommandContext): void {
  const certificates = program
    .command('certificates')
    .description('Renew Certificates, and search what internal Authorities have issued')
  addSearchCommands(certificates, context)
  addRenewCommand(certificates, context)
}
