import type { Command } from 'commander'
import { addBackupCommand } from './ca-backup.ts'
import { addRestoreCommand } from './ca-restore.ts'
import type { CommandContext } from './context.ts'

/** `sifaka ca`: what people do about the keys of an Authority. */
export function addCaCommands(program: Command, context: CommandContext): void {
  const ca = program.command('ca').description('Save the keys of an Authority, and bring them back')
  addBackupCommand(ca, context)
  addRestoreCommand(ca, context)
}
