import type { Certificate } from '#api'
import { type Failure, fromRfc3339, isFailure } from '#base'
import { storeKeyOf } from '#kube'
import {
  type EarlierRevision,
  earlierRevision,
  type HeldCertificate,
  type OwnCertificate,
  revokedBefore,
  type SecretView,
} from '#plan'
import type { AuthorityDirectory } from '../authority-directory.ts'
import type { ControllerTools } from '../tools.ts'

interface OwnTools {
  readonly tools: ControllerTools
  readonly directory: AuthorityDirectory
}

/** A certificate before it is known what became of it. */
type Noted = Omit<OwnCertificate, 'isReachable' | 'refused'>

/**
 * All that was issued for the very Certificate and may still be valid, or why that is not known now. The register says
 * it, whatever Secrets and statuses say: who may write those must not come to revoke the certificate of somebody else.
 * Of an Authority without a register it is what the status remembers and the certificate in use.
 */
export function ownCertificates(
  certificate: Certificate,
  authorityKey: string | undefined,
  held: HeldCertificate | undefined,
  { tools, directory }: OwnTools,
): readonly Omit<OwnCertificate, 'refused'>[] | Failure {
  const { namespace = '' } = certificate.metadata
  const noted = notedCertificates(certificate, held)
  const keys = new Set(noted.map((each) => each.authorityKey))
  if (authorityKey !== undefined) keys.add(authorityKey)
  try {
    return [...keys].flatMap((key) => {
      const authority = directory.find(key, namespace)
      const known = authority?.spec.internal
        ? registered(certificate, key, tools)
        : noted.filter((each) => each.authorityKey === key)
      return known.map((each) => ({ ...each, isReachable: authority !== undefined }))
    })
  } catch (error) {
    if (isFailure(error)) return error
    throw error
  }
}

/** @throws Failure Waiting while the register is not loaded */
const registered = (certificate: Certificate, authorityKey: string, { register }: ControllerTools): Noted[] =>
  register
    .ofHolder(authorityKey, 'Certificate', storeKeyOf(certificate))
    .map(({ serialNumber, fingerprint, generation, issuedAt, notAfter, revoked }) => ({
      ...{ authorityKey, serialNumber, fingerprint, generation, issuedAt, notAfter, revoked },
    }))

function notedCertificates(certificate: Certificate, held: HeldCertificate | undefined): Noted[] {
  const earlier = (certificate.status?.earlierRevisions ?? []).flatMap(earlierCertificate)
  const inUse = held ? [{ ...held, authorityKey: held.issuedBy }] : []
  const isOther = (each: { readonly fingerprint: string }): boolean => each.fingerprint !== held?.fingerprint
  return [...inUse, ...earlier.filter(isOther)].map(
    ({ authorityKey, serialNumber, fingerprint, issuedAt, notAfter }) => ({
      ...{ authorityKey, serialNumber, fingerprint, issuedAt, notAfter },
      generation: undefined,
      revoked: revokedBefore(certificate, { serialNumber, issuedAt }),
    }),
  )
}

function earlierCertificate({ issuedBy, serialNumber, fingerprint, ...times }: EarlierRevision) {
  const issuedAt = fromRfc3339(times.issuedAt)
  const notAfter = fromRfc3339(times.notAfter)
  if (issuedAt === undefined || notAfter === undefined) return []
  return [{ authorityKey: issuedBy, serialNumber, fingerprint, issuedAt, notAfter }]
}

/**
 * The certificate that the status still tells of although the Secret holds it no more: the process ended, or the status
 * was refused, after the Secret was written. 'unknown' while the register is about to say whose it is; where that
 * cannot be loaded nothing is remembered, because certificates go first.
 *
 * Statuses are filled from what Secrets say of themselves, so the register must have it as this very Certificate's:
 * what is remembered may be revoked one day. Of an Authority without a register nothing proves it any more: the
 * certificate itself, which would, was in the Secret alone. It is not remembered then.
 */
export function overtakenCertificate(
  certificate: Certificate,
  secret: SecretView,
  { tools }: OwnTools,
): EarlierRevision | 'unknown' | undefined {
  const { register, caches } = tools
  const { fingerprint, caGeneration } = certificate.status ?? {}
  const held = 'held' in secret && typeof secret.held === 'object' ? secret.held : undefined
  // Without a generation it is not in any register.
  if (fingerprint === undefined || caGeneration === undefined || held?.fingerprint === fingerprint) return undefined
  if (!register.isLoaded()) return register.isAwaited() ? 'unknown' : undefined
  // The status says which Authority is in charge now, and that may be another one.
  for (const issuedBy of [...caches.authorities.values()].map(storeKeyOf)) {
    const own = register.ofHolder(issuedBy, 'Certificate', storeKeyOf(certificate))
    const entry = own.find((each) => each.fingerprint === fingerprint)
    if (entry) return earlierRevision(entry.revision, { ...entry, issuedBy, caGeneration: entry.generation })
  }
  return undefined
}
