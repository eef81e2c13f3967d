import type { Authority, ObjectMeta } from '#api'
import type { Failure, Instant } from '#base'
import type { Cause } from '../condition.ts'

/** All that decides about one Authority, read at one moment. */
export interface AuthorityWorld {
  readonly authority: Authority
  /** The CA, for `internal`. */
  readonly ca: CaWorld | undefined
  /** Why there is no issuer for this Authority. */
  readonly issuerProblem: Failure | undefined
  /** What uses it: it does not go before they are gone. */
  readonly dependents: { readonly certificates: number; readonly authorities: number }
  readonly isNamespaceTerminating: boolean
  /** Another Authority with `default: true` that wins over this one, which has it too. */
  readonly olderDefault: string | undefined
  /** The ConfigMap with the bundle. */
  readonly bundle: BundleView
  /** A person has stopped all issuance. */
  readonly isFrozen: boolean
  /** What stands in the way of its CRLs and of the revocations that it asks for. */
  readonly crlFlaws: readonly Cause[]
}

/** All that decides about a CA that Sifaka runs itself. */
export interface CaWorld {
  readonly parent: ParentView
  /** Those whose Secret is there, in the order of their numbers. */
  readonly generations: readonly GenerationView[]
  /** The generation that signed last, as far as anything remembers; 0: nothing shows that there ever was one. */
  readonly lastActive: number
  /** What `secretRef` names. */
  readonly source: SourceView
  /** For `external`: the key that waits for its certificate. */
  readonly request: RequestView
  /** Milliseconds: the longest validity that certificates of this Authority ask for. */
  readonly longestIssuedMs: number
  /** The register has been read, so `liveUntil` can be relied on. */
  readonly isRegisterLoaded: boolean
}

/** One generation of a CA. */
export interface GenerationView {
  readonly number: number
  readonly secret: CaView
  /** Metadata of its Secret. */
  readonly metadata: ObjectMeta
  readonly madeAt: Instant | undefined
  /** When every bundle held its roots. */
  readonly trustedAt: Instant | undefined
  readonly activatedAt: Instant | undefined
  readonly retiredAt: Instant | undefined
  readonly backedUpAt: Instant | undefined
  /** `namespace/name` of the Authority that signed it. */
  readonly signedBy: string | undefined
  readonly parentGeneration: number | undefined
  /** Hash of what the spec said of the CA certificate then. */
  readonly caSpec: string | undefined
  /** End of the last certificate of this generation that may be in use; only of one that has signed and is not last. */
  readonly liveUntil: Instant | undefined
  /** How many `ca.crt` below this Authority do not hold its roots yet; counted for a generation that has not signed. */
  readonly lacking: number
}

/** The Authority that signs this one's CA certificate. */
export type ParentView =
  /** A root has none. */
  | { readonly state: 'none' }
  /** There is none of that name, or it does not allow this namespace; the referrer cannot tell which. */
  | { readonly state: 'absent' }
  /** Following the parents leads in a circle, or too far. */
  | { readonly state: 'cycle' | 'tooLong'; readonly path: readonly string[] }
  /** It cannot sign now; what it said of trust holds on. */
  | {
      readonly state: 'notReady'
      readonly why: string
      readonly distrusted?: readonly number[]
      readonly roots?: readonly Root[]
    }
  | {
      readonly state: 'ready'
      readonly notAfter: Instant
      readonly generation: number
      readonly distrusted: readonly number[]
      /** Its whole bundle. */
      readonly roots: readonly Root[]
    }

/** A certificate that verifies chains. */
export interface Root {
  readonly fingerprint: string
  readonly pem: string
}

/** What is in the Secret of a generation. */
export type CaView =
  | { readonly state: 'foreign'; readonly why: string }
  | { readonly state: 'damaged'; readonly why: string }
  | { readonly state: 'held'; readonly held: HeldCa }

/** A CA's certificate. */
export interface HeldCa {
  /** RFC 4514. */
  readonly subject: string
  readonly serialNumber: string
  readonly fingerprint: string
  readonly notBefore: Instant
  readonly notAfter: Instant
  readonly roots: readonly Root[]
}

/** What the Secret of `secretRef` holds. */
export type SourceView =
  | { readonly state: 'none' }
  | { readonly state: 'absent' }
  | { readonly state: 'invalid'; readonly why: string }
  | { readonly state: 'held'; readonly held: HeldCa }

/** The key of a CA that is signed elsewhere, and its certification request. */
export type RequestView =
  | { readonly state: 'none' }
  | { readonly state: 'foreign'; readonly why: string }
  | { readonly state: 'damaged'; readonly why: string }
  | {
      readonly state: 'made'
      /** Metadata of its Secret. */
      readonly metadata: ObjectMeta
      readonly generation: number
      /** PEM. */
      readonly csr: string
      /** What the chain in the spec is to this request; undefined without one. */
      readonly answer: { readonly state: 'accepted' } | { readonly state: 'refused'; readonly why: string } | undefined
    }

/** The ConfigMap with the bundle. */
export type BundleView =
  | { readonly state: 'absent' }
  | { readonly state: 'foreign'; readonly why: string }
  | { readonly state: 'held'; readonly metadata: ObjectMeta; readonly text: string | undefined }
