import { createHash, type KeyObject } from 'node:crypto'
import type { CertificateDefaults, CertificateSpec, SubjectSpec } from '#api'
import { canonicalJson, parseDuration, second, terminal } from '#base'
import {
  defaultKeySize,
  type KeyAlgorithm,
  type KeyEncoding,
  type KeySpec,
  normalizeNames,
  parseCsr,
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
  readonly names: SubjectNames
  readonly usages: readonly Usage[]
  readonly key: KeySpec
  /** The key to certify where it is kept elsewhere: that of the certification request. Else one of `key` is made. */
  readonly publicKey: KeyObject | undefined
  readonly encoding: KeyEncoding
  readonly keepKey: boolean
  /** Whole seconds, as a certificate's dates are. */
  readonly durationMs: number
  /** E-mail address of who is told of what happens. */
  readonly owner: string | undefined
  /** What the Certificate itself says of all this, without what was filled in. */
  readonly wish: Wish
}

/** What a spec says of the certificate it wants. What it leaves out is undefined. */
interface Wish {
  readonly commonName: string | undefined
  readonly subject: CertificateSpec['subject']
  readonly names: SubjectNames
  readonly usages: readonly Usage[] | undefined
  readonly algorithm: KeyAlgorithm | undefined
  readonly size: number | undefined
  readonly encoding: KeyEncoding | undefined
  readonly durationMs: number | undefined
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
  const asked = spec.csr === undefined ? askedBySpec(spec, defaults) : askedByCsr(spec.csr)
  checkKey(asked.key, limits)
  checkNamed(asked)
  const { privateKey = {} } = spec
  const encoding = privateKey.encoding ?? (asked.key.algorithm === 'RSA' ? defaults.privateKey?.encoding : undefined)
  return {
    ...asked,
    usages: [...(spec.usages ?? defaults.usages ?? defaultUsages(asked.key.algorithm))].sort(),
    encoding: encoding ?? 'PKCS8',
    keepKey: (privateKey.rotation ?? defaults.privateKey?.rotation) === 'Never',
    durationMs: wholeSeconds(spec.duration ?? defaults.duration ?? defaultDuration),
    owner: spec.owner ?? defaults.owner,
    wish: wishOf(spec, asked.names),
  }
}

/** What is asked for in fields of the spec, or in a certification request. */
type Asked = Pick<CertificateRequest, 'commonName' | 'subject' | 'names' | 'key' | 'publicKey'>

function askedBySpec(spec: CertificateSpec, defaults: CertificateDefaults): Asked {
  const { commonName, dnsNames = [], ipAddresses = [], uris = [], emailAddresses = [] } = spec
  return {
    commonName,
    subject: { ...defaults.subject, ...attributesSaid(spec.subject) },
    names: normalizeNames({ dnsNames, ipAddresses, uris, emailAddresses }, commonName),
    key: keyAsked(spec.privateKey, defaults.privateKey),
    publicKey: undefined,
  }
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
function askedByCsr(csr: string): Asked {
  const { subjectDer, names, publicKey, asksForCA } = parseCsr(csr)
  if (asksForCA) {
    throw terminal(
      'InvalidRequest',
      'the request asks for a CA certificate (basicConstraints cA: TRUE, or a key usage of CAs), which a Certificate ' +
        'never is: make a certification request without these, or create an Authority with parentRef',
    )
  }
  const key = specOf(publicKey)
  if (!key) throw terminal('InvalidRequest', 'the key of the request is of a kind that is not supported')
  const { commonName, ...subject } = readSubject(subjectDer)
  return {
    commonName,
    subject,
    names: normalizeNames(names, commonName),
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

function checkNamed({ commonName, names }: Asked): void {
  if (commonName !== undefined || Object.values(names).some((list) => list.length > 0)) return
  throw terminal('InvalidRequest', 'the request has no name: give it a common name or an alternative name')
}

const wholeSeconds = (duration: string): number => Math.floor(parseDuration(duration) / second) * second

/** An RSA key may be used to transport keys (TLS 1.2 and older); the others cannot. */
function defaultUsages(algorithm: KeyAlgorithm): Usage[] {
  return algorithm === 'RSA'
    ? ['serverAuth', 'digitalSignature', 'keyEncipherment']
    : ['serverAuth', 'digitalSignature']
}

function wishOf(
  { commonName, subject, usages, privateKey, duration, csr }: CertificateSpec,
  names: SubjectNames,
): Wish {
  return {
    commonName,
    subject,
    names,
    usages: usages && [...usages].sort(),
    algorithm: privateKey?.algorithm,
    size: privateKey?.size,
    encoding: privateKey?.encoding,
    durationMs: duration === undefined ? undefined : wholeSeconds(duration),
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
