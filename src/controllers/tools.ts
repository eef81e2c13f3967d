import type { Authority, Certificate, ConfigMap, PartialObject } from '#api'
import type { AuditLog } from '#audit'
import { type Clock, type FailureKind, type Logger, second } from '#base'
import type { IssuerRegistry } from '#issuers'
import type { Cache, EventRecorder, KubeClient } from '#kube'
import type { KeyLimits } from '#plan'
import type { Ownership, ReconcileResult } from '#runtime'
import type { Register } from './register/register.ts'

/** What the API server holds, kept up to date. */
export interface Caches {
  readonly authorities: Cache<Authority>
  readonly certificates: Cache<Certificate>
  /** Metadata of the Secrets that carry our label. */
  readonly secrets: Cache<PartialObject>
  /** ConfigMaps with the bundles of Authorities. */
  readonly configMaps: Cache<ConfigMap>
  /** ConfigMaps with the CRLs of Authorities. */
  readonly crls: Cache<ConfigMap>
  /** Metadata of namespaces, for their labels. */
  readonly namespaces: Cache<PartialObject>
}

/** Names of the indexes of the caches. */
export const index = {
  /** Certificates by `namespace/name` of their Authority; those without one by the empty text. */
  byAuthority: 'authority',
  /** Certificates and Authorities by `namespace/name` of their Secret. */
  bySecret: 'secret',
  /** Certificates by `namespace/name` of the Secret that an order of theirs has. */
  byOrder: 'order',
  /** Certificates and Authorities by their namespace. */
  byNamespace: 'namespace',
  /** Authorities by `namespace/name` of their parent. */
  byParent: 'parent',
  /** Authorities with `default: true` by their namespace. */
  byDefault: 'default',
  /** Secrets with a generation of a CA by `namespace/name` of its Authority. */
  byCa: 'ca',
  /** Secrets by `namespace/name` of the Authority that issued what they hold. */
  byIssuer: 'issuer',
} as const

/** What every controller works with. */
export interface ControllerTools {
  readonly client: KubeClient
  readonly caches: Caches
  readonly issuers: IssuerRegistry
  /** What internal Authorities have issued. */
  readonly register: Register
  readonly events: EventRecorder
  readonly audit: AuditLog
  readonly ownership: Ownership
  readonly clock: Clock
  readonly logger: Logger
  /** Numbers from 0 (inclusive) to 1. */
  readonly random: () => number
  /** Random octets, for identifiers. */
  readonly randomId: () => string
  readonly keyLimits: KeyLimits
  /** Where Authorities are that are the default of every namespace. */
  readonly systemNamespace: string
  /** A person has stopped all issuance. */
  readonly isFrozen: boolean
  /** How long the Secrets of a restored Authority's certificates are waited for. */
  readonly restoreGraceMs: number
  /** Objects of one kind worked on at a time. */
  readonly concurrency: number
  readonly onReconciled: (controller: string, result: ReconcileResult, durationMs: number) => void
  /** A key has waited so long for a worker. */
  readonly onTaken: (controller: string, waitedMs: number) => void
  readonly onIssued: (issuance: Issuance) => void
  /** An order is left to its authority, `namespace/name`, which may still fulfil it. */
  readonly onOrderAbandoned: (authorityType: string, authority: string) => void
  /** A failure that nobody foresaw was told in a status, so no reconcile ends in it. */
  readonly onBug: (controller: string) => void
}

/** The key under which the generations of a CA are found by their Secrets: without the number at the end. */
export const generationsKey = (secretKey: string): string => secretKey.replace(/[0-9]+$/, '')

/** How the API server knows us among those who set fields. */
export const fieldManager = 'sifaka'

/** How soon to look again when the caches have not seen yet what has just been done. */
export const behindMs = second

/** An attempt to get the certificate of a Certificate signed, for metrics. */
export interface Issuance {
  /** `namespace/name`. */
  readonly authority: string
  readonly authorityType: string
  readonly outcome: 'issued' | FailureKind
  /** From the beginning of the attempt, or from the order, to the Secret. */
  readonly durationMs: number
}
