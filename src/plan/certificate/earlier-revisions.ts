import { fromRfc3339, type Instant, toRfc3339 } from '#base'
import type { CertificateWorld, EarlierRevision, HeldCertificate } from './world.ts'

/** Earlier certificates that are remembered. */
const earlierMax = 20

type Issued = Pick<
  HeldCertificate,
  'serialNumber' | 'fingerprint' | 'issuedBy' | 'caGeneration' | 'issuedAt' | 'notAfter'
>

/** A certificate that is not the one in use any more, as the status remembers it. */
export const earlierRevision = (
  revision: number,
  { serialNumber, fingerprint, issuedBy, caGeneration, issuedAt, notAfter }: Issued,
): EarlierRevision => ({
  ...{ revision, serialNumber, fingerprint, issuedBy, caGeneration },
  issuedAt: toRfc3339(issuedAt),
  notAfter: toRfc3339(notAfter),
})

/**
 * Certificates of before that have not expired, the latest first. The API server takes one for each serial number.
 * @param replaced the one that was in use until this visit
 */
export function earlierRevisions(
  { certificate, secret, overtaken }: CertificateWorld,
  replaced: EarlierRevision | undefined,
  now: Instant,
): EarlierRevision[] | undefined {
  // As long as nothing takes its place the status goes on telling of it.
  const lost = secret.state === 'held' && secret.held.fingerprint !== overtaken?.fingerprint ? overtaken : undefined
  const all = [replaced, lost, ...(certificate.status?.earlierRevisions ?? [])].filter((each) => each !== undefined)
  const living = all
    .filter(({ notAfter }) => (fromRfc3339(notAfter) ?? 0) > now)
    .filter(({ serialNumber }, at, those) => those.findIndex((each) => each.serialNumber === serialNumber) === at)
    .sort((a, b) => b.revision - a.revision)
    .slice(0, earlierMax)
  return living.length > 0 ? living : undefined
}
