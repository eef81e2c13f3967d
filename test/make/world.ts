import { annotations, type Certificate, finalizer, type ObjectMeta, secretLabel } from '#api'
import { day, minute } from '#base'
import {
  type AuthorityView,
  type AuthorityWorld,
  type CaWorld,
  type CertificateWorld,
  type Claims,
  caSpecHash,
  certificateRequest,
  type GenerationView,
  type HeldCa,
  type HeldCertificate,
  type ReadSecret,
  requestHash,
  type SecretView,
} from '#plan'
import { authority } from './authority.ts'
import { certificate } from './certificate.ts'
import { noon } from './clock.ts'

/** Metadata of the Secret `shop/web` as Sifaka has written it for the Certificate `web`. */
export function secretMetadata(parts: Partial<ObjectMeta> = {}): ObjectMeta {
  return {
    namespace: 'shop',
    name: 'web',
    uid: 'uid-secret',
    resourceVersion: '200',
    labels: { [secretLabel]: 'certificate' },
    ...parts,
    annotations: {
      [annotations.id]: 'id-1',
      [annotations.certificate]: 'web',
      [annotations.revision]: '1',
      [annotations.issuedBy]: 'shop/ca',
      ...parts.annotations,
    },
  }
}

/** A certificate that is issued at noon for 90 days and satisfies the request. */
export function heldCertificate(parts: Partial<HeldCertificate> = {}): HeldCertificate {
  return {
    serialNumber: '4a01',
    fingerprint: 'f1'.repeat(32),
    issuer: 'CN=ca',
    notBefore: noon - 5 * minute,
    notAfter: noon + 90 * day,
    issuedBy: 'shop/ca',
    issuedAt: noon,
    caGeneration: 1,
    caFingerprint: undefined,
    trust: undefined,
    outputs: undefined,
    differences: [],
    ...parts,
  }
}

/** The Secret of `secretMetadata`, with the certificate of `heldCertificate`. */
export function heldSecret(held: Partial<HeldCertificate> = {}, metadata: Partial<ObjectMeta> = {}): SecretView {
  return { state: 'held', metadata: secretMetadata(metadata), held: heldCertificate(held) }
}

/** A Secret of type kubernetes.io/tls that has been read. */
export function readSecret(files: Readonly<Record<string, string>>, parts: Partial<ReadSecret> = {}): ReadSecret {
  const data = Object.entries(files).map(([name, text]) => [name, Buffer.from(text).toString('base64')])
  const form = { type: 'kubernetes.io/tls', isImmutable: false }
  return { metadata: secretMetadata(), form, files, data: Object.fromEntries(data), ...parts }
}

/** A Certificate that alone names its Secret. */
export const soleClaim = (certificate: Certificate): Claims => ({
  own: certificate,
  others: [],
  authorities: [],
  orderers: [],
  isIssuing: () => false,
})

/** What a Certificate sees of the Authority `shop/ca`: ready for ten years, without a policy. */
export function authorityView(parts: Partial<AuthorityView> = {}): AuthorityView {
  return {
    notReady: undefined,
    notAfter: noon + 3650 * day,
    spec: { internal: {} },
    generation: 1,
    activeFrom: noon,
    caFingerprints: [],
    distrusted: [],
    reissueRequestedAt: undefined,
    caBundle: undefined,
    restoredUntil: undefined,
    version: 'uid-ca/1/ca',
    ...parts,
  }
}

/** A world of a Certificate in which nothing is to be done at noon. The request is the one of the spec. */
export function certificateWorld(parts: Partial<CertificateWorld> = {}): CertificateWorld {
  const { certificate: wanted = certificate() } = parts
  const request = certificateRequest(wanted.spec)
  return {
    certificate: wanted,
    request,
    requestHash: requestHash(request),
    authorityKey: 'shop/ca',
    authority: authorityView(),
    secret: heldSecret(),
    passwords: {},
    order: undefined,
    namespaceLabels: {},
    issuedLately: [],
    refreshedLately: [],
    refreshFailure: undefined,
    isRevoked: false,
    overtaken: undefined,
    isFrozen: false,
    isNamespaceTerminating: false,
    revocation: undefined,
    ...parts,
  }
}

/** A root CA certificate that was made at noon for ten years. */
export function heldCa(parts: Partial<HeldCa> = {}): HeldCa {
  const fingerprint = parts.fingerprint ?? 'ca'.repeat(32)
  return {
    subject: 'CN=ca',
    serialNumber: '4a00',
    fingerprint,
    notBefore: noon - 5 * minute,
    notAfter: noon + 3650 * day,
    roots: [{ fingerprint, pem: `PEM of ${fingerprint.slice(0, 4)}\n` }],
    ...parts,
  }
}

/**
 * Generation 1 of the CA `shop/ca`, which signs since noon.
 * @param held of its certificate; each generation is a root of its own
 */
export function caGeneration(parts: Partial<GenerationView> = {}, held: Partial<HeldCa> = {}): GenerationView {
  const { number = 1 } = parts
  const fingerprint = number === 1 ? 'ca'.repeat(32) : number.toString(16).padStart(2, '0').repeat(32)
  return {
    number,
    secret: { state: 'held', held: heldCa({ fingerprint, ...held }) },
    metadata: { namespace: 'shop', name: `ca-ca-${number}`, uid: 'uid-ca-secret', resourceVersion: '60' },
    madeAt: noon,
    trustedAt: noon,
    activatedAt: noon,
    retiredAt: undefined,
    backedUpAt: noon,
    signedBy: 'shop/ca',
    parentGeneration: undefined,
    caSpec: caSpecHash(authority()),
    liveUntil: undefined,
    lacking: 0,
    ...parts,
  }
}

/** A root that signs with generation 1. */
export function caWorld(parts: Partial<CaWorld> = {}): CaWorld {
  return {
    parent: { state: 'none' },
    generations: [caGeneration()],
    lastActive: 1,
    source: { state: 'none' },
    request: { state: 'none' },
    longestIssuedMs: 90 * day,
    isRegisterLoaded: true,
    ...parts,
  }
}

/** A world of an Authority in which nothing is to be done at noon. */
export function authorityWorld(parts: Partial<AuthorityWorld> = {}): AuthorityWorld {
  const ca = 'ca' in parts ? parts.ca : caWorld()
  const metadata = { finalizers: [finalizer], annotations: { [annotations.hasCA]: '1' } }
  return {
    authority: authority({ metadata }),
    ca,
    issuerProblem: undefined,
    dependents: { certificates: 0, authorities: 0 },
    isNamespaceTerminating: false,
    olderDefault: undefined,
    isFrozen: false,
    crlFlaws: [],
    bundle: { state: 'held', metadata: { namespace: 'shop', name: 'ca-ca' }, text: bundleOf(ca) },
    ...parts,
  }
}

const bundleOf = (ca: CaWorld | undefined): string =>
  (ca?.generations ?? [])
    .flatMap(({ secret }) => (secret.state === 'held' ? secret.held.roots : []))
    .map(({ pem }) => pem)
    .join('')
