import type { KeyObject } from 'node:crypto'
import { type Command, Option } from 'commander'
import { authorityKind, type KubeObject } from '#api'
import { terminal, toRfc3339 } from '#base'
import { ifFound, type KubeClient, type Resource, resourceOf, resources } from '#kube'
import { decryptCms, parsePrivateKey } from '#pki'
import { type Backup, parseBackup, type RestoreStep, relocated, restoreAuthority, restoreSecret } from '#plan'
import { caHeading, caRow } from './ca-row.ts'
import { addConnectionOptions, type ConnectionSettings, connect } from './connect.ts'
import { type CommandContext, exitCodes } from './context.ts'
import { about, readTextFile } from './files.ts'
import { table } from './output.ts'

interface RestoreOptions extends ConnectionSettings {
  readonly from: string
  readonly key: string
  readonly namespace?: string
  readonly withAuthority?: true
  readonly apply?: true
}

/** One object of the backup, and what is to be done about it. */
interface Item {
  readonly resource: Resource
  readonly object: KubeObject
  readonly step: RestoreStep
  row(what: string): readonly string[]
}

const backupBytesMax = 16 * 1024 * 1024
const keyBytesMax = 16 * 1024

export function addRestoreCommand(ca: Command, context: CommandContext): void {
  const restore = ca
    .command('restore')
    .description('Bring the keys of a backup back: what is missing is created, what is there is never overwritten')
    .requiredOption('--from <file>', 'file that sifaka ca backup has written')
    .requiredOption('--key <file>', 'PEM private key of one of its recipients, without a passphrase; may be a pipe')
    .option('-n, --namespace <name>', 'namespace to restore into (default: the one that was saved)')
    .option('--with-authority', 'create the Authority too')
    .option('--apply', 'create what is missing')
    .addOption(new Option('--dry-run', 'only show what would be created; the default').conflicts('apply'))
    .action(async (options: RestoreOptions) => restoreCa(options, context))
  addConnectionOptions(restore)
}

async function restoreCa(options: RestoreOptions, context: CommandContext): Promise<void> {
  const backup = relocated(await readBackup(options), options.namespace)
  await using cluster = await connect(options, context)
  const items = await lookUp(cluster.client, backup, options.withAuthority === true)
  const rows: (readonly string[])[] = []
  try {
    for (const { resource, object, step, row } of items) {
      if (options.apply && step.do === 'create') await cluster.client.create(resource, object, { metadataOnly: true })
      rows.push(row(inWords(step, options.apply === true)))
    }
  } finally {
    // What was done is told, too, when the rest could not be.
    context.print(table(caHeading, rows))
  }
  const missing = items.filter(({ step }) => step.do === 'create').length
  context.tell(`The backup was made at ${toRfc3339(backup.createdAt)}. Compare the fingerprints: it is not signed.\n`)
  if (!options.apply && missing > 0) context.tell('Nothing was written: give --apply to create what is missing.\n')
  if (items.some(({ step }) => step.do === 'refuse')) context.exitWith(exitCodes.no)
}

async function readBackup({ from, key }: RestoreOptions): Promise<Backup> {
  const privateKey = await about(`--key ${key}`, async () => readKey(await readTextFile(key, keyBytesMax)))
  return about(`--from ${from}`, async () => {
    const content = decryptCms(await readTextFile(from, backupBytesMax), privateKey)
    return parseBackup(content.toString('utf8'))
  })
}

function readKey(pem: string): KeyObject {
  if (!pem.includes('ENCRYPTED')) return parsePrivateKey(pem)
  throw terminal('InvalidKey', 'the key has a passphrase: hand it over opened, as in --key <(openssl pkey -in FILE)')
}

/** The Secrets first: an Authority that comes back finds its keys. */
async function lookUp(client: KubeClient, backup: Backup, withAuthority: boolean): Promise<Item[]> {
  const items: Item[] = []
  for (const { secret, holds } of backup.secrets) {
    const { secrets: resource } = resources
    const step = restoreSecret(secret, await find(client, resource, secret))
    items.push({ resource, object: secret, step, row: (what) => caRow(secret.metadata.name, holds, what) })
  }
  if (!withAuthority) return items
  const { authority } = backup
  if (!authority) throw terminal('InvalidBackup', 'the backup holds no Authority: leave --with-authority out')
  const resource = resourceOf(authorityKind)
  const step = restoreAuthority(authority, await find(client, resource, authority))
  const name = `Authority/${authority.metadata.name}`
  return [...items, { resource, object: authority, step, row: (what) => [name, '', '', '', '', what] }]
}

function find<T extends KubeObject>(client: KubeClient, resource: Resource, like: T): Promise<T | undefined> {
  const { name, namespace = '' } = like.metadata
  return ifFound(client.get<T>(resource, { name, namespace }))
}

function inWords(step: RestoreStep, applied: boolean): string {
  switch (step.do) {
    case 'create':
      return applied ? 'created' : 'would be created'
    case 'keep':
      return 'is there already'
    case 'refuse':
      return `refused: what is there differs in ${step.differing}`
  }
}
