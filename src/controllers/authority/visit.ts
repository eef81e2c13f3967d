import type { Failure } from '#base'
import type { AuthorityWorld, CaView } from '#plan'
import type { AuthorityDirectory } from '../authority-directory.ts'
import type { CrlController } from '../crl/controller.ts'
import type { Visit } from '../kind-controller.ts'
import type { MakeKey } from '../make-key.ts'
import type { ControllerTools } from '../tools.ts'
import type { BundleMemory } from './bundle-memory.ts'

/** What observing needs. */
export interface ObserveTools extends Visit<CaView> {
  readonly tools: ControllerTools
  readonly directory: AuthorityDirectory
  readonly bundles: BundleMemory
  readonly crl: Pick<CrlController, 'flaws'>
}

/** What an action needs. */
export interface ActTools extends ObserveTools {
  readonly makeKey: MakeKey
}

/** What came of an action: the failure if there was one, and the world with what it changed. */
export interface Report {
  readonly failure: Failure | undefined
  readonly world: AuthorityWorld
}
