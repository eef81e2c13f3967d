import type { Certificate, ObjectMeta } from '#api'
import { second, type Timer } from '#base'
import { storeKeyOf } from '#kube'
import { type Claims, holderOf } from '#plan'
import { type ControllerTools, index } from '../tools.ts'

/** How soon so many learn who has a Secret now, of several changes at once: they are ten visits a second at most. */
const tellAfterMs = (count: number): number => Math.max(10 * second, count * (second / 10))

/**
 * Who has a Secret that several Certificates name, as the visit to any of them finds it. When that changes, the one
 * that has it now is woken at once, as it is to act, and all the others a little later, as they only tell of it: so
 * however many there are and come or go, each is visited now and then, and not for each of the others. All of it may be
 * lost: then they are told once more. Keys are `namespace/name`.
 */
export class SecretHolders {
  readonly #tools: Pick<ControllerTools, 'caches' | 'clock'>
  readonly #wake: (certificates: readonly Certificate[]) => void
  /** Key of the holder by that of the Secret; empty while all that name it are going. */
  readonly #holders = new Map<string, string>()
  readonly #timers = new Map<string, Timer>()

  constructor(tools: Pick<ControllerTools, 'caches' | 'clock'>, wake: (certificates: readonly Certificate[]) => void) {
    this.#tools = tools
    this.#wake = wake
  }

  /** A visit has found who names the Secret. @param secret its metadata; undefined: there is none */
  note(secretKey: string, claims: Claims, secret: ObjectMeta | undefined): void {
    if (claims.others.length === 0) {
      this.#forget(secretKey)
      return
    }
    const holder = holderOf(claims, secret)
    const key = holder ? storeKeyOf(holder) : ''
    if (this.#holders.get(secretKey) === key) return
    this.#holders.set(secretKey, key)
    if (holder && holder !== claims.own) this.#wake([holder])
    if (this.#timers.has(secretKey)) return
    const timer = this.#tools.clock.after(tellAfterMs(claims.others.length), () => this.#tell(secretKey))
    this.#timers.set(secretKey, timer)
  }

  /**
   * Whom a change to the Secret, or the end of one that named it, concerns at once: whoever had it, and the next in
   * line. What their visits find decides about the others.
   */
  concernedBy(secretKey: string): readonly Certificate[] {
    const all = this.#claimants(secretKey)
    const [own, ...others] = all
    if (!own) this.#forget(secretKey)
    if (!own || others.length === 0) return all
    const secret = this.#tools.caches.secrets.get(secretKey)?.metadata
    const next = holderOf({ own, others, isIssuing: () => false }, secret)
    const before = this.#holders.get(secretKey)
    return all.filter((each) => each === next || storeKeyOf(each) === before)
  }

  close(): void {
    for (const secretKey of this.#timers.keys()) this.#forget(secretKey)
  }

  #tell(secretKey: string): void {
    this.#timers.delete(secretKey)
    this.#wake(this.#claimants(secretKey))
  }

  #claimants(secretKey: string): readonly Certificate[] {
    return this.#tools.caches.certificates.byIndex(index.bySecret, secretKey)
  }

  #forget(secretKey: string): void {
    this.#holders.delete(secretKey)
    this.#timers.get(secretKey)?.cancel()
    this.#timers.delete(secretKey)
  }
}
