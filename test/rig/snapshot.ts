import type { Authority, Certificate, ConfigMap, KubeObject, ObjectMeta, Secret } from '#api'
import { resources } from '#kube'
import { authorities, certificates, secrets } from '../controllers/namespace.ts'
import type { Stage } from './workload.ts'

/** A state of a namespace without what is another one each time: what a run with a fault must end in, too. */
export type Snapshot = Readonly<Record<string, unknown>>

/** All that the operator has left in a namespace, by `resource/name`. */
export async function snapshotOf({ sandbox, namespace }: Stage): Promise<Snapshot> {
  const { client } = sandbox
  const where = { namespace: namespace.name }
  const [own, cas, keys, maps] = await Promise.all([
    client.list<Certificate>(certificates, where),
    client.list<Authority>(authorities, where),
    client.list<Secret>(secrets, where),
    client.list<ConfigMap>(resources.configMaps, where),
  ])
  const named = <T extends KubeObject>(kind: string, items: readonly T[], view: (item: T) => unknown) =>
    items.map((item) => [`${kind}/${item.metadata.name}`, view(item)] as const)
  return Object.fromEntries([
    ...named('certificate', own.items, certificateView),
    ...named('authority', cas.items, authorityView),
    ...named('secret', keys.items, secretView),
    ...named(
      'configmap',
      maps.items.filter(({ metadata }) => metadata.name !== 'kube-root-ca.crt'),
      ({ metadata }) => ({ labels: metadata.labels }),
    ),
  ])
}

const certificateView = ({ metadata, status = {} }: Certificate) => ({
  ...objectView(metadata, status),
  revision: status.revision,
  earlier: status.earlierRevisions?.map(({ revision }) => revision),
  attempts: status.attempts,
  caGeneration: status.caGeneration,
  revoked: status.revocations?.length,
})

const authorityView = ({ metadata, status = {} }: Authority) => ({
  ...objectView(metadata, status),
  generation: status.ca?.generation,
  generations: status.generations?.map(({ generation, state }) => [generation, state]),
  isRequested: status.request !== undefined,
})

const objectView = (metadata: ObjectMeta, status: NonNullable<(Certificate | Authority)['status']>) => ({
  finalizers: metadata.finalizers,
  isObserved: status.observedGeneration === metadata.generation,
  conditions: status.conditions?.map(({ type, status: is, reason }) => `${type} ${is} ${reason}`).sort(),
})

const secretView = ({ metadata, type, data = {}, ...rest }: Secret) => ({
  type,
  isImmutable: rest.immutable,
  labels: metadata.labels,
  annotations: Object.keys(metadata.annotations ?? {})
    .filter((name) => name !== rivalMark)
    .sort(),
  data: Object.keys(data).sort(),
})

/** An annotation that somebody else puts on an object while the operator is about to change it. */
export const rivalMark = 'example.com/rival'
