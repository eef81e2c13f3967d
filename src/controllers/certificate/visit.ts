import type { CertificateOutcome, CertificateWorld, SecretView } from '#plan'
import type { AuthorityDirectory } from '../authority-directory.ts'
import type { Visit } from '../kind-controller.ts'
import type { MakeKey } from '../make-key.ts'
import type { ControllerTools } from '../tools.ts'
import type { OrderCalls } from './order-calls.ts'
import type { RevocationMemory } from './revocation-memory.ts'

/** What an action needs. */
export interface ActTools extends Visit<SecretView> {
  readonly tools: ControllerTools
  readonly directory: AuthorityDirectory
  readonly makeKey: MakeKey
  readonly revocations: RevocationMemory
  readonly calls: OrderCalls
}

/** What came of an action: how it ended, and the world with what it changed. */
export interface Report {
  readonly outcome: CertificateOutcome
  readonly world: CertificateWorld
}
