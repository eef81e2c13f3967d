/** The decisions: what to do about an object, as pure functions of the world and the time. */
export {
  type AuthorityPlan,
  caGeneration,
  caNotAfter,
  caSecretName,
  parentKeyOf,
  planAuthority,
} from './authority/plan.ts'
export { authorityStatus } from './authority/status.ts'
export type { AuthorityWorld, CaView, HeldCa, ParentView } from './authority/world.ts'
export {
  authorityKeyOf,
  type CertificatePlan,
  type Finding,
  type IssuePlan,
  planCertificate,
  secretNameOf,
} from './certificate/plan.ts'
export { type CertificateRequest, certificateRequest, requestHash } from './certificate/request.ts'
export { viewOfSecret, viewWithoutReading } from './certificate/secret-view.ts'
export { type CertificateOutcome, certificateStatus } from './certificate/status.ts'
export type { AuthorityView, CertificateWorld, HeldCertificate, SecretView } from './certificate/world.ts'
export { mayBeParent, mayRefer } from './consent.ts'
