import type { GeneralName } from '@peculiar/asn1-x509'
import { normalizeNames, type SubjectNames } from './names.ts'

/** What a subject alternative name extension holds. */
export interface AlternativeNames {
  /** In their normal form. */
  readonly names: SubjectNames
  /** Kinds of alternative names that `names` cannot hold, such as `otherName`. */
  readonly otherNameKinds: readonly string[]
}

/**
 * Alternative names by kind (RFC 5280 section 4.2.1.6).
 * @throws PkiError InvalidNames for a name that is none of its kind, such as one with a NUL inside
 */
export function readGeneralNames(general: Iterable<GeneralName>): AlternativeNames {
  const dnsNames: string[] = []
  const ipAddresses: string[] = []
  const uris: string[] = []
  const emailAddresses: string[] = []
  const otherNameKinds: string[] = []
  for (const name of general) {
    if (name.dNSName !== undefined) dnsNames.push(name.dNSName)
    else if (name.iPAddress !== undefined) ipAddresses.push(name.iPAddress)
    else if (name.uniformResourceIdentifier !== undefined) uris.push(name.uniformResourceIdentifier)
    else if (name.rfc822Name !== undefined) emailAddresses.push(name.rfc822Name)
    else otherNameKinds.push(Object.entries(name).find(([, value]) => value !== undefined)?.[0] ?? 'unknown')
  }
  return { names: normalizeNames({ dnsNames, ipAddresses, uris, emailAddresses }), otherNameKinds }
}
