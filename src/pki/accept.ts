import type { KeyObject } from 'node:crypto'
import { isFailure, toRfc3339 } from '#base'
import { type ChainInput, verifyChain } from './chain.ts'
import { type CustomExtension, reservedExtension } from './custom-extension.ts'
import { encodeName, encodeSubject, formatName } from './distinguished-name.ts'
import { PkiError } from './error.ts'
import { sameKey } from './key.ts'
import { constraintTexts } from './name-constraints.ts'
import { countNames, normalizeNames, type SubjectNames } from './names.ts'
import type { ParsedCertificate } from './parsed-certificate.ts'
import type { CaTraits, CertificateProfile } from './profile.ts'

/** What a certificate can differ in. */
export type DifferenceField =
  | 'publicKey'
  | 'names'
  | 'isCA'
  | 'commonName'
  | 'subject'
  | 'usages'
  | 'extensions'
  | 'addedExtensions'
  | 'notAfter'
  | 'chain'

/** One way in which a certificate is not what was asked for; the message names both sides. */
export interface Difference {
  readonly field: DifferenceField
  readonly message: string
}

/** What a certificate is held against. Its end, and its subject beside the common name, count only where given. */
export interface Expected {
  readonly profile: Omit<CertificateProfile, 'notBefore' | 'notAfter'> & { readonly notAfter?: number | undefined }
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
 * Where a certificate is not what was asked for; empty when it is. Names, usages and the attributes of the subject are
 * compared as sets, a literal subject and extensions octet for octet.
 * @throws PkiError InvalidNames or InvalidRequest when the names or the subject asked for are none
 */
export function differences({ profile, publicKey }: Expected, certificate: ParsedCertificate): Difference[] {
  const found: Difference[] = []
  const differ = (field: DifferenceField, message: string): void => void found.push({ field, message })
  if (!sameKey(publicKey, certificate.publicKey)) differ('publicKey', 'it is for another key')
  for (const message of caDifferences(profile.ca, certificate)) differ('isCA', message)
  const names = nameDifference(normalizeNames(profile.names), certificate)
  if (names !== undefined) differ('names', names)
  if (profile.commonName !== certificate.commonName) {
    differ('commonName', `its common name is ${quoted(certificate.commonName)}, not ${quoted(profile.commonName)}`)
  }
  const subject = subjectDifference(profile, certificate)
  if (subject !== undefined) differ('subject', `the attributes of its subject ${subject}`)
  const usages = setDifference(profile.usages, certificate.usages)
  if (usages !== undefined) differ('usages', `its usages ${usages}`)
  for (const message of extensionDifferences(profile, certificate)) differ('extensions', message)
  const added = addedExtensions(profile, certificate)
  if (added.length > 0) differ('addedExtensions', `its extensions add ${some(added)}`)
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
  const { profile, issuerDecides = [], intermediates, roots, at } = acceptance
  // An authority may say more of its own, such as by which of its templates it was made.
  const tolerated: ReadonlySet<DifferenceField> = new Set<DifferenceField>(['addedExtensions', ...issuerDecides])
  const permittedCritical = profile.customExtensions?.map(({ oid }) => oid)
  const found = [
    ...differences(acceptance, certificate),
    ...chainDifferences({ leaf: certificate, intermediates, roots, at, permittedCritical }, profile.ca),
  ]
  const reasons = found.filter(({ field }) => !tolerated.has(field)).map(({ message }) => message)
  if (reasons.length > 0) {
    throw new PkiError('CertificateRejected', `the issued certificate is not what was asked for: ${reasons.join('; ')}`)
  }
  return found
}

function chainDifferences(input: ChainInput, ca: CaTraits | undefined): Difference[] {
  try {
    const path = verifyChain(input)
    const short = ca && path.find((issuer, below) => below > 0 && isTooShort(issuer, below + (ca.pathLength ?? 0)))
    return short
      ? [{ field: 'chain', message: `${short.subject} has a path length of ${short.pathLength}, which is too short` }]
      : []
  } catch (error) {
    if (isFailure(error)) return [{ field: 'chain', message: error.message }]
    throw error
  }
}

/** Whether a CA permits fewer CAs below it than there are to be. */
const isTooShort = ({ pathLength }: ParsedCertificate, wanted: number): boolean =>
  pathLength !== undefined && pathLength < wanted

function caDifferences(wanted: CaTraits | undefined, certificate: ParsedCertificate): string[] {
  const { isCA, mayCertSign, pathLength, unknownConstraints } = certificate
  if (wanted === undefined) return isCA ? ['it is a CA certificate'] : []
  if (!isCA) return ['it is no CA certificate']
  const given = [...constraintTexts(certificate.nameConstraints), ...unknownConstraints]
  const constraints = setDifference(constraintTexts(wanted.nameConstraints), given)
  return [
    ...(mayCertSign === true ? [] : ['its key usage has no keyCertSign']),
    ...(pathLength === wanted.pathLength
      ? []
      : [`its path length is ${pathLength ?? 'not limited'}, not ${wanted.pathLength ?? 'without a limit'}`]),
    ...(constraints === undefined ? [] : [`its name constraints ${constraints}`]),
  ]
}

function extensionDifferences(
  { mustStaple = false, customExtensions = [] }: Expected['profile'],
  certificate: ParsedCertificate,
): string[] {
  const isSame = ({ oid, critical, value }: CustomExtension) =>
    certificate.customExtensions.some(
      (given) => given.oid === oid && given.critical === critical && Buffer.compare(given.value, value) === 0,
    )
  const lacking = customExtensions.filter((wanted) => !isSame(wanted)).map(({ oid }) => oid)
  return [
    ...(mustStaple === certificate.mustStaple ? [] : [mustStaple ? 'it lacks must-staple' : 'it has must-staple']),
    ...(lacking.length === 0 ? [] : [`it lacks the extensions ${some(lacking)} as they were asked for`]),
  ]
}

/** What could have been asked for, and was not. */
function addedExtensions({ customExtensions = [] }: Expected['profile'], certificate: ParsedCertificate): string[] {
  const asked = new Set(customExtensions.map(({ oid }) => oid))
  const given = certificate.customExtensions.map(({ oid }) => oid)
  return given.filter((oid) => !asked.has(oid) && reservedExtension(oid) === undefined)
}

function nameDifference(wanted: SubjectNames, { names, otherNameKinds }: ParsedCertificate): string | undefined {
  const difference = setDifference(allNames(wanted), [...allNames(names), ...otherNameKinds])
  if (difference === undefined) return undefined
  return countNames(names) + otherNameKinds.length === 0 ? 'it has no alternative names' : `its names ${difference}`
}

/**
 * An issuer may write the same attributes in another order and as other types of strings; of a literal subject each
 * octet counts.
 */
function subjectDifference(profile: Expected['profile'], { subjectDer }: ParsedCertificate): string | undefined {
  const { commonName, subject, literalSubject } = profile
  if (literalSubject !== undefined) {
    const wanted = encodeSubject(profile)
    if (Buffer.compare(wanted, subjectDer) === 0) return undefined
    return `are ${formatName(subjectDer)}, not ${formatName(wanted)} octet for octet`
  }
  if (subject === undefined || Buffer.compare(encodeName({ ...subject, commonName }), subjectDer) === 0)
    return undefined
  const given = attributesOf(subjectDer).filter((attribute) => !attribute.startsWith('CN='))
  return setDifference(attributesOf(encodeName(subject)), given)
}

/** `O=Example` and such; commas and pluses within a value are escaped (RFC 4514 section 2.4). */
const attributesOf = (name: Uint8Array): string[] => formatName(name).match(/(?:\\.|[^\\,+])+/gsu) ?? []

/** Each name with its kind, so that a URI is never taken for a DNS name. */
function allNames(names: SubjectNames): string[] {
  const { dnsNames, ipAddresses, uris, emailAddresses, otherNames, registeredIDs } = names
  return [
    ...dnsNames.map((name) => `DNS:${name}`),
    ...ipAddresses.map((name) => `IP:${name}`),
    ...uris.map((name) => `URI:${name}`),
    ...emailAddresses.map((name) => `email:${name}`),
    ...otherNames.map((name) => `otherName:${name}`),
    ...registeredIDs.map((id) => `registeredID:${id}`),
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
