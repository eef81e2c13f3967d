import { annotations, type Certificate, type ObjectMeta } from '#api'
import type { CertificateWorld } from './world.ts'

/**
 * How many certificates have been issued. The Secret outlives the status, and the status outlives the Secret: whichever
 * has counted further is right.
 */
export function revisionsSoFar({ status }: Certificate, secret: ObjectMeta | undefined): number {
  const noted = Number(secret?.annotations?.[annotations.revision])
  return Math.max(status?.revision ?? 0, Number.isSafeInteger(noted) && noted > 0 ? noted : 0)
}

/** The same for a Certificate whose Secret has been looked at: what is somebody else's has a count of its own. */
export const revisionsOf = ({ certificate, secret }: CertificateWorld): number =>
  revisionsSoFar(certificate, 'metadata' in secret && secret.state !== 'offered' ? secret.metadata : undefined)
