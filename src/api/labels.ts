import { group } from './group.ts'

const ours = <const Name extends string>(name: Name) => `${group}/${name}` as const

/** On every Secret that Sifaka writes; its value says what the Secret holds. The operator watches by this label. */
export const secretLabel = ours('secret')

/**
 * Values of `secretLabel`: a certificate with its key; the key and journal of an order that is under way; a generation
 * of an internal CA; a CA key whose certificate is still to be signed elsewhere. The last two are reserved: no
 * Certificate ever writes to such a Secret.
 */
export type SecretContent = 'certificate' | 'order' | 'ca' | 'ca-request'

/** On every ConfigMap that Sifaka writes; its value says what the ConfigMap holds. */
export const configMapLabel = ours('config-map')

/** Values of `configMapLabel`. */
export type ConfigMapContent = 'ca-bundle' | 'register' | 'crl'

export const annotations = {
  /** Minted once per certificate, at random; outlives UIDs and statuses. */
  id: ours('id'),
  /** Name of the Certificate whose key and leaf the Secret holds. */
  certificate: ours('certificate'),
  /** Name of the Authority whose CA key, register, CRL or bundle the object holds. */
  authority: ours('authority'),
  /** UID of the Authority that made the CA: another one says that the Authority was restored. */
  authorityUid: ours('authority-uid'),
  /** 1 for the first certificate; each later one counts up. */
  revision: ours('revision'),
  /** RFC 3339 time of issuance. */
  issuedAt: ours('issued-at'),
  /** Hash of what was asked for. */
  requestHash: ours('request-hash'),
  /** `namespace/name` of the Authority that issued it. */
  issuedBy: ours('issued-by'),
  /** The certificate in the Secret: serial number and fingerprint (hexadecimal), issuer (RFC 4514), validity. */
  serialNumber: ours('serial-number'),
  fingerprint: ours('fingerprint'),
  issuer: ours('issuer'),
  notBefore: ours('not-before'),
  notAfter: ours('not-after'),
  /**
   * What Sifaka has set on the Secret, so that it removes its own and nobody else's: comma-separated, `data:tls.crt`,
   * `label:team`, `annotation:example.com/team`.
   */
  applied: ours('applied'),
  /** Hash of what the outputs in the Secret are made of, a dot, and the hash of the outputs. */
  outputs: ours('outputs'),
  /** Journal of the order whose key the Secret holds: JSON. */
  order: ours('order'),
  /** Generation of the CA, from 1: of the CA that the Secret holds, or that signed the certificate in it. */
  caGeneration: ours('ca-generation'),
  /** Fingerprint of the CA that signed the certificate, its first 16 digits: a number alone could be another CA's. */
  caFingerprint: ours('ca-fingerprint'),
  /** Generation of the parent's CA that signed the CA. */
  parentGeneration: ours('parent-generation'),
  /** Hash of what the spec said of the CA certificate when it was made. */
  caSpec: ours('ca-spec'),
  /** Hash of the roots in `ca.crt`. */
  trust: ours('trust'),
  /**
   * RFC 3339: when every bundle held the roots of the generation; when it began to sign; when its last certificate was
   * gone; when its key was saved.
   */
  trustedAt: ours('trusted-at'),
  activatedAt: ours('activated-at'),
  retiredAt: ours('retired-at'),
  backedUpAt: ours('backed-up-at'),
  /** On an Authority: the generation that signs, so that one whose Secret is missing is never made anew. */
  hasCA: ours('has-ca'),
  /** On a Certificate or an Authority, by people: RFC 3339; what was issued before is issued anew. */
  reissueRequestedAt: ours('reissue-requested-at'),
  /** On a Secret that Sifaka did not make, by people: name of the Certificate that may take it over. */
  adoptBy: ours('adopt-by'),
  /** On an Authority, by people: `true` lets it go although it is in use. */
  forceDelete: ours('force-delete'),
} as const

/** On an Authority that is in use, and on a Certificate that is to be revoked, or its Secret deleted, when it goes. */
export const finalizer = ours('in-use')
