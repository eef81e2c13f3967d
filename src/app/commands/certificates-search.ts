import type { Command } from 'commander'
import { type Instant, plainText, systemClock, toRfc3339 } from '#base'
import { listShards } from '#controllers'
import { isForbidden } from '#kube'
import { isExpired, type Registered, type RegisterQuery, searchRegister } from '#plan'
import { addConnectionOptions, type ConnectionSettings, connect } from './connect.ts'
import { type CommandContext, exitCodes } from './context.ts'
import { momentOf } from './moment.ts'
import { allNamespacesOption, type NamespaceSettings, namespaceIn, namespaceOption, noneFound } from './namespace.ts'
import { type Answer, type OutputSettings, outputOption, written } from './output.ts'

interface ShowOptions extends ConnectionSettings, NamespaceSettings, OutputSettings {}

interface ListOptions extends ShowOptions {
  readonly name?: string
  readonly serial?: string
  readonly owner?: string
  readonly holder?: string
  readonly authority?: string
  readonly expiresBefore?: Instant
  readonly expiresAfter?: Instant
  readonly revoked?: true
}

/** `list` and `show` search the registers. They need no right but to list ConfigMaps. */
export function addSearchCommands(certificates: Command, context: CommandContext): void {
  const list = certificates
    .command('list')
    .description('List certificates that internal Authorities have issued, the first to expire first')
    .option('--name <pattern>', 'a name in the certificate or of its holder; * stands for any characters')
    .option('--serial <pattern>', 'serial number, hexadecimal')
    .option('--owner <pattern>', 'e-mail address of the owner')
    .option('--holder <pattern>', 'namespace/name of the Certificate, or of the subordinate Authority')
    .option('--authority <pattern>', 'name or namespace/name of the Authority')
    .option('--expires-before <time>', 'RFC 3339, or how long from now, such as 30d or 720h', momentOf)
    .option('--expires-after <time>', 'RFC 3339, or how long from now (default: now)', momentOf)
    .option('--revoked', 'only what is revoked')
    .action(async (options: ListOptions) => listCertificates(options, context))
  const show = certificates
    .command('show')
    .description('Show all that is known of a certificate, or of all that were issued for one holder')
    .argument('<serial-or-holder>', 'serial number, or namespace/name of the Certificate')
    .action(async (wanted: string, options: ShowOptions) => showCertificates(wanted, options, context))
  for (const command of [list, show]) {
    command
      .addOption(namespaceOption('the Authorities'))
      .addOption(allNamespacesOption('of Authorities'))
      .addOption(outputOption())
    addConnectionOptions(command)
  }
}

async function listCertificates(options: ListOptions, context: CommandContext): Promise<void> {
  const { name, serial, owner, holder, authority, expiresBefore, revoked } = options
  const expiresAfter = options.expiresAfter ?? systemClock.now()
  const query = { name, serialNumber: serial, owner, holder, authority, expiresBefore, expiresAfter, revoked }
  const { found, namespace } = await search(query, options, context)
  context.print(written(options, answerOf(found)))
  if (found.length === 0) context.tell(noneFound('certificates', namespace) + whereElse(namespace))
}

async function showCertificates(wanted: string, options: ShowOptions, context: CommandContext): Promise<void> {
  const query = wanted.includes('/') ? { holder: wanted } : { serialNumber: wanted }
  const { found, namespace } = await search(query, options, context)
  if (found.length === 0) {
    context.tell(noneFound(`certificate ${plainText(wanted)}`, namespace) + whereElse(namespace))
    context.exitWith(exitCodes.no)
  } else if (options.output === 'table') {
    context.print(found.toReversed().map(factsOf).join('\n'))
  } else {
    context.print(written(options, answerOf(found)))
  }
}

/** A certificate is in the register of its Authority, wherever its holder is. */
const whereElse = (namespace: string | undefined): string =>
  namespace === undefined ? '' : 'That is where the Authorities are: -A searches those of all namespaces.\n'

/** Reads page by page and keeps what is wanted, the first to expire first. */
async function search(query: RegisterQuery, options: ShowOptions, context: CommandContext) {
  await using cluster = await connect(options, context)
  const found: Registered[] = []
  const namespace = namespaceIn(options, cluster)
  try {
    for await (const shard of listShards(cluster.client, namespace)) {
      const { authority, configMap, entries, flaw } = shard
      if (flaw !== undefined) context.tell(`warning: ConfigMap ${configMap} cannot be read: ${plainText(flaw)}\n`)
      for (const entry of searchRegister(withAuthority(entries, authority), query)) found.push(entry)
    }
  } catch (error) {
    if (isForbidden(error) && namespace === undefined)
      context.tell('name one namespace with --namespace to read only that\n')
    throw error
  }
  return { found: found.sort((a, b) => a.notAfter - b.notAfter), namespace }
}

function* withAuthority(entries: readonly Omit<Registered, 'authority'>[], authority: string): Generator<Registered> {
  for (const entry of entries) yield { authority, ...entry }
}

const answerOf = (found: readonly Registered[]): Answer => ({
  heading,
  rows: found.map(rowOf),
  value: found.map(factsForPrograms),
})

const heading = ['HOLDER', 'SERIAL', 'NAMES', 'AUTHORITY', 'ISSUED', 'EXPIRES', 'STATE']

const rowOf = (entry: Registered): string[] => [
  entry.holder,
  entry.serialNumber,
  entry.names.join(','),
  entry.authority,
  toRfc3339(entry.issuedAt),
  toRfc3339(entry.notAfter),
  stateOf(entry),
]

function stateOf(entry: Registered): 'Valid' | 'Revoked' | 'Expired' {
  if (entry.revoked) return 'Revoked'
  return isExpired(entry, systemClock.now()) ? 'Expired' : 'Valid'
}

const factsForPrograms = ({ issuedAt, notAfter, revoked, ...entry }: Registered) => ({
  ...entry,
  issuedAt: toRfc3339(issuedAt),
  notAfter: toRfc3339(notAfter),
  ...(revoked && { revoked: { ...revoked, at: toRfc3339(revoked.at) } }),
})

/** A line for each fact. */
function factsOf(entry: Registered): string {
  const { names, owner = '', revoked } = entry
  const facts: readonly [string, string][] = [
    ['Holder', `${entry.kind} ${entry.holder}`],
    ['Revision', String(entry.revision)],
    ['Serial', entry.serialNumber],
    ['SHA-256', entry.fingerprint],
    ['Authority', `${entry.authority}, CA generation ${entry.generation}`],
    ...names.map((name, at): [string, string] => [at === 0 ? 'Names' : '', name]),
    ['Owner', owner],
    ['Issued', toRfc3339(entry.issuedAt)],
    ['Expires', toRfc3339(entry.notAfter)],
    ['State', revoked ? `Revoked ${toRfc3339(revoked.at)}: ${revoked.reason}` : stateOf(entry)],
  ]
  const width = 'Authority:'.length + 1
  const line = ([fact, value]: readonly [string, string]): string =>
    `${(fact && `${fact}:`).padEnd(width)}${plainText(value, 2048) || '-'}\n`
  return facts.map(line).join('')
}
