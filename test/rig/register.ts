import { gunzipSync } from 'node:zlib'
import { annotations, type ConfigMap, configMapLabel } from '#api'
import { resources } from '#kube'
import { until } from '../controllers/namespace.ts'
import type { Stage } from './workload.ts'

/** A line of a register, as far as oracles read it. */
export interface RegisterLine {
  readonly fingerprint: string
  readonly serialNumber: string
  readonly holder: string
  readonly revision: number
  readonly revoked?: object
}

/** All lines of the register of the Authority `ca`, as they are stored. */
export async function registerOf({
  sandbox,
  namespace,
}: Pick<Stage, 'sandbox' | 'namespace'>): Promise<RegisterLine[]> {
  const which = { namespace: namespace.name, labelSelector: `${configMapLabel}=register` }
  const { items } = await sandbox.client.list<ConfigMap>(resources.configMaps, which)
  const shards = items.filter(({ metadata }) => metadata.annotations?.[annotations.authority] === 'ca')
  return shards.flatMap(({ binaryData = {} }) =>
    Object.values(binaryData).flatMap((zipped) =>
      gunzipSync(Buffer.from(zipped, 'base64'))
        .toString()
        .split('\n')
        .flatMap((line) => (line === '' ? [] : [JSON.parse(line) as RegisterLine])),
    ),
  )
}

/** Waits until so many lines are stored. */
export const registerHolds = (stage: Stage, lines: number): Promise<RegisterLine[]> =>
  until(
    () => registerOf(stage),
    (found) => found.length === lines,
    'the register',
  )
