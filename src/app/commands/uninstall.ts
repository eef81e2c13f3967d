import type { Command } from 'commander'
import { finalizer, type KubeObject, kinds } from '#api'
import { fromRfc3339, type Instant, plainText, second, systemClock, terminal } from '#base'
import { type Config, loadConfig } from '#config'
import { ifFound, type KubeClient, type Resource, resourceOf, resources } from '#kube'
import { addConnectionOptions, type ConnectionSettings, connect, listAll } from './connect.ts'
import { type CommandContext, exitCodes } from './context.ts'
import { table } from './output.ts'
import { settingOption } from './setting-option.ts'

interface UninstallOptions extends ConnectionSettings, Pick<Config, 'systemNamespace' | 'leaseName'> {
  /** Separated by commas; without one: all. */
  readonly namespaces?: string
  readonly yes?: true
}

/** An object whose deletion waits for an operator. */
interface Held {
  readonly kind: string
  readonly resource: Resource
  readonly object: KubeObject
}

/** `sifaka uninstall`: takes away what would hold up deletions once no operator runs. */
export function addUninstallCommand(program: Command, context: CommandContext): void {
  const uninstall = program
    .command('uninstall')
    .description('Take our finalizer off all objects, so that they can be deleted, and delete the Lease')
    .option('--yes', 'do it; without this the objects are only listed')
    .action(async (options: UninstallOptions) => runUninstall(options, context))
  addConnectionOptions(uninstall)
  for (const name of ['namespaces', 'systemNamespace', 'leaseName'] as const) uninstall.addOption(settingOption(name))
}

async function runUninstall(options: UninstallOptions, context: CommandContext): Promise<void> {
  await using cluster = await connect(options, context)
  const { client } = cluster
  const lease = await idleLease(client, options)
  const { namespaces } = loadConfig({ namespaces: options.namespaces })
  const held = await heldObjects(client, namespaces.length > 0 ? namespaces : [undefined])
  const left = [...held, ...(lease ? [{ kind: 'Lease', object: lease }] : [])]
  if (left.length === 0) {
    context.print('No object waits for Sifaka, and no Lease is left.\n')
    return
  }
  const rows = left.map(({ kind, object: { metadata } }) => [kind, metadata.namespace ?? '', metadata.name])
  context.print(table(['KIND', 'NAMESPACE', 'NAME'], rows))
  const also = lease ? ', and the Lease deleted' : ''
  if (!options.yes) {
    const without = 'without the revocations that they wait for'
    context.tell(`${held.length} would be let go, ${without}${also}: go on with --yes\n`)
    context.exitWith(exitCodes.no)
    return
  }
  for (const each of held) await letGo(client, each)
  if (lease) await deleteLease(client, lease)
  const what = 'what was being deleted is gone now. Secrets and definitions are still there'
  context.tell(`${held.length} let go${also}; ${what}\n`)
}

/**
 * The Lease that the operator has left behind: Helm does not know of it.
 * @throws Failure Terminal `OperatorActive`: an operator that is at work would put the finalizers back
 */
async function idleLease(
  client: KubeClient,
  { systemNamespace, leaseName }: Pick<UninstallOptions, 'systemNamespace' | 'leaseName'>,
): Promise<Lease | undefined> {
  const key = { namespace: systemNamespace, name: leaseName }
  const lease = await ifFound(client.get<Lease>(resources.leases, key))
  const { holderIdentity = '', renewTime, leaseDurationSeconds = 0 } = lease?.spec ?? {}
  const freeAt: Instant = (fromRfc3339(renewTime) ?? 0) + leaseDurationSeconds * second
  if (holderIdentity === '' || freeAt <= systemClock.now()) return lease
  const who = `${plainText(holderIdentity)} holds the Lease ${systemNamespace}/${leaseName}`
  throw terminal('OperatorActive', `an operator is at work (${who}): uninstall it first, or scale it to 0`)
}

/** @throws ApiError, a conflict when somebody has just taken it */
async function deleteLease(client: KubeClient, { metadata }: Lease): Promise<void> {
  const { namespace = '', name, uid, resourceVersion } = metadata
  await ifFound(client.delete(resources.leases, { namespace, name }, { uid, resourceVersion }))
}

interface Lease extends KubeObject {
  readonly spec?: {
    readonly holderIdentity?: string
    readonly renewTime?: string
    readonly leaseDurationSeconds?: number
  }
}

/** Objects that have our finalizer; none of a kind that is not installed. */
async function heldObjects(client: KubeClient, namespaces: readonly (string | undefined)[]): Promise<Held[]> {
  const held: Held[] = []
  for (const each of kinds) {
    const { kind } = each
    const resource = resourceOf(each)
    for (const namespace of namespaces) {
      const all = (await ifFound(listAll<KubeObject>(client, resource, { namespace }))) ?? []
      const found = all.filter(({ metadata }) => metadata.finalizers?.includes(finalizer))
      held.push(...found.map((object) => ({ kind, resource, object })))
    }
  }
  return held
}

/** @throws ApiError, a conflict when it has just changed among them: the command is run again */
async function letGo(client: KubeClient, { resource, object: { metadata } }: Held): Promise<void> {
  const { namespace = '', name, uid, resourceVersion } = metadata
  const finalizers = metadata.finalizers?.filter((each) => each !== finalizer) ?? []
  const patch = { metadata: { uid, resourceVersion, finalizers } }
  await ifFound(client.mergePatch(resource, { namespace, name }, patch, { metadataOnly: true }))
}
