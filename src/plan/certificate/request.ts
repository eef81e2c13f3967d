import { createHash, type KeyObject } from 'node:crypto'
import type { CertificateDefaults, CertificateSpec, SubjectSpec } from '#api'
import { canonicalJson, fromRfc3339, type Instant, parseDuration, second, terminal, toRfc3339 } from '#base'
import {
  type CaTraits,
  type CustomExtension,
  checkCustomExtensions,
  defaultKeySize,
  type KeyAlgorithm,
  type KeyEncoding,
  type KeySpec,
  nameConstraintsExtension,
  normalizeNames,
  parseCsr,
  parseLiteralSubject,
  readSubject,
  type Subject,
  type SubjectNames,
  specOf,
  type Usage,
} from '#pki'

/** What a Certificate asks for, every default filled in and every name in its canonical form. */
export interface CertificateRequest {
  readonly commonName: string | undefined
  /** The rest of the subject. */
  readonly subject: Omit<Subject, 'commonName'>
  /** The whole subject as text (RFC 4514), where that was asked for: `commonName` and `subject` say the same. */
  readonly literalSubject: string | undefined
  /** Attributes of the literal subject that `subject` cannot hold, such as `DC=example`. */
  readonly otherAttributes: readonly string[]
  readonly names: SubjectNames
  readonly usages: readonly Usage[]
  readonly mustStaple: boolean
  readonly customExtensions: readonly CustomExtension[]
  /** Only of a CA certificate. */
  readonly ca: CaTraits | undefined
  readonly key: KeySpec
  /** The key to certify where it is kept elsewhere: that of the certification request. Else one of `key` is made. */
  readonly publicKey: KeyObject | undefined
  readonly encoding: KeyEncoding
  readonly keepKey: boolean
  /** Whole seconds, as a certificate's dates are. */
  readonly durationMs: number
  /** A fixed end on a whole second, instead of `durationMs`. It may have passed. */
  readonly notAfter: Instant | undefined
  /** E-mail address of who is told of what happens. */
  readonly owner: string | undefined
  /** What the Certificate itself says of all this, without what was filled in. */
  readonly wish: Wish
}

/** What a spec says of the certificate it wants. What it leaves out is undefined. */
interface Wish {
  readonly commonName: string | undefined
  readonly subject: CertificateSpec['subject']
  readonly literalSubject: string | undefined
  /** Kinds of names that came later are left out where there are none: hashes of before stay. */
  readonly names: Omit<SubjectNames, 'otherNames' | 'registeredIDs'> & Partial<SubjectNames>
  readonly usages: readonly Usage[] | undefined
  readonly mustStaple: true | undefined
  readonly customExtensions: NonNullable<CertificateSpec['extensions']>['custom']
  readonly ca: CaTraits | undefined
  readonly algorithm: KeyAlgorithm | undefined
  readonly size: number | undefined
  readonly encoding: KeyEncoding | undefined
  readonly durationMs: number | undefined
  readonly notAfter: Instant | undefined
  readonly csr: string | undefined
}

/** Which keys the operator permits. */
export interface KeyLimits {
  /** RSA keys above 4096 bits: making one takes a processor seconds to minutes. */
  readonly largeRsa: boolean
}

/** What a certificate lives where neither the spec nor the Authority says so. */
export const defaultDuration = '2160h'
const largestRsa = 4096

/**
 * What a Certificate asks for.
 * @param defaults of the Authority: they fill what the spec leaves out
 * @throws PkiError when a name or certification request cannot be used; Failure Terminal InvalidRequest when no
 *   certificate is issued for such a request whatever the policy says
 */
export function certificateRequest(
  spec: CertificateSpec,
  defaults: CertificateDefaults = {},
  limits: KeyLimits = { largeRsa: false },
): CertificateRequest {
  const asked = spec.csr === undefined ? askedBySpec(spec, defaults) : askedByCsr(spec.csr, spec.isCA)
  const ca = caOf(spec)
  checkKey(asked.key, limits)
  checkNamed(asked, ca)
  const { privateKey = {} } = spec
  const encoding = privateKey.encoding ?? (asked.key.algorithm === 'RSA' ? defaults.privateKey?.encoding : undefined)
  return {
    ...asked,
    usages: [...(spec.usages ?? (ca ? [] : (defaults.usages ?? defaultUsages(asked.key.algorithm))))].sort(),
    mustStaple: spec.extensions?.mustStaple ?? false,
    customExtensions: customExtensionsOf(spec),
    ca,
    encoding: encoding ?? 'PKCS8',
    keepKey: (privateKey.rotation ?? defaults.privateKey?.rotation) === 'Never',
    durationMs: wholeSeconds(spec.duration ?? defaults.duration ?? defaultDuration),
    notAfter: fixedEnd(spec.notAfter),
    owner: spec.owner ?? defaults.owner,
    wish: wishOf(spec, asked.names),
  }
}

/** What is asked for in fields of the spec, or in a certification request. */
type Asked = SubjectAsked & Pick<CertificateRequest, 'names' | 'key' | 'publicKey'>

type SubjectAsked = Pick<CertificateRequest, 'commonName' | 'subject' | 'literalSubject' | 'otherAttributes'>

function askedBySpec(spec: CertificateSpec, defaults: CertificateDefaults): Asked {
  const { dnsNames, ipAddresses, uris, emailAddresses, otherNames, registeredIDs, isCA } = spec
  const subject = subjectAsked(spec, defaults)
  const names = { dnsNames, ipAddresses, uris, emailAddresses, registeredIDs }
  const others = otherNames?.map(({ oid, utf8Value }) => `${oid}=${utf8Value}`)
  return {
    ...subject,
    names: normalizeNames({ ...names, otherNames: others }, hostName(subject.commonName, isCA)),
    key: keyAsked(spec.privateKey, defaults.privateKey),
    publicKey: undefined,
  }
}

/** The name of a CA is no host's, whatever it looks like, so it does not join the alternative names. */
const hostName = (commonName: string | undefined, isCA = false): string | undefined => (isCA ? undefined : commonName)

/** A literal subject is the whole of it: nothing is filled in. */
function subjectAsked(
  { commonName, subject, literalSubject }: CertificateSpec,
  defaults: CertificateDefaults,
): SubjectAsked {
  if (literalSubject === undefined) {
    const attributes = { ...defaults.subject, ...attributesSaid(subject) }
    return { commonName, subject: attributes, literalSubject, otherAttributes: [] }
  }
  const { subject: said, others } = parseLiteralSubject(literalSubject)
  const { commonName: name, ...attributes } = said
  return { commonName: name, subject: attributes, literalSubject, otherAttributes: others }
}

/** An empty list says nothing of its attribute. */
const attributesSaid = (subject: SubjectSpec = {}): SubjectSpec =>
  Object.fromEntries(Object.entries(subject).filter(([, values]) => values !== undefined && values.length > 0))

/** Algorithm and size go together: a size alone is one of the algorithm that holds where none is named. */
function keyAsked(said: CertificateSpec['privateKey'], byDefault: CertificateSpec['privateKey']): KeySpec {
  const isSaid = said?.algorithm !== undefined || said?.size !== undefined
  const { algorithm = 'ECDSA', size = defaultKeySize(algorithm) } = (isSaid ? said : byDefault) ?? {}
  return { algorithm, size }
}

/** Usages and other extensions that it asks for are passed over: what a certificate may be used for is in the spec. */
function askedByCsr(csr: string, isCA = false): Asked {
  const { subjectDer, names, publicKey, asksForCA } = parseCsr(csr)
  if (asksForCA && !isCA) {
    throw terminal(
      'InvalidRequest',
      'the request asks for a CA certificate (basicConstraints cA: TRUE, or a key usage of CAs), but spec.isCA is ' +
        'not true: make a certification request without these, or set isCA: true if it is to be a CA',
    )
  }
  const key = specOf(publicKey)
  if (!key) throw terminal('InvalidRequest', 'the key of the request is of a kind that is not supported')
  const { commonName, ...subject } = readSubject(subjectDer)
  return {
    commonName,
    subject,
    literalSubject: undefined,
    otherAttributes: [],
    names: normalizeNames(names, hostName(commonName, isCA)),
    key,
    publicKey,
  }
}

function checkKey({ algorithm, size }: KeySpec, { largeRsa }: KeyLimits): void {
  if (algorithm !== 'RSA' || size <= largestRsa || largeRsa) return
  throw terminal(
    'InvalidRequest',
    `an RSA key of ${size} bits is only for operators that were started with --allow-large-rsa: ` +
      `ask for at most ${largestRsa} bits, or for ECDSA`,
  )
}

function checkNamed({ commonName, subject, literalSubject, names }: Asked, ca: CaTraits | undefined): void {
  if (commonName !== undefined || literalSubject !== undefined) return
  if (ca && Object.values(subject).every((value) => value === undefined || value.length === 0)) {
    throw terminal('InvalidRequest', 'a CA certificate needs a subject: give it a common name')
  }
  if (Object.values(names).some((list) => list.length > 0)) return
  throw terminal('InvalidRequest', 'the request has no name: give it a common name or an alternative name')
}

/** The pattern of the field lets days through that no month has. */
function fixedEnd(text: string | undefined): Instant | undefined {
  if (text === undefined) return undefined
  const at = fromRfc3339(text)
  const date = fromRfc3339(`${text.slice(0, 10)}T00:00:00Z`)
  if (at !== undefined && date !== undefined && toRfc3339(date).slice(0, 10) === text.slice(0, 10)) return at
  throw terminal('InvalidRequest', `notAfter ${text.slice(0, 32)} is no time: write it as 2027-12-31T23:59:59Z`)
}

/** @throws PkiError InvalidNames when a name constraint is none */
function caOf({ isCA, pathLength = 0, nameConstraints }: CertificateSpec): CaTraits | undefined {
  if (!isCA) return undefined
  nameConstraintsExtension(nameConstraints)
  return { pathLength, nameConstraints }
}

function customExtensionsOf({ extensions }: CertificateSpec): readonly CustomExtension[] {
  const custom = (extensions?.custom ?? []).map(({ oid, critical = false, value }) => {
    const octets = Buffer.from(value, 'base64')
    if (octets.toString('base64') === value) return { oid, critical, value: new Uint8Array(octets) }
    throw terminal('InvalidRequest', `the value of extension ${oid} is not Base64`)
  })
  checkCustomExtensions(custom)
  return custom
}

const wholeSeconds = (duration: string): number => Math.floor(parseDuration(duration) / second) * second

/** An RSA key may be used to transport keys (TLS 1.2 and older); the others cannot. */
function defaultUsages(algorithm: KeyAlgorithm): Usage[] {
  return algorithm === 'RSA'
    ? ['serverAuth', 'digitalSignature', 'keyEncipherment']
    : ['serverAuth', 'digitalSignature']
}

function wishOf(spec: CertificateSpec, { otherNames, registeredIDs, ...others }: SubjectNames): Wish {
  const { commonName, subject, literalSubject, usages, extensions, privateKey, duration, notAfter, csr } = spec
  return {
    commonName,
    subject,
    literalSubject,
    names: {
      ...others,
      ...(otherNames.length > 0 && { otherNames }),
      ...(registeredIDs.length > 0 && { registeredIDs }),
    },
    usages: usages && [...usages].sort(),
    mustStaple: extensions?.mustStaple || undefined,
    customExtensions: extensions?.custom?.length ? extensions.custom : undefined,
    ca: caOf(spec),
    algorithm: privateKey?.algorithm,
    size: privateKey?.size,
    encoding: privateKey?.encoding,
    durationMs: duration === undefined ? undefined : wholeSeconds(duration),
    notAfter: fixedEnd(notAfter),
    csr: csr?.trim(),
  }
}

/**
 * Hash of what the Certificate itself says of the certificate. It is kept beside the certificate, so that an unchanged
 * spec is recognized without reading the certificate. What an Authority's defaults fill in is not part of it, as they
 * act at the next renewal; nor is how the key is handled later on.
 */
export function requestHash({ wish }: Pick<CertificateRequest, 'wish'>): string {
  return createHash('sha256').update(canonicalJson(wish)).digest('hex').slice(0, 32)
}
