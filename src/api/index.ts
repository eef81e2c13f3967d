/** The kinds: schemas, types, conditions, reasons, labels. */
export type { Authority, AuthoritySpec, AuthorityStatus, CaGenerationState, InternalSpec } from './authority.ts'
export type { CertificateDefaults, Policy, PolicyRule } from './authority-policy.ts'
export type { Certificate, CertificateSpec, CertificateStatus } from './certificate.ts'
export {
  type Condition,
  type ConditionStatus,
  findCondition,
  isTrue,
  type NewCondition,
  withConditions,
} from './conditions.ts'
export { type CustomResourceDefinition, customResourceDefinition } from './crd.ts'
export { apiVersion, group, version } from './group.ts'
export { authorityKind, certificateKind, type Kind, kinds, type PrinterColumn } from './kind.ts'
export {
  annotations,
  type ConfigMapContent,
  configMapLabel,
  finalizer,
  type SecretContent,
  secretLabel,
} from './labels.ts'
export type { ConfigMap, KubeObject, ObjectMeta, PartialObject, Secret } from './object.ts'
export type { Outputs } from './outputs.ts'
export type { KeyAlgorithm } from './private-key.ts'
export { type Reason, reasons } from './reasons.ts'
export type { AllowedNamespaces, AllowedSubordinates, LabelSelector, Reference } from './reference.ts'
export type { Revocation, RevocationReason } from './revocation.ts'
export type { SecretTemplate } from './secret-template.ts'
export type { StructuralSchema } from './structural-schema.ts'
export type { SubjectSpec } from './subject.ts'
export type { Usage } from './usage.ts'
