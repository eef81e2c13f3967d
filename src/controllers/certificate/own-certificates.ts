import type { Certificate, CertificateStatus } from '#api'
import { type Failure, fromRfc3339, isFailure } from '#base'
import { storeKeyOf } from '#kube'
import { type HeldCertificate, type OwnCertificate, revokedBefore } from '#plan'
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

type Earlier = NonNullable<CertificateStatus['earlierRevisions']>[number]

function earlierCertificate({ issuedBy, serialNumber, fingerprint, ...times }: Earlier) {
  const issuedAt = fromRfc3339(times.issuedAt)
  const notAfter = fromRfc3339(times.notAfter)
  if (issuedAt === undefined || notAfter === undefined) return []
  return [{ authorityKey: issuedBy, serialNumber, fingerprint, issuedAt, notAfter }]
}
