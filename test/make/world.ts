import { annotations, type ObjectMeta, secretLabel } from '#api'
import { day, minute } from '#base'
import {
  type AuthorityView,
  type AuthorityWorld,
  type CertificateWorld,
  certificateRequest,
  type HeldCa,
  type HeldCertificate,
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
    differences: [],
    ...parts,
  }
}

/** The Secret of `secretMetadata`, with the certificate of `heldCertificate`. */
export function heldSecret(held: Partial<HeldCertificate> = {}, metadata: Partial<ObjectMeta> = {}): SecretView {
  return { state: 'held', metadata: secretMetadata(metadata), held: heldCertificate(held) }
}

/** What a Certificate sees of the Authority `shop/ca`: ready for ten years, without a policy. */
export function authorityView(parts: Partial<AuthorityView> = {}): AuthorityView {
  return {
    notReady: undefined,
    notAfter: noon + 3650 * day,
    policy: undefined,
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
    authority: authorityView(),
    secret: heldSecret(),
    ...parts,
  }
}

/** A CA certificate that was made at noon for ten years. */
export function heldCa(parts: Partial<HeldCa> = {}): HeldCa {
  return {
    subject: 'CN=ca',
    serialNumber: '4a00',
    fingerprint: 'ca'.repeat(32),
    notBefore: noon - 5 * minute,
    notAfter: noon + 3650 * day,
    roots: 'PEM of the root',
    ...parts,
  }
}

/** A world of an Authority in which nothing is to be done at noon. */
export function authorityWorld(parts: Partial<AuthorityWorld> = {}): AuthorityWorld {
  return {
    authority: authority(),
    parent: { state: 'none' },
    ca: { state: 'held', held: heldCa() },
    hasSigned: true,
    ...parts,
  }
}
