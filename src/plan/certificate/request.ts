import { createHash } from 'node:crypto'
import type { CertificateSpec } from '#api'
import { canonicalJson, day, parseDuration, second } from '#base'
import { type KeyEncoding, type KeySpec, normalizeNames, type SubjectNames, type Usage } from '#pki'

/** What a Certificate asks for, every default filled in and every name in its canonical form. */
export interface CertificateRequest {
  readonly commonName: string | undefined
  readonly names: SubjectNames
  readonly usages: readonly Usage[]
  readonly key: KeySpec
  readonly encoding: KeyEncoding
  readonly keepKey: boolean
  /** Whole seconds, as a certificate's dates are. */
  readonly durationMs: number
}

const defaultDurationMs = 90 * day

/**
 * @throws PkiError when a name cannot stand in a certificate
 */
export function certificateRequest(spec: CertificateSpec): CertificateRequest {
  const { commonName, dnsNames = [], ipAddresses = [], uris = [], emailAddresses = [], privateKey = {} } = spec
  const algorithm = privateKey.algorithm ?? 'ECDSA'
  return {
    commonName,
    names: normalizeNames({ dnsNames, ipAddresses, uris, emailAddresses }, commonName),
    usages: [...(spec.usages ?? defaultUsages(algorithm))].sort(),
    key: { algorithm, size: privateKey.size ?? (algorithm === 'RSA' ? 2048 : 256) },
    encoding: privateKey.encoding ?? 'PKCS8',
    keepKey: privateKey.rotation === 'Never',
    durationMs: spec.duration === undefined ? defaultDurationMs : wholeSeconds(parseDuration(spec.duration)),
  }
}

const wholeSeconds = (ms: number): number => Math.floor(ms / second) * second

/** An RSA key may be used to transport keys (TLS 1.2 and older); an ECDSA key cannot. */
function defaultUsages(algorithm: KeySpec['algorithm']): Usage[] {
  return algorithm === 'RSA'
    ? ['serverAuth', 'digitalSignature', 'keyEncipherment']
    : ['serverAuth', 'digitalSignature']
}

/**
 * Hash of what makes a certificate satisfy the request. It is kept beside the certificate, so that an unchanged request
 * is recognized without reading the certificate. How the key is handled later on is not part of it.
 */
export function requestHash({ keepKey: _, ...request }: CertificateRequest): string {
  return createHash('sha256').update(canonicalJson(request)).digest('hex').slice(0, 32)
}
