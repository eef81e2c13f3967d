import type { GeneralName, OtherName } from '@peculiar/asn1-x509'
import { utf8String } from './der.ts'
import { isName, normalizeNames, type SubjectNames } from './names.ts'

/** What a subject alternative name extension holds. */
export interface AlternativeNames {
  /** In their normal form. */
  readonly names: SubjectNames
  /** Kinds of alternative names that `names` cannot hold: `directoryName`, an `otherName` that is no text. */
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
  const otherNames: string[] = []
  const registeredIDs: string[] = []
  const otherNameKinds: string[] = []
  for (const name of general) {
    if (name.dNSName !== undefined) dnsNames.push(name.dNSName)
    else if (name.iPAddress !== undefined) ipAddresses.push(name.iPAddress)
    else if (name.uniformResourceIdentifier !== undefined) uris.push(name.uniformResourceIdentifier)
    else if (name.rfc822Name !== undefined) emailAddresses.push(name.rfc822Name)
    else if (isName('registeredIDs', name.registeredID)) registeredIDs.push(name.registeredID)
    else {
      const other = textOf(name.otherName)
      if (isName('otherNames', other)) otherNames.push(other)
      else otherNameKinds.push(kindOf(name))
    }
  }
  const names = { dnsNames, ipAddresses, uris, emailAddresses, otherNames, registeredIDs }
  return { names: normalizeNames(names), otherNameKinds }
}

/** The text of a name whose value is exactly one UTF8String. */
function textOf(name: OtherName | undefined): string | undefined {
  if (name === undefined) return undefined
  const value = Buffer.from(name.value)
  const [, length = 0] = value
  const text = value.toString('utf8', length < 0x80 ? 2 : 2 + (length & 0x7f))
  return utf8String(text).equals(value) ? `${name.typeId}=${text}` : undefined
}

const kindOf = (name: GeneralName): string =>
  name.otherName
    ? `otherName ${name.otherName.typeId}`
    : (Object.entries(name).find(([, value]) => value !== undefined)?.[0] ?? 'unknown')
