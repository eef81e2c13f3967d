/** Keys, names, certificates and chains as RFC 5280 has them: pure, without network, clock or Kubernetes. */
export {
  type Acceptance,
  accept,
  type Difference,
  type DifferenceField,
  differences,
  type Expected,
} from './accept.ts'
export { type Bundle, type BundleFiles, encodeBundle, parseBundle } from './bundle.ts'
export { type ChainInput, verifyChain } from './chain.ts'
export { PkiError, type PkiReason } from './error.ts'
export { ipInRange, isIpAddress } from './ip-address.ts'
export {
  generateKey,
  type KeySpec,
  keySatisfies,
  parsePrivateKey,
  publicKeyOf,
  sameKey,
} from './key.ts'
export type { KeyAlgorithm, KeyEncoding, SignatureAlgorithm } from './key-algorithm.ts'
export { dnsNameMatches, isDnsName, normalizeNames, type SubjectNames } from './names.ts'
export {
  encodeCertificates,
  type ParsedCertificate,
  parseCertificate,
  parseCertificates,
} from './parsed-certificate.ts'
export type { CaProfile, CertificateProfile, Usage } from './profile.ts'
export { backdateMs, type RenewalInput, renewalTime } from './renewal.ts'
export { type IssuerIdentity, newSerialNumber, signEndEntity, signRoot, signSubordinate } from './sign.ts'
export { keySigner, type Signer } from './signer.ts'
