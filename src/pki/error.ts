import { Failure, plainText } from '#base'

/** Why a piece of PKI was refused. The set is closed, so that a plan can map each to a condition's reason. */
export type PkiReason =
  | 'InvalidKey'
  | 'InvalidCertificate'
  | 'InvalidChain'
  | 'InvalidNames'
  | 'InvalidRequest'
  | 'InvalidCsr'
  | 'InvalidCrl'
  | 'InvalidCms'
  | 'CertificateRejected'

/**
 * A key, certificate, chain or name that cannot be used. Terminal: the same bytes will be refused again, so only an
 * object with other bytes helps. Whoever got the bytes from outside the cluster wraps it as retryable.
 */
export class PkiError extends Failure {
  declare readonly reason: PkiReason

  constructor(reason: PkiReason, message: string, cause?: unknown) {
    super('Terminal', reason, plainText(message, 1024), { cause })
    this.name = 'PkiError'
  }
}
