import type { Command } from 'commander'
import { type Authority, authorityKind, type Certificate, certificateKind, type KubeObject } from '#api'
import { type Instant, keyOf, systemClock } from '#base'
import { type KubeClient, resourceOf, resources } from '#kube'
import { checkPolicies, type PolicyFinding, policyFlaws } from '#plan'
import { addConnectionOptions, type ConnectionSettings, connect, listAll } from './connect.ts'
import { type CommandContext, exitCodes } from './context.ts'
import { readAuthorities } from './manifests.ts'
import { momentOf } from './moment.ts'
import { allNamespacesOption, type NamespaceSettings, namespaceIn, namespaceOption, noneFound } from './namespace.ts'
import { type OutputSettings, outputOption, written } from './output.ts'
import { settingOption } from './setting-option.ts'

interface JudgeOptions extends ConnectionSettings, OutputSettings {
  readonly systemNamespace: string
  readonly at?: Instant
}

interface CheckOptions extends JudgeOptions {
  /** Of Authorities that name none. */
  readonly namespace?: string
  /** Paths; `-` is standard input. */
  readonly file: readonly string[]
}

interface AuditOptions extends JudgeOptions, NamespaceSettings {}

const collected = (value: string, before: readonly string[] = []): readonly string[] => [...before, value]

/** `sifaka policy`: what rules mean for the Certificates that there are. Reads only. */
export function addPolicyCommands(program: Command, context: CommandContext): void {
  const policy = program.command('policy').description('See which Certificates the rules of an Authority would deny')
  const check = policy
    .command('check')
    .description('List the Certificates that Authorities in a file would deny, or their auditRules; exit code 1 if any')
    .requiredOption('-f, --file <file>', 'YAML with Authorities, - for standard input; may be repeated', collected)
    .addOption(namespaceOption('Authorities in the file that name none'))
    .action(async (options: CheckOptions) => checkFiles(options, context))
  const audit = policy
    .command('audit')
    .description(
      'List the Certificates that Authorities in the cluster would deny, or their auditRules; exit code 1 if any',
    )
    .addOption(namespaceOption('the Authorities; their Certificates may be anywhere'))
    .addOption(allNamespacesOption('judge by Authorities'))
    .action(async (options: AuditOptions) => auditCluster(options, context))
  for (const command of [check, audit]) {
    command
      .option(
        '--at <time>',
        'when they would be issued: RFC 3339, or how long from now such as 30d (default: now)',
        momentOf,
      )
      .addOption(outputOption())
      .addOption(settingOption('systemNamespace'))
    addConnectionOptions(command)
  }
}

async function checkFiles(options: CheckOptions, context: CommandContext): Promise<void> {
  await using cluster = await connect(options, context)
  const read = await Promise.all(
    options.file.map((path) => readAuthorities(path, options.namespace ?? cluster.namespace)),
  )
  await judge(cluster.client, () => read.flat(), options, context)
}

async function auditCluster(options: AuditOptions, context: CommandContext): Promise<void> {
  await using cluster = await connect(options, context)
  const namespace = namespaceIn(options, cluster)
  const judging = (all: readonly Authority[]): readonly Authority[] => {
    const found = all.filter(({ metadata }) => namespace === undefined || metadata.namespace === namespace)
    if (found.length === 0) context.tell(noneFound('Authorities', namespace))
    return found
  }
  await judge(cluster.client, judging, options, context)
}

/** @param judgingOf the Authorities to judge by, of those of the cluster or others */
async function judge(
  client: KubeClient,
  judgingOf: (authorities: readonly Authority[]) => readonly Authority[],
  options: JudgeOptions,
  { print, tell, exitWith }: CommandContext,
): Promise<void> {
  const [authorities, certificates, namespaces] = await Promise.all([
    listAll<Authority>(client, resourceOf(authorityKind)),
    listAll<Certificate>(client, resourceOf(certificateKind)),
    listAll<KubeObject>(client, resources.namespaces),
  ])
  const labels = new Map(namespaces.map(({ metadata }) => [metadata.name, metadata.labels ?? {}]))
  const judging = judgingOf(authorities)
  for (const warning of judging.flatMap(flawsOf)) tell(`warning: ${warning}\n`)
  const { systemNamespace, at = systemClock.now() } = options
  const found = checkPolicies(judging, { authorities, certificates, namespaces: labels, systemNamespace }, at)
  print(written(options, { heading, rows: rowsOf(found), value: found }))
  if (found.length > 0) exitWith(exitCodes.no)
  else if (judging.length > 0) tell('No Certificate would be denied.\n')
}

function flawsOf({ metadata: { namespace = '', name }, spec }: Authority): string[] {
  const key = keyOf({ namespace, name })
  return policyFlaws(spec, namespace).map((flaw) => `Authority ${key}: ${flaw}`)
}

const heading = ['AUTHORITY', 'CERTIFICATE', 'DENIED BY', 'REASON']

/** A line for each reason. */
const rowsOf = (found: readonly PolicyFinding[]): string[][] =>
  found.flatMap(({ authority, certificate, denials, violations }) => [
    ...denials.map((reason) => [authority, certificate, 'rules', reason]),
    ...violations.map((reason) => [authority, certificate, 'auditRules', reason]),
  ])
