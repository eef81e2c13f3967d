/** The kinds: schemas, types, conditions, reasons, labels. */
export type { Authority, AuthoritySpec, AuthorityStatus, PolicyRule } from './authority.ts'
export type { Certificate, CertificateSpec, CertificateStatus, Usage } from './certificate.ts'
export type {
  AllowedNamespaces,
  Condition,
  ConditionStatus,
  KeyAlgorithm,
  LabelSelector,
  Reference,
} from './common.ts'
export { findCondition, isTrue, type NewCondition, withConditions } from './conditions.ts'
export { type CustomResourceDefinition, customResourceDefinition } from './crd.ts'
export { apiVersion, group, version } from './group.ts'
export { authorityKind, certificateKind, type Kind, kinds, type PrinterColumn } from './kind.ts'
export { annotations, type SecretContent, secretLabel } from './labels.ts'
export type { KubeObject, ObjectMeta, PartialObject, Secret } from './object.ts'
export type { Reason } from './reasons.ts'
export type { StructuralSchema } from './structural-schema.ts'
