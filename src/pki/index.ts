/** Keys, names, certificates and chains as RFC 5280 has them: pure, without network, clock or Kubernetes. */
export {
  type Acceptance,
  accept,
  type Difference,
  type DifferenceField,
  differences,
  type Expected,
} from './accept.ts'
export { type Bundle, type BundleFiles, type Chain, encodeBundle, parseBundle, parseChain } from './bundle.ts'
export { acceptCaChain, type CaExpectation, type CaFiles, parseCa } from './ca.ts'
export { type ChainInput, hasIssued, verifyChain } from './chain.ts'
export { decryptCms, encryptCms } from './cms.ts'
export { type CrlProfile, type RevocationReason, type RevokedCertificate, revocationReasons, signCrl } from './crl.ts'
export { type CsrContent, createCsr, createProfileCsr, type ParsedCsr, parseCsr } from './csr.ts'
export { type CustomExtension, checkCustomExtensions, reservedExtension } from './custom-extension.ts'
export { readSubject } from './distinguished-name.ts'
export { PkiError, type PkiReason } from './error.ts'
export { ipInRange, isIpAddress } from './ip-address.ts'
export type { IssuerLinks } from './issuer-links.ts'
export {
  encodePrivateKey,
  generateKey,
  type KeySpec,
  keySatisfies,
  parsePrivateKey,
  publicKeyOf,
  sameKey,
  specOf,
} from './key.ts'
export { defaultKeySize, type KeyAlgorithm, type KeyEncoding } from './key-algorithm.ts'
export { encodeJksKeyStore, encodeJksTrustStore } from './keystore/jks.ts'
export { encodePkcs12KeyStore, encodePkcs12TrustStore } from './keystore/pkcs12.ts'
export { combinedPem, derFiles } from './keystore/plain.ts'
export { checkedPassword } from './keystore/text.ts'
export { type LiteralSubject, parseLiteralSubject } from './literal-subject.ts'
export { nameConstraintViolations } from './name-constraint-violations.ts'
export { type NameConstraints, type NameSubtrees, nameConstraintsExtension } from './name-constraints.ts'
export {
  dnsLabels,
  dnsMatcher,
  dnsNameMatches,
  isDnsName,
  normalizeNames,
  otherNameParts,
  type SubjectNames,
} from './names.ts'
export {
  encodeCertificates,
  type ParsedCertificate,
  parseCertificate,
  parseCertificates,
} from './parsed-certificate.ts'
export { type ParsedCrl, parseCrl } from './parsed-crl.ts'
export type { CaProfile, CaTraits, CertificateProfile } from './profile.ts'
export { backdateMs, fraction, type RenewalInput, type RenewalTime, renewalTime } from './renewal.ts'
export { type IssuerIdentity, newSerialNumber, signCertificate, signRoot, signSubordinate } from './sign.ts'
export type { SignatureAlgorithm } from './signature-algorithm.ts'
export { keySigner, type Signer } from './signer.ts'
export type { Subject } from './subject-attribute.ts'
export { type Usage, unfitUsages } from './usage.ts'
