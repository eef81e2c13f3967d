import type { Command } from 'commander'
import type { KubeObject } from '#api'
import { type Instant, silentLogger, systemClock } from '#base'
import type { GivenSettings } from '#config'
import { createKubeClient, type KubeClient, loadConnection, type Resource, type Selection } from '#kube'
import type { CommandContext } from './context.ts'
import { settingOption } from './setting-option.ts'

/** What the command line said about which cluster is meant. */
export type ConnectionSettings = Pick<GivenSettings, 'kubeconfig' | 'context'>

/** A cluster, for as long as one command needs it: `await using cluster = await connect(given, context)`. */
export interface Cluster extends AsyncDisposable {
  readonly client: KubeClient
  /** Where a command looks when no namespace is named: that of the kubeconfig's context or of the Pod, or `default`. */
  readonly namespace: string
  /** The time by the API server's clock, up to a second behind; by that of this machine if there was no answer yet. */
  now(): Instant
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
  let aheadMs = 0
  const client = createKubeClient({
    connection,
    userAgent: `sifaka/${version}`,
    clock: systemClock,
    logger: silentLogger,
    fieldManager: 'sifaka-cli',
    random: Math.random,
    onAnswer(_request, _status, _durationMs, date) {
      const now = Date.parse(date ?? '')
      if (!Number.isNaN(now)) aheadMs = now - systemClock.now()
    },
  })
  return {
    client,
    namespace: connection.namespace || 'default',
    now: () => systemClock.now() + aheadMs,
    [Symbol.asyncDispose]: () => client.close(),
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
