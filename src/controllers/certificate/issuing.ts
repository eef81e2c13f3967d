import type { Certificate } from '#api'
import { storeKeyOf } from '#kube'
import { type Caches, index } from '../tools.ts'

/**
 * For which Secrets certificates are being made at this moment, and for whom: before a Secret is there, nothing else
 * tells the Certificates that name it which of them is at it already. Keys are `namespace/name`.
 */
export class Issuing {
  readonly #certificates: Pick<Caches['certificates'], 'byIndex'>
  readonly #bySecret = new Map<string, string>()
  /** The same the other way round: one Certificate has one Secret. */
  readonly #byCertificate = new Map<string, string>()

  constructor({ certificates }: Pick<Caches, 'certificates'>) {
    this.#certificates = certificates
  }

  /** Begins, unless another one has begun that still wants the Secret; whether it did is the answer. */
  begin(secretKey: string, certificateKey: string): boolean {
    const holder = this.#bySecret.get(secretKey)
    if (holder !== undefined && holder !== certificateKey && this.#isWanted(secretKey, holder)) return false
    this.forget(certificateKey)
    this.#bySecret.set(secretKey, certificateKey)
    this.#byCertificate.set(certificateKey, secretKey)
    return true
  }

  isAt(secretKey: string, certificateKey: string): boolean {
    return this.#bySecret.get(secretKey) === certificateKey
  }

  /** It is over, or was never begun. */
  end(secretKey: string, certificateKey: string): void {
    if (this.isAt(secretKey, certificateKey)) this.forget(certificateKey)
  }

  forget(certificateKey: string): void {
    const secretKey = this.#byCertificate.get(certificateKey)
    this.#byCertificate.delete(certificateKey)
    if (secretKey !== undefined && this.isAt(secretKey, certificateKey)) this.#bySecret.delete(secretKey)
  }

  #isWanted(secretKey: string, certificateKey: string): boolean {
    const isIt = (each: Certificate): boolean =>
      storeKeyOf(each) === certificateKey && each.metadata.deletionTimestamp === undefined
    return this.#certificates.byIndex(index.bySecret, secretKey).some(isIt)
  }
}
