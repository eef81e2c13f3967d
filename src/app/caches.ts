import {
  type Authority,
  annotations,
  authorityKind,
  type Certificate,
  type ConfigMap,
  certificateKind,
  configMapLabel,
  type KubeObject,
  type PartialObject,
  secretLabel,
} from '#api'
import { keyOf } from '#base'
import { type Caches, index } from '#controllers'
import { Cache, type CacheOptions, resourceOf, resources } from '#kube'
import {
  authorityKeyOf,
  caRequestSecretName,
  caSecretPrefix,
  orderSecretName,
  parentKeyOf,
  secretNameOf,
  sourceKeyOf,
} from '#plan'
import { ownObject, ownSecret } from './projections.ts'

type Common = Pick<CacheOptions<KubeObject>, 'client' | 'clock' | 'logger' | 'random' | 'namespaces'>

/** The watch caches of all controllers, with their indexes. */
export function createCaches(surroundings: Common): Caches {
  // Labels of namespaces decide about grants.
  const namespaces = new Cache<PartialObject>({
    ...surroundings,
    resource: resources.namespaces,
    metadataOnly: true,
  })
  const common = { ...surroundings, isGone: isGoneAmong(namespaces) }
  return {
    authorities: new Cache<Authority>({
      ...common,
      resource: resourceOf(authorityKind),
      project: ownObject<Authority>,
      indexes: {
        [index.byParent]: (authority) => some(parentKeyOf(authority)),
        [index.byNamespace]: namespaceOf,
        [index.byDefault]: (authority) => (authority.spec.default ? namespaceOf(authority) : []),
        // Generations by what their names have in common.
        [index.bySecret]: (authority) => [
          ...some(sourceKeyOf(authority)),
          secretKey(authority, caRequestSecretName(authority)),
          secretKey(authority, caSecretPrefix(authority)),
        ],
      },
    }),
    certificates: new Cache<Certificate>({
      ...common,
      resource: resourceOf(certificateKind),
      project: ownObject<Certificate>,
      indexes: {
        [index.byAuthority]: (certificate) => [authorityKeyOf(certificate) ?? ''],
        [index.bySecret]: (certificate) => [secretKey(certificate, secretNameOf(certificate))],
        [index.byOrder]: (certificate) => [secretKey(certificate, orderSecretName(certificate.metadata.name))],
        [index.byNamespace]: namespaceOf,
      },
    }),
    secrets: new Cache<PartialObject>({
      ...common,
      resource: resources.secrets,
      labelSelector: secretLabel,
      metadataOnly: true,
      project: ownSecret,
      indexes: {
        [index.byIssuer]: ({ metadata }) => some(metadata.annotations?.[annotations.issuedBy]),
        [index.byCa]: (secret) =>
          isCa(secret) ? [secretKey(secret, secret.metadata.annotations?.[annotations.authority] ?? '')] : [],
      },
    }),
    configMaps: new Cache<ConfigMap>({
      ...common,
      resource: resources.configMaps,
      labelSelector: `${configMapLabel}=ca-bundle`,
    }),
    crls: new Cache<ConfigMap>({ ...common, resource: resources.configMaps, labelSelector: `${configMapLabel}=crl` }),
    namespaces,
  }
}

/** Whether it is known that a namespace does not exist, or is being deleted. */
export const isGoneAmong =
  (namespaces: Caches['namespaces']) =>
  (name: string): boolean => {
    const known = namespaces.get(keyOf({ namespace: '', name }))
    return namespaces.hasSynced() && (known === undefined || known.metadata.deletionTimestamp !== undefined)
  }

const some = (value: string | undefined): readonly string[] => (value === undefined ? [] : [value])

const isCa = ({ metadata }: PartialObject): boolean => metadata.labels?.[secretLabel] === 'ca'

const namespaceOf = ({ metadata }: KubeObject): readonly string[] => some(metadata.namespace)

const secretKey = ({ metadata }: KubeObject, name: string): string =>
  keyOf({ namespace: metadata.namespace ?? '', name })
