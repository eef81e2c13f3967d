import type { KeyObject } from 'node:crypto'
import { isFailure } from '#base'
import { type Bundle, whenAllBegan } from './bundle.ts'
import { hasIssued, verifyChain } from './chain.ts'
import { formatName } from './distinguished-name.ts'
import { PkiError } from './error.ts'
import { parsePrivateKey, sameKey } from './key.ts'
import { canonicalSubtree, kindsOfSubtrees, type NameConstraints, subtreeKinds } from './name-constraints.ts'
import { type ParsedCertificate, parseCertificates } from './parsed-certificate.ts'

/** The files of a CA that was made elsewhere: PEM under the keys of a kubernetes.io/tls Secret. */
export interface CaFiles {
  readonly 'tls.key'?: string | undefined
  /** The CA certificate, then its issuers, each issued by the one that follows. */
  readonly 'tls.crt'?: string | undefined
  /** The root, and others that shall be trusted; not needed for a CA that signed itself. */
  readonly 'ca.crt'?: string | undefined
}

/**
 * Reads a CA that a user brings. Its intermediates are those of its path; its roots are all self-signed certificates of
 * the files.
 * @param at when the chain must hold, in epoch milliseconds; without it, when the youngest certificate began
 * @throws PkiError InvalidKey, InvalidCertificate or InvalidChain, naming the file, the cause and what to do
 */
export function parseCa(files: CaFiles, at?: number): Bundle {
  const key = inFile('tls.key', () => readKey(files['tls.key']))
  const listed = inFile('tls.crt', () => parseCertificates(present(files['tls.crt'], 'InvalidCertificate')))
  const others = files['ca.crt'] ? inFile('ca.crt', () => parseCertificates(files['ca.crt'] ?? '')) : []
  const { certificate, flaw } = choose(listed, key)
  if (flaw !== undefined) throw new PkiError('InvalidKey', `tls.crt ${flaw}`)
  const [notCa] = caFlaws(certificate)
  if (notCa !== undefined) throw new PkiError('InvalidCertificate', `tls.crt: ${notCa}`)
  const disorder = orderFlaw(listed)
  if (disorder !== undefined) throw new PkiError('InvalidChain', `tls.crt: ${disorder}`)
  const all = [...listed, ...others]
  const top = topOf(certificate, all)
  if (!isSelfSigned(top)) {
    const advice = 'add the certificate of the root to ca.crt'
    throw new PkiError('InvalidChain', `the chain has no root: ${top.subject} is issued by ${top.issuer}: ${advice}`)
  }
  const roots = withoutCopies(all.filter(isSelfSigned))
  const path = verifyChain({ leaf: certificate, intermediates: all, roots, at: at ?? whenAllBegan(all) })
  return { key, certificate, intermediates: path.slice(1, -1), roots }
}

function present(text: string | undefined, reason: 'InvalidKey' | 'InvalidCertificate'): string {
  if (!text) throw new PkiError(reason, 'the file is missing or empty')
  return text
}

function readKey(text: string | undefined): KeyObject {
  const pem = present(text, 'InvalidKey')
  const key = parsePrivateKey(pem)
  // Each key has the words twice, in its BEGIN and in its END line.
  if (pem.split('PRIVATE KEY-----').length > 3) throw new PkiError('InvalidKey', 'it holds more than one private key')
  return key
}

function inFile<T>(name: keyof CaFiles, read: () => T): T {
  try {
    return read()
  } catch (error) {
    throw error instanceof PkiError ? new PkiError(error.reason, `${name}: ${error.message}`) : error
  }
}

/** The certificate of a key, and what is wrong when it is not the first. */
function choose(
  listed: readonly ParsedCertificate[],
  key: KeyObject,
): { readonly certificate: ParsedCertificate; readonly flaw: string | undefined } {
  const [first] = listed
  if (first === undefined) throw new PkiError('InvalidCertificate', 'there is no certificate')
  const own = listed.find(({ publicKey }) => sameKey(publicKey, key))
  if (own === undefined) return { certificate: first, flaw: `begins with ${first.subject}, which is for another key` }
  const flaw = `begins with ${first.subject}: put the CA certificate (${own.subject}) first, then its issuers`
  return { certificate: own, flaw: own === first ? undefined : flaw }
}

/** What keeps a certificate from being a CA's. */
function caFlaws({ subject, isCA, mayCertSign, unknownConstraints }: ParsedCertificate): string[] {
  return [
    ...(isCA ? [] : [`${subject} is not a CA certificate: its basic constraints do not say cA`]),
    ...(mayCertSign === false ? [`${subject} may not sign certificates: its key usage has no keyCertSign`] : []),
    ...(unknownConstraints.length === 0
      ? []
      : [`${subject} constrains names in a way that is not supported: ${unknownConstraints.join(', ')}`]),
  ]
}

/** Where in a list a certificate is not followed by its issuer. */
function orderFlaw(listed: readonly ParsedCertificate[]): string | undefined {
  for (const [index, issuer] of listed.entries()) {
    const subject = listed[index - 1]
    if (subject === undefined || hasIssued(issuer, subject)) continue
    const right = listed.find((each) => each !== subject && hasIssued(each, subject))
    const advice = right ? `: ${right.subject} has to stand there` : ''
    return `wrong order: ${issuer.subject} follows ${subject.subject} and did not issue it${advice}`
  }
  return undefined
}

const isSelfSigned = (certificate: ParsedCertificate): boolean => hasIssued(certificate, certificate)

/** Where the way from issuer to issuer ends: at a root, or below one that is not there. */
function topOf(certificate: ParsedCertificate, others: readonly ParsedCertificate[]): ParsedCertificate {
  if (isSelfSigned(certificate)) return certificate
  const issuer = others.find((each) => hasIssued(each, certificate))
  const rest = others.filter((each) => each !== issuer)
  return issuer === undefined ? certificate : topOf(issuer, rest)
}

const withoutCopies = (certificates: readonly ParsedCertificate[]): ParsedCertificate[] => [
  ...new Map(certificates.map((each) => [each.fingerprint, each])).values(),
]

/** What a certificate is held against that somebody else made for a CA. */
export interface CaExpectation {
  readonly publicKey: KeyObject
  /** DER of the Name. */
  readonly subjectDer: Uint8Array
  /** The most CAs that may follow; any number without it. */
  readonly pathLength?: number | undefined
  /** The least that must be constrained. */
  readonly nameConstraints?: NameConstraints | undefined
  /** Now, in epoch milliseconds. */
  readonly at: number
}

/**
 * Lets the chain of a CA through that was signed elsewhere: the CA certificate, each issuer after what it issued, the
 * root at the end. It is for exactly the key and the subject asked for, and in path length and name constraints as
 * asked or stricter.
 * @throws PkiError CertificateRejected with every reason
 */
export function acceptCaChain(expectation: CaExpectation, pem: string): Omit<Bundle, 'key'> {
  const listed = readChain(pem)
  const { certificate, flaw } = choose(listed, expectation.publicKey)
  const reasons = [
    ...(flaw === undefined ? [] : [`it ${flaw}`]),
    ...caFlaws(certificate),
    ...(certificate.isCA && certificate.mayCertSign === undefined
      ? ['it has no key usage, and needs keyCertSign']
      : []),
    ...expectationFlaws(expectation, certificate),
    ...chainFlaws(listed, expectation.at),
  ]
  if (reasons.length > 0) throw rejected(reasons)
  return { certificate, intermediates: listed.slice(1, -1), roots: listed.slice(-1) }
}

function readChain(pem: string): ParsedCertificate[] {
  try {
    return parseCertificates(pem)
  } catch (error) {
    throw error instanceof PkiError ? rejected([error.message]) : error
  }
}

function expectationFlaws(
  { subjectDer, pathLength, nameConstraints = {} }: CaExpectation,
  certificate: ParsedCertificate,
): string[] {
  const isOther = Buffer.compare(subjectDer, certificate.subjectDer) !== 0
  const given = certificate.pathLength ?? Number.POSITIVE_INFINITY
  const isWider = certificate.isCA && pathLength !== undefined && given > pathLength
  return [
    ...(isOther ? [`its subject is ${certificate.subject}, not ${formatName(subjectDer)} octet for octet`] : []),
    ...(isWider ? [`its path length is ${certificate.pathLength ?? 'not limited'}, not ${pathLength} or less`] : []),
    ...constraintFlaws(nameConstraints, certificate.nameConstraints ?? {}),
  ]
}

/** Where name constraints allow more than others. */
function constraintFlaws(wanted: NameConstraints, given: NameConstraints): string[] {
  return kindsOfSubtrees.flatMap((kind) => {
    const { what, contains } = subtreeKinds[kind]
    const list = (subtrees: NameConstraints['permitted']): string[] => (subtrees?.[kind] ?? []).map(canonicalSubtree)
    const [permitted, wantedPermitted] = [list(given.permitted), list(wanted.permitted)]
    const isOpen = wantedPermitted.length > 0 && permitted.length === 0
    const wider =
      wantedPermitted.length === 0
        ? []
        : permitted.filter((each) => !wantedPermitted.some((outer) => contains(outer, each)))
    const missing = list(wanted.excluded).filter((each) => !list(given.excluded).some((outer) => contains(outer, each)))
    return [
      ...(isOpen
        ? [`its name constraints do not say which is permitted as ${what}: ${wantedPermitted.join(', ')}`]
        : []),
      ...wider.map((each) => `its name constraints permit ${each}, which is wider than asked for`),
      ...missing.map((each) => `its name constraints do not exclude ${each}`),
    ]
  })
}

/** The first thing that keeps a list from being a chain up to a root. */
function chainFlaws(listed: readonly ParsedCertificate[], at: number): string[] {
  const [leaf, ...issuers] = listed
  const root = listed.at(-1)
  if (leaf === undefined || root === undefined) return ['there is no certificate']
  const disorder = orderFlaw(listed)
  if (disorder !== undefined) return [disorder]
  if (!isSelfSigned(root))
    return [`it ends without a root: add the certificate of ${root.issuer} after ${root.subject}`]
  try {
    verifyChain({ leaf, intermediates: issuers, roots: [root], at })
    return []
  } catch (error) {
    if (isFailure(error)) return [error.message]
    throw error
  }
}

const rejected = (reasons: readonly string[]): PkiError =>
  new PkiError('CertificateRejected', `the chain is not what was asked for: ${reasons.join('; ')}`)
