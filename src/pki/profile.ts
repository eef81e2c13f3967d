import type { CustomExtension } from './custom-extension.ts'
import type { IssuerLinks } from './issuer-links.ts'
import type { NameConstraints } from './name-constraints.ts'
import type { SubjectNames } from './names.ts'
import type { Subject } from './subject-attribute.ts'
import type { Usage } from './usage.ts'

/** What any certificate shall say. Times are epoch milliseconds on whole seconds. */
interface Profile {
  /** The subject beside its common name. */
  readonly subject?: Omit<Subject, 'commonName'> | undefined
  readonly notBefore: number
  readonly notAfter: number
  readonly links?: IssuerLinks | undefined
}

/** What makes a certificate that of a CA. */
export interface CaTraits {
  /** How many CA certificates may follow in a chain (RFC 5280 section 4.2.1.9); any number without it. */
  readonly pathLength?: number | undefined
  readonly nameConstraints?: NameConstraints | undefined
}

/** What a certificate for somebody's key shall say. Nothing else gets into its extensions. */
export interface CertificateProfile extends Profile {
  /** At most 64 characters (RFC 5280 appendix A.1). */
  readonly commonName: string | undefined
  /**
   * The whole subject as text (RFC 4514), where the order of its attributes matters. `commonName` is then the one in
   * it, and there is no `subject`.
   */
  readonly literalSubject?: string | undefined
  readonly names: SubjectNames
  /** Those of a CA, keyCertSign and cRLSign, come with `ca`. */
  readonly usages: readonly Usage[]
  /** Whether servers must staple an OCSP answer (RFC 7633). */
  readonly mustStaple?: boolean | undefined
  /** Written in this order. */
  readonly customExtensions?: readonly CustomExtension[] | undefined
  /** Only in a CA certificate; without it the certificate is of an end entity. */
  readonly ca?: CaTraits | undefined
}

/** What the CA certificate of an authority shall say. Nothing else gets into its extensions. */
export interface CaProfile extends Profile, CaTraits {
  readonly commonName: string
}
