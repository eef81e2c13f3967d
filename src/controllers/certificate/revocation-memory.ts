import type { Failure, Instant } from '#base'
import type { OwnCertificate, RevocationView } from '#plan'

/** Which certificate, of all there are. */
export const identityOf = ({ authorityKey, generation, serialNumber }: Identity): string =>
  `${authorityKey}/${generation}/${serialNumber}`

type Identity = Pick<OwnCertificate, 'authorityKey' | 'generation' | 'serialNumber'>

interface Tried {
  /** What was tried: another spec or another Authority is a new beginning. */
  readonly version: string
  readonly refused: Map<string, Failure>
  lastFailure: RevocationView['lastFailure']
}

/**
 * What came of trying to revoke, per Certificate, until something is different. All of it may be lost at any time: then
 * it is tried again.
 */
export class RevocationMemory {
  readonly #tried = new Map<string, Tried>()

  refusal(key: string, version: string, certificate: Identity): Failure | undefined {
    return this.#recall(key, version)?.refused.get(identityOf(certificate))
  }

  lastFailure(key: string, version: string): RevocationView['lastFailure'] {
    return this.#recall(key, version)?.lastFailure
  }

  /** The Authority will never revoke this one. */
  noteRefusal(key: string, version: string, certificate: Identity, failure: Failure): void {
    this.#begin(key, version).refused.set(identityOf(certificate), failure)
  }

  /** An attempt failed. @param nextAfter when the next one is due after so many that failed in a row */
  noteFailure(key: string, version: string, failure: Failure, nextAfter: (attempts: number) => Instant): void {
    const tried = this.#begin(key, version)
    const attempts = (tried.lastFailure?.attempts ?? 0) + 1
    tried.lastFailure = { failure, attempts, nextAttemptAt: nextAfter(attempts) }
  }

  /** An attempt met nothing that may go away by itself. */
  noteSuccess(key: string, version: string): void {
    this.#begin(key, version).lastFailure = undefined
  }

  forget(key: string): void {
    this.#tried.delete(key)
  }

  #recall(key: string, version: string): Tried | undefined {
    const tried = this.#tried.get(key)
    return tried?.version === version ? tried : undefined
  }

  #begin(key: string, version: string): Tried {
    const tried = this.#recall(key, version) ?? { version, refused: new Map(), lastFailure: undefined }
    this.#tried.set(key, tried)
    return tried
  }
}

/** Another one has another spec, or an Authority with another spec or another CA. */
export const versionOf = (
  { uid, generation }: { readonly uid?: string; readonly generation?: number },
  authority: { readonly version: string } | undefined,
): string => `${uid}/${generation}/${authority?.version}`
