import {
  type Authority,
  annotations,
  authorityKind,
  type Certificate,
  certificateKind,
  type KubeObject,
  type PartialObject,
  secretLabel,
} from '#api'
import { keyOf } from '#base'
import { type Caches, index } from '#controllers'
import { Cache, type CacheOptions, resourceOf, resources } from '#kube'
import { authorityKeyOf, caSecretName, parentKeyOf, secretNameOf } from '#plan'
import { ownObject, ownSecret } from './projections.ts'

type Common = Pick<CacheOptions<KubeObject>, 'client' | 'clock' | 'logger' | 'random' | 'namespaces'>

/** The watch caches of all controllers, with their indexes. */
export function createCaches(common: Common): Caches {
  return {
    authorities: new Cache<Authority>({
      ...common,
      resource: resourceOf(authorityKind),
      project: ownObject<Authority>,
      indexes: {
        [index.byParent]: (authority) => some(parentKeyOf(authority)),
        [index.bySecret]: (authority) => [secretKey(authority, caSecretName(authority))],
      },
    }),
    certificates: new Cache<Certificate>({
      ...common,
      resource: resourceOf(certificateKind),
      project: ownObject<Certificate>,
      indexes: {
        [index.byAuthority]: (certificate) => [authorityKeyOf(certificate)],
        [index.bySecret]: (certificate) => [secretKey(certificate, secretNameOf(certificate))],
        [index.byNamespace]: namespaceOf,
      },
    }),
    secrets: new Cache<PartialObject>({
      ...common,
      resource: resources.secrets,
      labelSelector: secretLabel,
      metadataOnly: true,
      project: ownSecret,
      indexes: { [index.byIssuer]: ({ metadata }) => some(metadata.annotations?.[annotations.issuedBy]) },
    }),
    // Labels of namespaces decide about grants; a namespace is a name of no namespace.
    namespaces: new Cache<PartialObject>({
      ...common,
      namespaces: [],
      resource: resources.namespaces,
      metadataOnly: true,
    }),
  }
}

const some = (value: string | undefined): readonly string[] => (value === undefined ? [] : [value])

const namespaceOf = ({ metadata }: KubeObject): readonly string[] => some(metadata.namespace)

const secretKey = ({ metadata }: KubeObject, name: string): string =>
  keyOf({ namespace: metadata.namespace ?? '', name })
