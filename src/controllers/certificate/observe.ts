import type { CertificateSpec } from '#api'
import { Failure, isFailure, keyOf } from '#base'
import {
  authorityKeyOf,
  type CertificateRequest,
  type CertificateWorld,
  certificateRequest,
  requestHash,
  type SecretView,
  secretNameOf,
  viewOfSecret,
  viewWithoutReading,
} from '#plan'
import type { AuthorityDirectory } from '../authority-directory.ts'
import type { Observation } from '../kind-controller.ts'
import type { Memory } from '../memory.ts'
import { readSecret, secretFiles } from '../own-secret.ts'
import type { ControllerTools } from '../tools.ts'

/** Reads all that decides about one Certificate. Writes nothing. */
export async function observeCertificate(
  key: string,
  { caches, client }: ControllerTools,
  directory: AuthorityDirectory,
  memory: Memory<SecretView>,
  signal: AbortSignal,
): Promise<Observation<CertificateWorld>> {
  const certificate = caches.certificates.get(key)
  if (!certificate || certificate.metadata.deletionTimestamp !== undefined) return { found: 'gone' }
  const { namespace = '', resourceVersion } = certificate.metadata
  const secret = { namespace, name: secretNameOf(certificate) }
  const secretKey = keyOf(secret)
  const cached = caches.secrets.get(secretKey)?.metadata
  const isBehind =
    memory.objects.isBehind(key, resourceVersion) || memory.secrets.isBehind(secretKey, cached?.resourceVersion)
  if (isBehind) return { found: 'behind' }

  const request = requestOf(certificate.spec)
  const hash = request instanceof Failure ? '' : requestHash(request)
  let view = memory.isInDoubt(key)
    ? undefined
    : (viewWithoutReading(certificate, cached, hash) ?? memory.recall(key, cached?.resourceVersion, hash))
  if (!view) {
    const read = await readSecret(client, secret, signal)
    view = viewOfSecret(certificate, request, read && { metadata: read.metadata, files: secretFiles(read) })
    memory.remember(key, read?.metadata.resourceVersion, hash, view)
    memory.settle(key, secretKey, read?.metadata)
  }
  const authority = directory.view(authorityKeyOf(certificate), namespace)
  return { found: 'world', world: { certificate, request, requestHash: hash, authority, secret: view } }
}

function requestOf(spec: CertificateSpec): CertificateRequest | Failure {
  try {
    return certificateRequest(spec)
  } catch (error) {
    if (isFailure(error)) return error
    throw error
  }
}
