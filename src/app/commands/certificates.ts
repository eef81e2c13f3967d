import { type Command, InvalidArgumentError, Option } from 'commander'
import { fromRfc3339, type Instant, parseDuration, plainText, systemClock, toRfc3339 } from '#base'
import { listShards } from '#controllers'
import { ApiError } from '#kube'
import { isExpired, type Registered, type RegisterQuery, searchRegister } from '#plan'
import { addConnectionOptions, type ConnectionSettings, connect } from './connect.ts'
import { type CommandContext, exitCodes } from './context.ts'
import { json, table } from './output.ts'

interface ShowOptions extends ConnectionSettings {
  readonly namespace?: string
  readonly output: 'table' | 'json' | 'csv'
}

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

/** `sifaka certificates`: searches the registers. Needs no right but to list ConfigMaps. */
export function addCertificatesCommands(program: Command, context: CommandContext): void {
  const certificates = program
    .command('certificates')
    .description('Search the certificates that internal Authorities have issued and that have not expired')
  const list = certificates
    .command('list')
    .description('List certificates, the first to expire first')
    .option('--name <pattern>', 'a name in the certificate or of its holder; * stands for any characters')
    .option('--serial <pattern>', 'serial number, hexadecimal')
    .option('--owner <pattern>', 'e-mail address of the owner')
    .option('--holder <pattern>', 'namespace/name of the Certificate, or of the subordinate Authority')
    .option('--authority <pattern>', 'name or namespace/name of the Authority')
    .option('--expires-before <time>', 'RFC 3339, or a duration from now such as 720h', instantOf)
    .option('--expires-after <time>', 'RFC 3339, or a duration from now', instantOf)
    .option('--revoked', 'only what is revoked')
    .action(async (options: ListOptions) => listCertificates(options, context))
  const show = certificates
    .command('show')
    .description('Show all that is known of a certificate, or of all that were issued for one holder')
    .argument('<serial-or-holder>', 'serial number, or namespace/name of the Certificate')
    .action(async (wanted: string, options: ShowOptions) => showCertificates(wanted, options, context))
  addConnectionOptions(list)
    .addOption(namespaceOption())
    .addOption(outputOption('table', 'json', 'csv'))
  addConnectionOptions(show).addOption(namespaceOption()).addOption(outputOption('table', 'json'))
}

const namespaceOption = () =>
  new Option('--namespace <name>', 'namespace of the Authority; without one: all namespaces')

const outputOption = (...formats: string[]) =>
  new Option('--output <format>', 'how to write the answer').choices(formats).default('table')

function instantOf(text: string): Instant {
  const at = fromRfc3339(text)
  if (at !== undefined && /^[0-9]{4}-/.test(text)) return at
  try {
    return systemClock.now() + parseDuration(text)
  } catch {
    throw new InvalidArgumentError('Give a time such as 2027-01-31T00:00:00Z or a duration such as 720h.')
  }
}

async function listCertificates(options: ListOptions, context: CommandContext): Promise<void> {
  const { name, serial, owner, holder, authority, expiresBefore, revoked } = options
  const expiresAfter = options.expiresAfter ?? systemClock.now()
  const query = { name, serialNumber: serial, owner, holder, authority, expiresBefore, expiresAfter, revoked }
  const found = await search(query, options, context)
  if (options.output === 'json') return context.print(json(found.map(inJson)))
  const rows = found.map(rowOf)
  context.print(options.output === 'csv' ? csv(heading, rows) : table(heading, rows))
}

async function showCertificates(wanted: string, options: ShowOptions, context: CommandContext): Promise<void> {
  const query = wanted.includes('/') ? { holder: wanted } : { serialNumber: wanted }
  const found = await search(query, options, context)
  if (found.length === 0) {
    context.tell(`no certificate in the register is ${plainText(wanted)}\n`)
    context.exitWith(exitCodes.no)
  } else if (options.output === 'json') {
    context.print(json(found.map(inJson)))
  } else {
    context.print(found.reverse().map(factsOf).join('\n'))
  }
}

/** Reads page by page and keeps what is wanted, the first to expire first. */
async function search(query: RegisterQuery, options: ShowOptions, context: CommandContext): Promise<Registered[]> {
  await using cluster = await connect(options, context)
  const found: Registered[] = []
  const { namespace } = options
  try {
    for await (const shard of listShards(cluster.client, namespace === undefined ? [] : [namespace])) {
      const { authority, configMap, entries, flaw } = shard
      if (flaw !== undefined) context.tell(`warning: ConfigMap ${configMap} cannot be read: ${plainText(flaw)}\n`)
      for (const entry of searchRegister(withAuthority(entries, authority), query)) found.push(entry)
    }
  } catch (error) {
    const isForbidden = error instanceof ApiError && error.status === 403
    if (isForbidden && namespace === undefined) context.tell('name one namespace with --namespace to read only that\n')
    throw error
  }
  return found.sort((a, b) => a.notAfter - b.notAfter)
}

function* withAuthority(entries: readonly Omit<Registered, 'authority'>[], authority: string): Generator<Registered> {
  for (const entry of entries) yield { authority, ...entry }
}

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

const inJson = ({ issuedAt, notAfter, revoked, ...entry }: Registered) => ({
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

/** RFC 4180. A cell that a spreadsheet would take for a formula is made a text by an apostrophe. */
function csv(columns: readonly string[], rows: readonly (readonly string[])[]): string {
  const cell = (text: string): string => {
    const plain = plainText(text, 2048)
    const harmless = /^[=+\-@]/.test(plain) ? `'${plain}` : plain
    return /[",]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless
  }
  return [columns, ...rows].map((cells) => `${cells.map(cell).join(',')}\r\n`).join('')
}
