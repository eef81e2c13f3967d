import { toRfc3339 } from '#base'
import { PkiError } from './error.ts'
import { isWeak } from './key.ts'
import { nameConstraintViolations } from './name-constraint-violations.ts'
import type { ParsedCertificate } from './parsed-certificate.ts'

export interface ChainInput {
  readonly leaf: ParsedCertificate
  /** Certificates that may stand between leaf and root, in any order; those not needed are passed over. */
  readonly intermediates: readonly ParsedCertificate[]
  /** What is trusted. A root need not be self-signed, and may be the leaf itself. */
  readonly roots: readonly ParsedCertificate[]
  /** When the chain must hold, in epoch milliseconds. */
  readonly at: number
  /** Object identifiers of critical extensions that the leaf may have, beside those that are known here. */
  readonly permittedCritical?: readonly string[] | undefined
}

/** A search for a path: what it may still cost, and the failure that came closest to a root. */
interface Search {
  readonly input: ChainInput
  signatureChecks: number
  failure: { readonly depth: number; readonly message: string }
}

/** Public chains have at most five certificates. */
const maxCertificates = 10

/** However the certificates of a hostile chain refer to each other, no more signatures than this are checked. */
const maxSignatureChecks = 50

/**
 * The path from the leaf to a root (RFC 5280 section 6.1), both included. Each certificate is in its validity and has
 * no critical extension that is unknown; each issuer is a CA that may sign certificates, within its path length; no
 * signature but the root's own is made with MD5 or SHA-1; the name constraints of every CA, the root among them, allow
 * the names below it. Issuers are found by the octets of their name and their key identifier. Policies, revocation and
 * usages are left to those who connect.
 * @throws PkiError InvalidChain, naming the certificate and the reason of the attempt that came closest to a root
 */
export function verifyChain(input: ChainInput): ParsedCertificate[] {
  const search: Search = { input, signatureChecks: 0, failure: { depth: 0, message: 'there is no path to a root' } }
  const flaw = flawOf(input.leaf, input.at, input.permittedCritical)
  const path = flaw === undefined ? extend([input.leaf], search) : undefined
  if (path === undefined) throw new PkiError('InvalidChain', flaw ?? search.failure.message)
  return path
}

function extend(
  path: readonly [ParsedCertificate, ...ParsedCertificate[]],
  search: Search,
): ParsedCertificate[] | undefined {
  const { intermediates, roots, at } = search.input
  const subject = path.at(-1) ?? path[0]
  if (roots.some((root) => same(root, subject))) {
    const flaw = namesFlaw(path)
    if (flaw !== undefined) note(search, path.length, flaw)
    return flaw === undefined ? [...path] : undefined
  }
  const issuers = [...roots, ...intermediates].filter((each) => mayHaveIssued(each, subject) && !path.includes(each))
  if (issuers.length === 0) note(search, path.length, `the issuer ${subject.issuer} of ${named(subject)} is not there`)
  for (const issuer of issuers) {
    const flaw = flawOf(issuer, at) ?? issuerFlaw(issuer, path) ?? signatureFlaw(issuer, subject, search)
    if (flaw !== undefined) note(search, path.length, flaw)
    const found = flaw === undefined ? extend([...path, issuer], search) : undefined
    if (found !== undefined) return found
  }
  return undefined
}

function note(search: Search, depth: number, message: string): void {
  if (depth > search.failure.depth) search.failure = { depth, message }
}

/** What keeps a certificate out of every path. */
function flawOf(certificate: ParsedCertificate, at: number, permitted: readonly string[] = []): string | undefined {
  const { notBefore, notAfter, unknownCritical } = certificate
  if (at < notBefore) return `${named(certificate)} is not valid before ${toRfc3339(notBefore)}`
  if (at > notAfter) return `${named(certificate)} expired at ${toRfc3339(notAfter)}`
  const unknown = unknownCritical.find((id) => !permitted.includes(id))
  return unknown === undefined ? undefined : `${named(certificate)} has the unknown critical extension ${unknown}`
}

/** What keeps a certificate from being the next issuer of a path. */
function issuerFlaw(issuer: ParsedCertificate, path: readonly ParsedCertificate[]): string | undefined {
  if (!issuer.isCA) return `${named(issuer)} is not a CA`
  if (isWeak(issuer.publicKey)) return `${named(issuer)} has an RSA key of fewer than 2048 bits, which can be broken`
  if (issuer.mayCertSign === false)
    return `${named(issuer)} may not sign certificates: its key usage has no keyCertSign`
  if (path.length >= maxCertificates) return `the chain has more than ${maxCertificates} certificates`
  const between = path.slice(1).filter((each) => !isSelfIssued(each)).length
  if (issuer.pathLength !== undefined && between > issuer.pathLength) {
    return `${named(issuer)} has a path length of ${issuer.pathLength}, and ${between} CAs follow it`
  }
  return undefined
}

/**
 * What names of a whole path its CAs do not allow. A self-issued CA certificate is passed over (RFC 5280 section
 * 6.1.3), and a CA's common name is not the name of a host.
 */
function namesFlaw(path: readonly ParsedCertificate[]): string | undefined {
  for (const [index, certificate] of path.entries()) {
    if (index > 0 && isSelfIssued(certificate)) continue
    const { names, commonName, isCA } = certificate
    const [violation] = nameConstraintViolations(names, isCA ? undefined : commonName, path.slice(index + 1))
    if (violation !== undefined) return `${named(certificate)} has a name that is not allowed: ${violation}`
  }
  return undefined
}

/** Whether a certificate is signed by the key of another one and names it as its issuer. Costs a signature check. */
export const hasIssued = (issuer: ParsedCertificate, subject: ParsedCertificate): boolean =>
  Buffer.compare(issuer.subjectDer, subject.issuerDer) === 0 && subject.isSignedBy(issuer.publicKey)

function signatureFlaw(issuer: ParsedCertificate, subject: ParsedCertificate, search: Search): string | undefined {
  if (/md[245]|sha1/i.test(subject.signatureAlgorithm)) {
    return `${named(subject)} is signed with ${subject.signatureAlgorithm}, which can be forged`
  }
  search.signatureChecks += 1
  if (search.signatureChecks > maxSignatureChecks) return 'the chain takes too many signature checks'
  return subject.isSignedBy(issuer.publicKey)
    ? undefined
    : `${named(subject)} has no valid signature of ${named(issuer)}`
}

/** Names and, where both have one, key identifiers fit (RFC 5280 section 4.2.1.1). */
function mayHaveIssued(issuer: ParsedCertificate, subject: ParsedCertificate): boolean {
  const { authorityKeyId } = subject
  const { subjectKeyId } = issuer
  const keyFits = authorityKeyId === undefined || subjectKeyId === undefined || authorityKeyId === subjectKeyId
  return keyFits && octetsEqual(issuer.subjectDer, subject.issuerDer)
}

const isSelfIssued = ({ subjectDer, issuerDer }: ParsedCertificate): boolean => octetsEqual(subjectDer, issuerDer)

const same = (a: ParsedCertificate, b: ParsedCertificate): boolean => octetsEqual(a.der, b.der)

const octetsEqual = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0

const named = ({ subject, serialNumber }: ParsedCertificate): string =>
  subject === '' ? `the certificate with serial number ${serialNumber}` : subject
