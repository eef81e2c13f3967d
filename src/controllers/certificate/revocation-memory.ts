import type { Failure } from '#base'
import type { OwnCertificate } from '#plan'
import { FailedAttempts } from '../failed-attempts.ts'

/** Which certificate, of all there are. */
export const identityOf = ({ authorityKey, generation, serialNumber }: Identity): string =>
  `${authorityKey}/${generation}/${serialNumber}`

type Identity = Pick<OwnCertificate, 'authorityKey' | 'generation' | 'serialNumber'>

interface Refused {
  /** What was tried: another spec or another Authority is a new beginning. */
  readonly version: string
  readonly certificates: Map<string, Failure>
}

/**
 * What came of trying to revoke, per Certificate, until something is different. All of it may be lost at any time: then
 * it is tried again.
 */
export class RevocationMemory {
  /** Attempts that met something that may go away by itself. */
  readonly failed = new FailedAttempts()
  readonly #refused = new Map<string, Refused>()

  refusal(key: string, version: string, certificate: Identity): Failure | undefined {
    return this.#refusals(key, version)?.get(identityOf(certificate))
  }

  /** The Authority will never revoke this one. */
  noteRefusal(key: string, version: string, certificate: Identity, failure: Failure): void {
    const certificates = this.#refusals(key, version) ?? new Map<string, Failure>()
    this.#refused.set(key, { version, certificates: certificates.set(identityOf(certificate), failure) })
  }

  forget(key: string): void {
    this.failed.forget(key)
    this.#refused.delete(key)
  }

  #refusals(key: string, version: string): Map<string, Failure> | undefined {
    const refused = this.#refused.get(key)
    return refused?.version === version ? refused.certificates : undefined
  }
}
