import type { Authority, Certificate, PartialObject } from '#api'
import type { AuditLog } from '#audit'
import type { Clock, Logger } from '#base'
import type { IssuerRegistry } from '#issuers'
import type { Cache, EventRecorder, KubeClient } from '#kube'
import type { Ownership, ReconcileResult } from '#runtime'

/** What the API server holds, kept up to date. */
export interface Caches {
  readonly authorities: Cache<Authority>
  readonly certificates: Cache<Certificate>
  /** Metadata of the Secrets that carry our label. */
  readonly secrets: Cache<PartialObject>
  /** Metadata of namespaces, for their labels. */
  readonly namespaces: Cache<PartialObject>
}

/** Names of the indexes of the caches. */
export const index = {
  /** Certificates by `namespace/name` of their Authority. */
  byAuthority: 'authority',
  /** Certificates and Authorities by `namespace/name` of their Secret. */
  bySecret: 'secret',
  /** Certificates by their namespace. */
  byNamespace: 'namespace',
  /** Authorities by `namespace/name` of their parent. */
  byParent: 'parent',
  /** Secrets by `namespace/name` of the Authority that issued what they hold. */
  byIssuer: 'issuer',
} as const

/** What every controller works with. */
export interface ControllerTools {
  readonly client: KubeClient
  readonly caches: Caches
  readonly issuers: IssuerRegistry
  readonly events: EventRecorder
  readonly audit: AuditLog
  readonly ownership: Ownership
  readonly clock: Clock
  readonly logger: Logger
  /** Numbers from 0 (inclusive) to 1. */
  readonly random: () => number
  /** Random octets, for identifiers. */
  readonly randomId: () => string
  /** Objects of one kind worked on at a time. */
  readonly concurrency: number
  readonly onReconciled: (controller: string, result: ReconcileResult, durationMs: number) => void
  readonly onIssued: (authorityType: string, result: 'issued' | 'failed') => void
}
