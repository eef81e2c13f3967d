import type { CertificateOutcome, CertificateWorld, SecretView } from '#plan'
import type { AuthorityDirectory } from '../authority-directory.ts'
import type { Visit } from '../kind-controller.ts'
import type { MakeKey } from '../make-key.ts'
import type { ControllerTools } from '../tools.ts'
import type { Issuing } from './issuing.ts'
import type { OrderCalls } from './order-calls.ts'
import type { PasswordMemory } from './password-memory.ts'
import type { RevocationMemory } from './revocation-memory.ts'
import type { SecretHolders } from './secret-holders.ts'

/** What observing needs. */
export interface ObserveTools extends Visit<SecretView> {
  readonly tools: ControllerTools
  readonly directory: AuthorityDirectory
  readonly revocations: RevocationMemory
  readonly passwords: PasswordMemory
  readonly calls: OrderCalls
  readonly issuing: Issuing
  readonly secretHolders: SecretHolders
}

/** What an action needs. */
export interface ActTools extends ObserveTools {
  readonly makeKey: MakeKey
}

/** What came of an action: how it ended, and the world with what it changed. */
export interface Report {
  readonly outcome: CertificateOutcome
  readonly world: CertificateWorld
}
