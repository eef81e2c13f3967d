import type { Subject } from './distinguished-name.ts'
import type { IssuerLinks } from './issuer-links.ts'
import type { NameConstraints } from './name-constraints.ts'
import type { SubjectNames } from './names.ts'
import type { Usage } from './usage.ts'

/** What any certificate shall say. Times are epoch milliseconds on whole seconds. */
interface Profile {
  /** The subject beside its common name. */
  readonly subject?: Omit<Subject, 'commonName'> | undefined
  readonly notBefore: number
  readonly notAfter: number
  readonly links?: IssuerLinks | undefined
}

/** What an end-entity certificate shall say. Nothing else gets into its extensions. */
export interface CertificateProfile extends Profile {
  /** At most 64 characters (RFC 5280 appendix A.1). */
  readonly commonName: string | undefined
  readonly names: SubjectNames
  readonly usages: readonly Usage[]
  /** Whether servers must staple an OCSP answer (RFC 7633). */
  readonly mustStaple?: boolean | undefined
}

/** What a CA certificate shall say. Nothing else gets into its extensions. */
export interface CaProfile extends Profile {
  readonly commonName: string
  /** How many CA certificates may follow in a chain (RFC 5280 section 4.2.1.9); any number without it. */
  readonly pathLength?: number | undefined
  readonly nameConstraints?: NameConstraints | undefined
}
