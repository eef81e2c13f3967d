import { type Command, Option } from 'commander'
import { type Authority, authorityKind, type Certificate, certificateKind, type KubeObject } from '#api'
import { keyOf } from '#base'
import { type KubeClient, resourceOf, resources } from '#kube'
import { checkPolicies, type PolicyFinding, policyFlaws } from '#plan'
import { addConnectionOptions, type ConnectionSettings, connect, listAll } from './connect.ts'
import { type CommandContext, exitCodes } from './context.ts'
import { readAuthorities } from './manifests.ts'
import { json, table } from './output.ts'
import { settingOption } from './setting-option.ts'

interface AuditOptions extends ConnectionSettings {
  readonly systemNamespace: string
  readonly output: 'table' | 'json'
}

interface CheckOptions extends AuditOptions {
  /** Of Authorities that name none. */
  readonly namespace?: string
  /** Paths; `-` is standard input. */
  readonly file: readonly string[]
}

const collected = (value: string, before: readonly string[] = []): readonly string[] => [...before, value]

/** `sifaka policy`: what rules mean for the Certificates that there are. Reads only. */
export function addPolicyCommands(program: Command, context: CommandContext): void {
  const policy = program.command('policy').description('See which Certificates the rules of an Authority would deny')
  const check = policy
    .command('check')
    .description('List the Certificates that Authorities in a file would deny; exit code 1 if there are any')
    .requiredOption('-f, --file <file>', 'YAML with Authorities, - for standard input; may be repeated', collected)
    .option('-n, --namespace <name>', "namespace of Authorities in the file that name none; default: the context's")
    .action(async (options: CheckOptions) => checkFiles(options, context))
  const audit = policy
    .command('audit')
    .description('The same for the Authorities as they are in the cluster, with their rules on trial')
    .action(async (options: AuditOptions) => auditCluster(options, context))
  for (const command of [check, audit]) {
    const output = new Option('--output <format>', 'how to write the answer').choices(['table', 'json'])
    addConnectionOptions(command).addOption(settingOption('systemNamespace')).addOption(output.default('table'))
  }
}

async function checkFiles(options: CheckOptions, context: CommandContext): Promise<void> {
  await using cluster = await connect(options, context)
  const read = await Promise.all(
    options.file.map((path) => readAuthorities(path, options.namespace ?? cluster.namespace)),
  )
  await judge(cluster.client, read.flat(), options, context)
}

async function auditCluster(options: AuditOptions, context: CommandContext): Promise<void> {
  await using cluster = await connect(options, context)
  await judge(cluster.client, undefined, options, context)
}

/** Judges by these Authorities, or by those of the cluster. */
async function judge(
  client: KubeClient,
  given: readonly Authority[] | undefined,
  { systemNamespace, output }: AuditOptions,
  { print, tell, exitWith }: CommandContext,
): Promise<void> {
  const [authorities, certificates, namespaces] = await Promise.all([
    listAll<Authority>(client, resourceOf(authorityKind)),
    listAll<Certificate>(client, resourceOf(certificateKind)),
    listAll<KubeObject>(client, resources.namespaces),
  ])
  const labels = new Map(namespaces.map(({ metadata }) => [metadata.name, metadata.labels ?? {}]))
  const judging = given ?? authorities
  for (const warning of judging.flatMap(flawsOf)) tell(`warning: ${warning}\n`)
  const found = checkPolicies(judging, { authorities, certificates, namespaces: labels, systemNamespace })
  print(output === 'json' ? json(found) : inWords(found))
  if (found.length > 0) exitWith(exitCodes.no)
}

function flawsOf({ metadata: { namespace = '', name }, spec }: Authority): string[] {
  const key = keyOf({ namespace, name })
  return policyFlaws(spec, namespace).map((flaw) => `Authority ${key}: ${flaw}`)
}

/** A line for each reason. */
function inWords(found: readonly PolicyFinding[]): string {
  if (found.length === 0) return 'No Certificate would be denied.\n'
  const rows = found.flatMap(({ authority, certificate, denials, violations }) => [
    ...denials.map((reason) => [authority, certificate, 'rules', reason]),
    ...violations.map((reason) => [authority, certificate, 'auditRules', reason]),
  ])
  return table(['AUTHORITY', 'CERTIFICATE', 'DENIED BY', 'REASON'], rows)
}
