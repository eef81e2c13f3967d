import type { KeyObject } from 'node:crypto'
import type { Clock, Logger } from '#base'
import type {
  CaProfile,
  CertificateProfile,
  CrlProfile,
  KeyAlgorithm,
  ParsedCertificate,
  RevocationReason,
  Usage,
} from '#pki'

/** A certificate that is asked for: of an end entity, or with `profile.ca` of a CA that somebody else keeps. */
export interface EndEntityRequest {
  /**
   * Names this request and no other: 1 to 64 of a-z, 0-9 and hyphens. The same one is handed in again when the answer
   * to it was lost. An issuer that orders elsewhere passes it on, or finds its earlier order by it.
   */
  readonly id: string
  readonly profile: CertificateProfile
  readonly publicKey: KeyObject
  /**
   * PEM of a PKCS #10 request, signed with the private key: for issuers that send one. It asks for all of the profile
   * but the dates, unless it is one that the user brought: then it may ask for less.
   */
  csr(): Promise<string>
}

/** The CA certificate of another Authority that is asked for. */
export interface SubordinateRequest {
  readonly profile: CaProfile
  readonly publicKey: KeyObject
}

/** What verifies the certificates of an authority. */
export interface CaChain {
  /** From the certificate's issuer up to, and without, the root. */
  readonly intermediates: readonly ParsedCertificate[]
  readonly roots: readonly ParsedCertificate[]
}

/** A certificate and what verifies it. */
export interface IssuedCertificate extends CaChain {
  readonly certificate: ParsedCertificate
}

/** A certificate that is not there yet. */
export interface PendingOrder {
  /**
   * Finds the order again, after a restart too; at most 1024 characters, no secret, and nothing that can be guessed. It
   * is kept in a Secret of the requester: who may write there can have every order given up whose handle he knows.
   */
  readonly handle: string
  /** When it is worth asking, in milliseconds from now. */
  readonly afterMs: number
}

export type IssueAnswer =
  | ({ readonly state: 'issued' } & IssuedCertificate)
  | ({ readonly state: 'pending' } & PendingOrder)

/** `gone`: the authority has no such order, or none that will ever end in a certificate. It is ordered anew. */
export type PollAnswer = IssueAnswer | { readonly state: 'gone'; readonly why: string }

/** A certificate that is to be revoked: one that this authority has issued. */
export interface RevocationRequest {
  /** Lower-case hexadecimal. */
  readonly serialNumber: string
  /** The certificate itself where it is still at hand. */
  readonly certificate?: ParsedCertificate | undefined
  readonly reason: RevocationReason
}

/** What a list of revoked certificates shall say; who issues it, the issuer knows. */
export type CrlRequest = Omit<CrlProfile, 'issuer'>

/** Fields of a certificate that an issuer may decide itself: the certificate is kept, the difference is told. */
export type DecidedField = 'commonName' | 'subject' | 'usages' | 'notAfter'

/**
 * What an authority may be unable to do: what a request can need, and what can be done with an order or a certificate.
 * Usages as a whole and the duration are not among them, as every request has them: an issuer that does not honour them
 * decides them.
 */
export type IssuerFeature =
  | KeyAlgorithm
  | Usage
  | 'dnsNames'
  | 'wildcards'
  | 'ipAddresses'
  | 'uris'
  | 'emailAddresses'
  | 'otherNames'
  | 'registeredIDs'
  | 'commonName'
  | 'subject'
  | 'literalSubject'
  | 'mustStaple'
  | 'customExtensions'
  | 'isCA'
  | 'pending'
  | 'cancel'
  | 'revoke'
  | 'deactivate'
  | 'subordinates'

/** What an issuer can do and what it decides itself: data, so that shared code never asks which issuer it is. */
export interface IssuerDescription {
  /** It signs in this process: no call leaves it, so it is asked within the visit. */
  readonly isLocal: boolean
  readonly decides: readonly DecidedField[]
  /** Features it has not, each with the reason. A request that needs one is refused before anything is sent. */
  readonly unsupported: Readonly<Partial<Record<IssuerFeature, string>>>
  /** Reasons that are passed on. Any other becomes `unspecified`, which every issuer takes, and that is said. */
  readonly revocationReasons: readonly RevocationReason[]
}

/** What an authority lets its users still ask for. */
export interface Quota {
  readonly remaining: number
  /** Epoch milliseconds at which it is full again. */
  readonly resetsAt?: number | undefined
}

/**
 * Signs for one Authority. Every method throws a Failure: Terminal when the same request will be refused again,
 * Waiting when something must come first, Retryable for anything that may go away by itself, a missing or damaged key
 * of the authority and whatever the other side answers included; or the signal's reason once it is aborted. A method
 * whose feature is unsupported throws Terminal `Unsupported`. Whoever calls bounds how long it takes.
 */
export interface Issuer {
  describe(): IssuerDescription
  /** Asked again with an `id` whose order is pending, it finds that order and makes no second one. */
  issue(request: EndEntityRequest, signal: AbortSignal): Promise<IssueAnswer>
  /** How the order stands. Asked after every `pending`. */
  poll(handle: string, request: EndEntityRequest, signal: AbortSignal): Promise<PollAnswer>
  /** Gives an order up. One that is gone already is no failure. */
  cancel(handle: string, signal: AbortSignal): Promise<void>
  /**
   * Revokes a certificate. One that is revoked already is no failure. With `signCrl` there is nothing to send: the
   * next list names it.
   */
  revoke(request: RevocationRequest, signal: AbortSignal): Promise<void>
  /** The authority's own certificates: what verifies what it issues next. */
  caChain(signal: AbortSignal): Promise<CaChain>
  /** Takes a certificate out of use at the authority without revoking it, where it bills or counts by the living. */
  deactivate?(request: RevocationRequest, signal: AbortSignal): Promise<void>
  /** Absent where the authority cannot sign CA certificates. */
  signSubordinate?(request: SubordinateRequest, signal: AbortSignal): Promise<IssuedCertificate>
  /** The DER of a CRL: for an authority whose list of revoked certificates Sifaka publishes. */
  signCrl?(request: CrlRequest, signal: AbortSignal): Promise<Uint8Array>
  quota?(signal: AbortSignal): Promise<Quota>
}

/** All that a plugin may touch. */
export interface IssuerTools {
  readonly clock: Clock
  readonly logger: Logger
  /**
   * The files of a Secret in the Authority's own namespace, as text.
   * @throws Failure Retryable when it cannot be read
   */
  readSecret(name: string): Promise<Readonly<Record<string, string>>>
  /**
   * Reads certificates that the authority has sent: PEM text, in its order. Whether they are the right ones is judged
   * later, and not by the plugin.
   * @throws Failure Retryable when they are none
   */
  readCertificates(pem: string): readonly ParsedCertificate[]
}

/** One kind of issuer: the member of an Authority's spec that names it, and how one is made from its options. */
export interface IssuerPlugin {
  /** A word such as `fileDrop`: a lower-case letter, then letters and digits. */
  readonly type: string
  /**
   * Makes the issuer of one Authority. Calls nobody yet.
   * @throws Failure Terminal when the options are none of this issuer's
   */
  create(options: unknown, tools: IssuerTools): Issuer
}
