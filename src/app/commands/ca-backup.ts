import type { Command } from 'commander'
import {
  type Authority,
  annotations,
  authorityKind,
  type KubeObject,
  type PartialObject,
  type Secret,
  secretLabel,
} from '#api'
import { isFailure, type ObjectKey, plainText, systemClock, terminal } from '#base'
import { ifFound, isConflict, type KubeClient, resourceOf, resources } from '#kube'
import { encryptCms, type ParsedCertificate, parseCertificate, sameKey } from '#pki'
import { differencesOf, encodeBackup, parseBackup, readCaSecret, type SavedSecret, savedMark } from '#plan'
import { caHeading, caRow } from './ca-row.ts'
import { addConnectionOptions, type ConnectionSettings, connect } from './connect.ts'
import { type CommandContext, exitCodes } from './context.ts'
import { about, readTextFile, refuseExisting, writeNewFile } from './files.ts'
import { namespaceOption } from './namespace.ts'
import { table } from './output.ts'

interface BackupOptions extends ConnectionSettings {
  readonly namespace?: string
  readonly authority: string
  /** Paths. */
  readonly recipient: readonly string[]
  readonly out: string
}

const certificateBytesMax = 64 * 1024
const noteAttempts = 3

const collected = (value: string, before: readonly string[] = []): readonly string[] => [...before, value]

export function addBackupCommand(ca: Command, context: CommandContext): void {
  const backup = ca
    .command('backup')
    .description('Save the keys of all generations of an Authority in a file that only the recipients can read')
    .addOption(namespaceOption('the Authority'))
    .requiredOption('--authority <name>', 'name of the Authority; it may be gone, as long as its Secrets are there')
    .requiredOption('--recipient <file>', 'PEM certificate of who can read the backup; may be repeated', collected)
    .requiredOption('--out <file>', 'file to write; one that exists is not overwritten')
    .action(async (options: BackupOptions) => backUp(options, context))
  addConnectionOptions(backup)
}

async function backUp(options: BackupOptions, context: CommandContext): Promise<void> {
  const recipients = await Promise.all(options.recipient.map(readRecipient))
  await refuseExisting(options.out)
  await using cluster = await connect(options, context)
  const { client } = cluster
  const owner = { namespace: options.namespace ?? cluster.namespace, name: options.authority }
  const createdAt = systemClock.now()
  for (const each of recipients.filter(({ notAfter }) => notAfter < createdAt)) {
    context.tell(`warning: the certificate of ${nameOf(each)} has expired: is its key still at hand?\n`)
  }
  const { secrets, damaged } = await readSecrets(client, owner)
  for (const warning of damaged) context.tell(`warning: not saved: ${warning}\n`)
  if (secrets.length === 0) {
    const { namespace, name } = owner
    throw terminal('NothingToSave', `there is no whole Secret with a CA key of Authority ${name} in ${namespace}`)
  }
  refuseOwnKey(recipients, secrets)
  const authority = await ifFound(client.get<Authority>(resourceOf(authorityKind), owner))
  const content = encodeBackup({ createdAt, authority, secrets })
  // What could not be read again is no backup.
  parseBackup(content)
  await writeNewFile(options.out, encryptCms(Buffer.from(content), recipients))
  context.print(
    table(
      caHeading,
      secrets.map(({ secret, holds }) => caRow(secret.metadata.name, holds, 'saved')),
    ),
  )
  const readers = recipients.map(nameOf).join('; ')
  context.print(`Written to ${options.out} for ${readers}\n`)
  for (const { secret } of secrets) await noteBackup(client, secret, savedMark(createdAt))
  if (damaged.length > 0) context.exitWith(exitCodes.no)
}

const readRecipient = (path: string): Promise<ParsedCertificate> =>
  about(`--recipient ${path}`, async () => parseCertificate(await readTextFile(path, certificateBytesMax)))

const nameOf = ({ subject }: ParsedCertificate): string => plainText(subject) || 'a recipient without a name'

/** Only the Secrets of this Authority are read with their keys, one after the other. */
async function readSecrets(
  client: KubeClient,
  { namespace, name }: ObjectKey,
): Promise<{ secrets: SavedSecret[]; damaged: string[] }> {
  const labelSelector = `${secretLabel} in (ca,ca-request)`
  const { items } = await client.list<PartialObject>(resources.secrets, {
    namespace,
    labelSelector,
    metadataOnly: true,
  })
  const own = items.filter(({ metadata }) => metadata.annotations?.[annotations.authority] === name)
  const secrets: SavedSecret[] = []
  const damaged: string[] = []
  for (const { metadata } of own) {
    const secret = await client.get<Secret>(resources.secrets, { namespace, name: metadata.name })
    try {
      secrets.push({ secret, holds: readCaSecret(secret) })
    } catch (error) {
      if (!isFailure(error)) throw error
      damaged.push(`Secret ${metadata.name}: ${error.message}`)
    }
  }
  return { secrets: secrets.sort((a, b) => a.holds.generation - b.holds.generation), damaged }
}

/** A key that is in the backup cannot open it once it is lost. */
function refuseOwnKey(recipients: readonly ParsedCertificate[], secrets: readonly SavedSecret[]): void {
  const isSaved = ({ publicKey }: ParsedCertificate): boolean =>
    secrets.some(({ holds }) => holds.certificate !== undefined && sameKey(holds.certificate.publicKey, publicKey))
  const [own] = recipients.filter(isSaved)
  if (own === undefined) return
  const advice = 'make a key that is kept outside the cluster (docs/backup.md)'
  throw terminal('InvalidRecipient', `recipient ${own.subject} is the CA that is to be saved: ${advice}`)
}

/** Lands on the Secret that was saved, or on a later version with the same content; never on another one. */
async function noteBackup(client: KubeClient, saved: Secret, mark: Record<string, string>): Promise<void> {
  const { name, namespace = '' } = saved.metadata
  const key = { name, namespace }
  let { metadata } = saved
  for (let attempt = 1; ; attempt++) {
    const { uid, resourceVersion } = metadata
    try {
      const patch = { metadata: { uid, resourceVersion, annotations: mark } }
      await client.mergePatch<KubeObject>(resources.secrets, key, patch, { metadataOnly: true })
      return
    } catch (error) {
      if (!isConflict(error) || attempt === noteAttempts) throw error
    }
    const present = await client.get<Secret>(resources.secrets, key)
    if (present.metadata.uid !== uid || differencesOf(saved, present).length > 0) {
      throw terminal('SecretChanged', `Secret ${name} was replaced after it was saved: make another backup`)
    }
    metadata = present.metadata
  }
}
