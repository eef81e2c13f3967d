import { annotations } from '#api'
import { toRfc3339 } from '#base'
import type { HeldCertificate } from './world.ts'

/** Whose a certificate is that a Secret holds. */
export interface Identity {
  /** Minted once per certificate. */
  readonly id: string
  readonly revision: number
  readonly requestHash: string
  /** Name of the Certificate. */
  readonly name: string
}

/** The annotations of a Secret that say what certificate it holds and whose that is: see `viewWithoutReading`. */
export function identityMarks(held: HeldCertificate, identity: Identity): Record<string, string> {
  const { caGeneration, caFingerprint, trust } = held
  return {
    [annotations.id]: identity.id,
    [annotations.certificate]: identity.name,
    [annotations.revision]: String(identity.revision),
    [annotations.issuedAt]: toRfc3339(held.issuedAt),
    [annotations.issuedBy]: held.issuedBy,
    [annotations.requestHash]: identity.requestHash,
    [annotations.serialNumber]: held.serialNumber,
    [annotations.fingerprint]: held.fingerprint,
    [annotations.issuer]: held.issuer,
    [annotations.notBefore]: toRfc3339(held.notBefore),
    [annotations.notAfter]: toRfc3339(held.notAfter),
    ...(trust !== undefined && { [annotations.trust]: trust }),
    ...(caGeneration !== undefined && { [annotations.caGeneration]: String(caGeneration) }),
    ...(caFingerprint !== undefined && { [annotations.caFingerprint]: caFingerprint }),
  }
}
