import { PkiError } from './error.ts'
import { canonicalIp, isIpAddress } from './ip-address.ts'
import { isObjectIdentifier } from './object-identifier.ts'

/** Subject alternative names by kind (RFC 5280 section 4.2.1.6). Compared as sets once they are normalized. */
export interface SubjectNames {
  readonly dnsNames: readonly string[]
  readonly ipAddresses: readonly string[]
  readonly uris: readonly string[]
  readonly emailAddresses: readonly string[]
  /** Names of other kinds: the object identifier of the kind, `=`, and the text, which is written as a UTF8String. */
  readonly otherNames: readonly string[]
  /** Object identifiers in dotted decimals. */
  readonly registeredIDs: readonly string[]
}

/** More names than any request may hold, so that a certificate from outside cannot cost more than one of ours. */
const maxNames = 1000

/** Longer names are refused; DNS and e-mail names have limits of their own below this one. */
const maxNameLength = 2048

const label = /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/i
const digits = /^[0-9]+$/

/**
 * Whether `text` is a DNS name that may stand in a certificate: labels of letters, digits, hyphens and underscores, at
 * most 253 characters; the first label may be `*` if another one follows. Internationalized names are in their ASCII
 * form (RFC 5890). A name that ends in a number is an address to some readers (WHATWG URL 3.5), so it is none.
 */
export function isDnsName(text: string): boolean {
  if (text.length > 253) return false
  const labels = text.split('.')
  const fixed = labels.length > 1 && labels[0] === '*' ? labels.slice(1) : labels
  return fixed.every((each) => label.test(each)) && !digits.test(fixed.at(-1) ?? '')
}

function isUri(text: string): boolean {
  return text.length <= maxNameLength && isVisibleAscii(text) && URL.canParse(text)
}

/** A mailbox of RFC 5321 without quoted local parts: the forms that certificates carry. */
function isEmailAddress(text: string): boolean {
  const at = text.lastIndexOf('@')
  const host = text.slice(at + 1)
  return (
    at > 0 && at <= 64 && !text.slice(0, at).includes('@') && isVisibleAscii(text) && isDnsName(host) && host[0] !== '*'
  )
}

/** The parts of a name of another kind: the identifier of its kind, and its text. */
export function otherNameParts(name: string): { readonly oid: string; readonly text: string } {
  const end = name.indexOf('=')
  return { oid: name.slice(0, Math.max(0, end)), text: name.slice(end + 1) }
}

function isOtherName(name: string): boolean {
  const { oid, text } = otherNameParts(name)
  return isObjectIdentifier(oid) && text !== '' && name.length <= maxNameLength && !/[\p{Cc}\p{Cs}]/u.test(text)
}

const isVisibleAscii = (text: string): boolean => /^[\u0021-\u007e]+$/.test(text)

/** The host of a mailbox is compared without case, its local part with it (RFC 5280 section 7.5). */
function canonicalEmail(text: string): string {
  const at = text.lastIndexOf('@')
  return `${text.slice(0, at)}@${text.slice(at + 1).toLowerCase()}`
}

/** Each kind of name: whether a text is one, and the form in which it is compared. */
const kinds: Readonly<
  Record<keyof SubjectNames, { what: string; valid(text: string): boolean; canonical(text: string): string }>
> = {
  dnsNames: { what: 'a DNS name', valid: isDnsName, canonical: (text) => text.toLowerCase() },
  ipAddresses: { what: 'an IP address', valid: isIpAddress, canonical: canonicalIp },
  uris: { what: 'an absolute URI', valid: isUri, canonical: (text) => text },
  emailAddresses: { what: 'an e-mail address', valid: isEmailAddress, canonical: canonicalEmail },
  otherNames: {
    what: 'an object identifier with a text without control characters',
    valid: isOtherName,
    canonical: (text) => text,
  },
  registeredIDs: { what: 'an object identifier', valid: isObjectIdentifier, canonical: (text) => text },
}

/** Whether a text is a name of a kind. */
export const isName = (kind: keyof SubjectNames, text: string | undefined): text is string =>
  text !== undefined && kinds[kind].valid(text)

/**
 * Names in the form in which they are signed and compared: DNS names and mail hosts in lower case, addresses in their
 * one text (RFC 5952), each kind sorted and without duplicates. A `commonName` that is a DNS name or an IP address
 * joins its kind, as clients look for names only here (RFC 9525 section 2).
 * @throws PkiError InvalidNames for a text that is no such name, or for more than 1000 names
 */
export function normalizeNames(
  names: { readonly [Kind in keyof SubjectNames]?: SubjectNames[Kind] | undefined },
  commonName?: string,
): SubjectNames {
  const total = Object.values(names).reduce((count, list = []) => count + list.length, 0)
  if (total > maxNames) throw new PkiError('InvalidNames', `${total} names are too many: at most ${maxNames}`)
  const withCommonName = (kind: 'dnsNames' | 'ipAddresses'): readonly string[] =>
    commonName !== undefined && kinds[kind].valid(commonName)
      ? [...(names[kind] ?? []), commonName]
      : (names[kind] ?? [])
  return {
    dnsNames: normalize('dnsNames', withCommonName('dnsNames')),
    ipAddresses: normalize('ipAddresses', withCommonName('ipAddresses')),
    uris: normalize('uris', names.uris ?? []),
    emailAddresses: normalize('emailAddresses', names.emailAddresses ?? []),
    otherNames: normalize('otherNames', names.otherNames ?? []),
    registeredIDs: normalize('registeredIDs', names.registeredIDs ?? []),
  }
}

/** Most kinds of names have none. */
const none: readonly string[] = []

function normalize(kind: keyof SubjectNames, texts: readonly string[]): readonly string[] {
  if (texts.length === 0) return none
  const { what, valid, canonical } = kinds[kind]
  const wrong = texts.find((text) => !valid(text))
  if (wrong !== undefined) throw new PkiError('InvalidNames', `"${wrong.slice(0, 253)}" is not ${what}`)
  return [...new Set(texts.map(canonical))].sort()
}

/** How many names there are, of all kinds. */
export const countNames = (names: SubjectNames): number =>
  names.dnsNames.length +
  names.ipAddresses.length +
  names.uris.length +
  names.emailAddresses.length +
  names.otherNames.length +
  names.registeredIDs.length

/** The labels of a DNS name in lower case; none for a text that is no such name. */
export const dnsLabels = (name: string): readonly string[] => (isDnsName(name) ? name.toLowerCase().split('.') : [])

/**
 * What says of the labels of a DNS name whether a policy's `pattern` permits it. Both are compared label by label, from
 * end to end and without case. In a pattern `*` stands for exactly one label, and a leading `**` for one or more. The
 * `*` of a wildcard name is permitted only by one of these, never by a literal: a pattern for one host does not grant a
 * wildcard over its siblings. A pattern that is not of this form permits nothing.
 */
export function dnsMatcher(pattern: string): (labels: readonly string[]) => boolean {
  const wanted = pattern.length > 253 ? [] : pattern.toLowerCase().split('.')
  const isOpen = wanted[0] === '**'
  const rest = isOpen ? wanted.slice(1) : wanted
  if (wanted.length === 0 || !rest.every((each) => each === '*' || label.test(each))) return () => false
  return (labels) => {
    if (labels.length === 0 || (isOpen ? labels.length < wanted.length : labels.length !== wanted.length)) return false
    const first = labels.length - rest.length
    // From the right: other domains differ there already.
    for (let index = rest.length - 1; index >= 0; index--) {
      if (rest[index] !== '*' && rest[index] !== labels[first + index]) return false
    }
    return true
  }
}

/** Whether a policy's `pattern` permits the DNS name `name`: see `dnsMatcher`. */
export const dnsNameMatches = (pattern: string, name: string): boolean => dnsMatcher(pattern)(dnsLabels(name))
