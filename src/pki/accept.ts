import type { KeyObject } from 'node:crypto'
import { isFailure, toRfc3339 } from '#base'
import { type ChainInput, verifyChain } from './chain.ts'
import { encodeName, formatName } from './distinguished-name.ts'
import { PkiError } from './error.ts'
import { sameKey } from './key.ts'
import { countNames, normalizeNames, type SubjectNames } from './names.ts'
import type { ParsedCertificate } from './parsed-certificate.ts'
import type { CertificateProfile } from './profile.ts'

/** What a certificate can differ in. */
export type DifferenceField =
  | 'publicKey'
  | 'names'
  | 'isCA'
  | 'commonName'
  | 'subject'
  | 'usages'
  | 'notAfter'
  | 'chain'

/** One way in which a certificate is not what was asked for; the message names both sides. */
export interface Difference {
  readonly field: DifferenceField
  readonly message: string
}

/** What a certificate is held against. Its end, and its subject beside the common name, count only where given. */
export interface Expected {
  readonly profile: Pick<CertificateProfile, 'commonName' | 'subject' | 'names' | 'usages'> & {
    readonly notAfter?: number | undefined
  }
  readonly publicKey: KeyObject
}

/** What an issued certificate is held against before it may be used. */
export interface Acceptance extends Expected {
  readonly profile: CertificateProfile
  readonly roots: readonly ParsedCertificate[]
  readonly intermediates: readonly ParsedCertificate[]
  /** Now, in epoch milliseconds. */
  readonly at: number
  /** Fields that the issuer decides itself: a difference there is returned, not refused. Default none. */
  readonly issuerDecides?: readonly ('commonName' | 'subject' | 'usages' | 'notAfter')[] | undefined
}

/**
 * Where an end-entity certificate is not what was asked for; empty when it is. Names, usages and the attributes of the
 * subject are compared as sets.
 * @throws PkiError InvalidNames or InvalidRequest when the names or the subject asked for are none
 */
export function differences({ profile, publicKey }: Expected, certificate: ParsedCertificate): Difference[] {
  const found: Difference[] = []
  const differ = (field: DifferenceField, message: string): void => void found.push({ field, message })
  if (!sameKey(publicKey, certificate.publicKey)) differ('publicKey', 'it is for another key')
  if (certificate.isCA) differ('isCA', 'it is a CA certificate')
  const names = nameDifference(normalizeNames(profile.names), certificate)
  if (names !== undefined) differ('names', names)
  if (profile.commonName !== certificate.commonName) {
    differ('commonName', `its common name is ${quoted(certificate.commonName)}, not ${quoted(profile.commonName)}`)
  }
  const subject = subjectDifference(profile, certificate)
  if (subject !== undefined) differ('subject', `the attributes of its subject ${subject}`)
  const usages = setDifference(profile.usages, certificate.usages)
  if (usages !== undefined) differ('usages', `its usages ${usages}`)
  if (profile.notAfter !== undefined && profile.notAfter !== certificate.notAfter) {
    differ('notAfter', `it ends at ${toRfc3339(certificate.notAfter)}, not at ${toRfc3339(profile.notAfter)}`)
  }
  return found
}

/**
 * Lets a certificate through if it is what was asked for: its key, exactly its names, no CA, a chain to one of the
 * roots in force at `at`, and all else that the issuer does not decide itself.
 * @returns the differences in fields that the issuer decides, to be shown as warnings
 * @throws PkiError CertificateRejected with every reason
 */
export function accept(acceptance: Acceptance, certificate: ParsedCertificate): Difference[] {
  const { issuerDecides = [], intermediates, roots, at } = acceptance
  const tolerated: ReadonlySet<DifferenceField> = new Set(issuerDecides)
  const found = [
    ...differences(acceptance, certificate),
    ...chainDifferences({ leaf: certificate, intermediates, roots, at }),
  ]
  const reasons = found.filter(({ field }) => !tolerated.has(field)).map(({ message }) => message)
  if (reasons.length > 0) {
    throw new PkiError('CertificateRejected', `the issued certificate is not what was asked for: ${reasons.join('; ')}`)
  }
  return found
}

function chainDifferences(input: ChainInput): Difference[] {
  try {
    verifyChain(input)
    return []
  } catch (error) {
    if (isFailure(error)) return [{ field: 'chain', message: error.message }]
    throw error
  }
}

function nameDifference(wanted: SubjectNames, { names, otherNameKinds }: ParsedCertificate): string | undefined {
  const difference = setDifference(allNames(wanted), [...allNames(names), ...otherNameKinds])
  if (difference === undefined) return undefined
  return countNames(names) + otherNameKinds.length === 0 ? 'it has no alternative names' : `its names ${difference}`
}

/** An issuer may write the same attributes in another order and as other types of strings. */
function subjectDifference(
  { commonName, subject }: Expected['profile'],
  { subjectDer }: ParsedCertificate,
): string | undefined {
  if (subject === undefined || Buffer.compare(encodeName({ ...subject, commonName }), subjectDer) === 0)
    return undefined
  const given = attributesOf(subjectDer).filter((attribute) => !attribute.startsWith('CN='))
  return setDifference(attributesOf(encodeName(subject)), given)
}

/** `O=Example` and such; commas and pluses within a value are escaped (RFC 4514 section 2.4). */
const attributesOf = (name: Uint8Array): string[] => formatName(name).match(/(?:\\.|[^\\,+])+/gsu) ?? []

/** Each name with its kind, so that a URI is never taken for a DNS name. */
function allNames({ dnsNames, ipAddresses, uris, emailAddresses }: SubjectNames): string[] {
  return [
    ...dnsNames.map((name) => `DNS:${name}`),
    ...ipAddresses.map((name) => `IP:${name}`),
    ...uris.map((name) => `URI:${name}`),
    ...emailAddresses.map((name) => `email:${name}`),
  ]
}

function setDifference(wanted: readonly string[], given: readonly string[]): string | undefined {
  const missing = [...new Set(wanted).difference(new Set(given))]
  const extra = [...new Set(given).difference(new Set(wanted))]
  if (missing.length + extra.length === 0) return undefined
  return [...(missing.length ? [`lack ${some(missing)}`] : []), ...(extra.length ? [`add ${some(extra)}`] : [])].join(
    ' and ',
  )
}

/** The first few of a list, so that a thousand names do not fill a condition. */
const some = (items: readonly string[]): string =>
  items.length > 5 ? `${items.slice(0, 5).join(', ')} and ${items.length - 5} more` : items.join(', ')

const quoted = (text: string | undefined): string => (text === undefined ? 'absent' : `"${text}"`)
