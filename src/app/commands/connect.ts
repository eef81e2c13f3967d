import type { Command } from 'commander'
import type { KubeObject } from '#api'
import { silentLogger, systemClock } from '#base'
import type { GivenSettings } from '#config'
import { createKubeClient, isNotFound, type KubeClient, loadConnection, type Resource, type Selection } from '#kube'
import type { CommandContext } from './context.ts'
import { settingOption } from './setting-option.ts'

/** What the command line said about which cluster is meant. */
export type ConnectionSettings = Pick<GivenSettings, 'kubeconfig' | 'context'>

/** A cluster, for as long as one command needs it: `await using cluster = await connect(given, context)`. */
export interface Cluster extends AsyncDisposable {
  readonly client: KubeClient
  /** Where a command looks when no namespace is named: that of the kubeconfig's context or of the Pod, or `default`. */
  readonly namespace: string
}

const kubeconfig =
  'kubeconfig of the cluster, or several, joined by colons; without one, ~/.kube/config, and else the ' +
  'service account of the Pod'

/** The same flags and variables as the operator's. People have a kubeconfig in their home, too. */
export const addConnectionOptions = (command: Command): Command =>
  command.addOption(settingOption('kubeconfig', kubeconfig)).addOption(settingOption('context'))

/**
 * Connects as the kubeconfig says that is named or in the home folder, or else as the service account of the Pod.
 * @throws Failure Terminal that says what is missing or wrong
 */
export async function connect(given: ConnectionSettings, { env, version }: CommandContext): Promise<Cluster> {
  const { kubeconfig, context } = given
  const connection = await loadConnection({ kubeconfig, context, env, home: env.HOME, clock: systemClock })
  const client = createKubeClient({
    connection,
    userAgent: `sifaka/${version}`,
    clock: systemClock,
    logger: silentLogger,
    fieldManager: 'sifaka-cli',
    random: Math.random,
  })
  return {
    client,
    namespace: connection.namespace || 'default',
    [Symbol.asyncDispose]: () => client.close(),
  }
}

/** What a read finds: undefined when there is no such object. */
export async function ifFound<T>(read: Promise<T>): Promise<T | undefined> {
  try {
    return await read
  } catch (error) {
    if (isNotFound(error)) return undefined
    throw error
  }
}

const pageSize = 500

/** All objects of a resource that are selected, read page by page. */
export async function listAll<T extends KubeObject>(
  client: KubeClient,
  resource: Resource,
  selection: Selection = {},
): Promise<T[]> {
  const all: T[] = []
  let page: string | undefined
  do {
    const list = await client.list<T>(resource, { ...selection, limit: pageSize, continue: page })
    all.push(...list.items)
    page = list.continue
  } while (page)
  return all
}
