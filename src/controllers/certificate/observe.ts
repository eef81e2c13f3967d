import { annotations, type Certificate, type CertificateSpec, finalizer, type ObjectMeta, type Secret } from '#api'
import { Failure, isFailure, keyOf } from '#base'
import { storeKeyOf } from '#kube'
import {
  type AuthorityView,
  authorityKeyOf,
  type CertificateRequest,
  type CertificateWorld,
  type Claims,
  certificateRequest,
  type ReadSecret,
  type RevocationView,
  requestHash,
  type SecretView,
  secretNameOf,
  viewOfSecret,
  viewWithoutReading,
  type Wanted,
} from '#plan'
import type { Observation } from '../kind-controller.ts'
import { readSecret, secretFiles, withoutManagers } from '../own-secret.ts'
import { type ControllerTools, generationsKey, index } from '../tools.ts'
import { inputVersion } from './input-version.ts'
import { viewOrder } from './order-secret.ts'
import { overtakenCertificate, ownCertificates } from './own-certificates.ts'
import { observePasswords } from './passwords.ts'
import type { ObserveTools } from './visit.ts'

/** Reads all that decides about one Certificate. Writes nothing. */
export async function observeCertificate(key: string, on: ObserveTools): Promise<Observation<CertificateWorld>> {
  const { tools, directory, memory } = on
  const { caches } = tools
  const certificate = caches.certificates.get(key)
  if (!certificate || isGone(certificate)) return { found: 'gone' }
  const { namespace = '', resourceVersion } = certificate.metadata
  const secretKey = keyOf({ namespace, name: secretNameOf(certificate) })
  const cached = caches.secrets.get(secretKey)?.metadata
  const isBehind =
    memory.objects.isBehind(key, resourceVersion) || memory.secrets.isBehind(secretKey, cached?.resourceVersion)
  const order = viewOrder(certificate, on)
  if (isBehind || order === 'behind') return { found: 'behind' }
  if (order) on.calls.noteSeen(key)

  const authorityKey = chosenAuthority(certificate, cached, on)
  const viewAuthority = () => (authorityKey === undefined ? undefined : directory.view(authorityKey, namespace))
  const authority = viewAuthority()
  const request = requestOf(certificate.spec, authority, tools)
  const hash = request instanceof Failure ? '' : requestHash(request)
  const secret = await viewSecret(certificate, { request, requestHash: hash, authorityKey, authority }, cached, on)
  const passwords = await observePasswords({ certificate, secret, authority, authorityKey }, on)
  // What signs is the CA of this moment: the plan must not be made for the one before.
  if (viewAuthority()?.version !== authority?.version) return { found: 'behind' }
  const overtaken = overtakenCertificate(certificate, secret, on)
  // Once another status is written nothing tells of it any more.
  if (overtaken === 'unknown') return { found: 'behind' }
  return {
    found: 'world',
    world: {
      certificate,
      request,
      requestHash: hash,
      authorityKey,
      authority,
      secret,
      passwords,
      order,
      namespaceLabels: directory.labelsOf(namespace),
      issuedLately: memory.issuedLately(key),
      refreshedLately: memory.refreshedLately(key),
      refreshFailure: memory.unrefreshed.last(key, inputVersion({ certificate, authority })),
      isRevoked: isRevoked(certificate, secret, tools),
      overtaken,
      isFrozen: tools.isFrozen,
      isNamespaceTerminating: directory.isTerminating(namespace),
      revocation: viewRevocation(certificate, { authorityKey, authority, secret }, on),
    },
  }
}

/** Nothing of ours holds it any more. */
export const isGone = ({ metadata }: Certificate): boolean =>
  metadata.deletionTimestamp !== undefined && !metadata.finalizers?.includes(finalizer)

/** Whether the Authority's people, or this Certificate before, have had the certificate in use revoked. */
function isRevoked(certificate: Certificate, secret: SecretView, { register }: ControllerTools): boolean {
  const held = 'held' in secret ? secret.held : undefined
  if (typeof held !== 'object' || !register.isLoaded()) return false
  const entry = register.find(held.issuedBy, held.serialNumber, held.caGeneration)
  // What is offered may have been revoked as somebody else's.
  const isOwn = secret.state === 'offered' || entry?.holder === storeKeyOf(certificate)
  return entry?.revoked !== undefined && isOwn
}

/** What revocation needs to know, where some is asked for: it looks through a whole register. */
function viewRevocation(
  certificate: Certificate,
  { authorityKey, authority, secret }: Pick<CertificateWorld, 'authorityKey' | 'authority' | 'secret'>,
  on: ObserveTools,
): RevocationView | undefined {
  const { metadata, spec } = certificate
  if (!spec.revocation && metadata.deletionTimestamp === undefined) return undefined
  const held = secret.state === 'held' ? secret.held : undefined
  const own = ownCertificates(certificate, authorityKey, held, on)
  const [key, version] = [storeKeyOf(certificate), inputVersion({ certificate, authority })]
  const certificates =
    own instanceof Failure ? own : own.map((each) => ({ ...each, refused: on.revocations.refusal(key, version, each) }))
  return { certificates, lastFailure: on.revocations.failed.last(key, version) }
}

/**
 * The Authority that the spec names. Where it names none the choice is made once and kept: in the status, and where
 * that was lost on the Secret. Only when that Authority is gone another one is chosen.
 */
function chosenAuthority(
  certificate: Certificate,
  secret: ObjectMeta | undefined,
  { tools, directory }: ObserveTools,
): string | undefined {
  const { metadata, spec } = certificate
  if (spec.authorityRef) return authorityKeyOf(certificate)
  const said = secret?.annotations ?? {}
  const noted = said[annotations.certificate] === metadata.name ? said[annotations.issuedBy] : undefined
  const kept = authorityKeyOf(certificate) ?? noted
  if (kept !== undefined && tools.caches.authorities.get(kept)) return kept
  return directory.defaultFor(metadata.namespace ?? '') ?? kept
}

async function viewSecret(
  certificate: Certificate,
  wanted: Wanted,
  cached: ObjectMeta | undefined,
  on: ObserveTools,
): Promise<SecretView> {
  const { tools, memory, signal } = on
  const { namespace = '', name } = certificate.metadata
  const key = keyOf({ namespace, name })
  const secret = { namespace, name: secretNameOf(certificate) }
  const claims = claimsOn(certificate, keyOf(secret), on)
  const known = memory.isInDoubt(key)
    ? undefined
    : (viewWithoutReading(claims, cached, wanted.requestHash) ??
      memory.recall(key, cached?.resourceVersion, wanted.requestHash))
  if (known) {
    on.secretHolders.note(keyOf(secret), claims, cached)
    return known
  }
  const read = await readSecret(tools.client, secret, signal)
  on.secretHolders.note(keyOf(secret), claims, read?.metadata)
  const view = viewOfSecret(claims, wanted, read && contentOf(read))
  // What may be kept of an offer depends on the Authority, and whose a Secret is on what else there is.
  if (view.state !== 'offered' && view.state !== 'foreign')
    memory.remember(key, read?.metadata.resourceVersion, wanted.requestHash, view)
  memory.settle(key, keyOf(secret), read?.metadata)
  return view
}

const contentOf = (secret: Secret): ReadSecret => ({
  metadata: withoutManagers(secret.metadata),
  form: { type: secret.type ?? '', isImmutable: secret.immutable === true },
  files: secretFiles(secret),
  data: secret.data ?? {},
})

/** Who names the Secret. */
function claimsOn(own: Certificate, secretKey: string, on: ObserveTools): Claims {
  const { certificates, authorities } = on.tools.caches
  const all = certificates.byIndex(index.bySecret, secretKey)
  return {
    own,
    others: all.filter(({ metadata }) => metadata.name !== own.metadata.name),
    authorities: [secretKey, generationsKey(secretKey)].flatMap((key) => authorities.byIndex(index.bySecret, key)),
    orderers: certificates.byIndex(index.byOrder, secretKey),
    isIssuing: (each) => on.issuing.isAt(secretKey, storeKeyOf(each)) || viewOrder(each, on) !== undefined,
  }
}

function requestOf(
  spec: CertificateSpec,
  authority: AuthorityView | undefined,
  { keyLimits }: ControllerTools,
): CertificateRequest | Failure {
  try {
    return certificateRequest(spec, authority?.spec.defaults, keyLimits)
  } catch (error) {
    if (isFailure(error)) return error
    throw error
  }
}
