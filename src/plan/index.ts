/** The decisions: what to do about an object, as pure functions of the world and the time. */
export { type Applied, encodeApplied, parseApplied } from './applied.ts'
export { activatesAtOnce, type CaPlan, type CreateCaPlan } from './authority/ca.ts'
export { defaultAmong } from './authority/default-authority.ts'
export { caSpecHash, lastActiveOf, trustHash } from './authority/generations.ts'
export { type IssuerChoice, issuerOf, ofGeneration } from './authority/issuer-of.ts'
export { longestIssued } from './authority/longest-issued.ts'
export {
  bundleName,
  caNotAfter,
  caRequestSecretName,
  caSecretName,
  caSecretPrefix,
  isCaSecretName,
  parentKeyOf,
  sourceKeyOf,
} from './authority/names.ts'
export { type AuthorityPlan, planAuthority } from './authority/plan.ts'
export { whyNotReady } from './authority/readiness.ts'
export { authorityStatus } from './authority/status.ts'
export type {
  AuthorityWorld,
  BundleView,
  CaView,
  CaWorld,
  GenerationView,
  HeldCa,
  ParentView,
  RequestView,
  Root,
  SourceView,
} from './authority/world.ts'
export { type Backup, encodeBackup, parseBackup, type SavedSecret, savedMark } from './backup/backup.ts'
export { readCaSecret } from './backup/ca-secret.ts'
export { differencesOf, type RestoreStep, relocated, restoreAuthority, restoreSecret } from './backup/restore.ts'
export type { AdoptPlan } from './certificate/adoption.ts'
export type { ReleasePlan } from './certificate/deletion.ts'
export { earlierRevision } from './certificate/earlier-revisions.ts'
export { identityMarks } from './certificate/identity-marks.ts'
export type { IssuePlan } from './certificate/issue-plan.ts'
export { authorityKeyOf, secretNameOf } from './certificate/names.ts'
export {
  encodeJournal,
  isHandle,
  isPollDue,
  type OrderEnd,
  openOrder,
  orderedBy,
  orderedHash,
  orderSecretName,
  pollAtOf,
} from './certificate/order.ts'
export type { OrderJournal } from './certificate/order-journal.ts'
export {
  generatedPasswordKey,
  needsGeneratedPassword,
  outputsHash,
  outputsMark,
} from './certificate/outputs.ts'
export { type CertificatePlan, planCertificate } from './certificate/plan.ts'
export { type CertificateRequest, certificateRequest, type KeyLimits, requestHash } from './certificate/request.ts'
export { attemptsOf, issuanceBackoff, refusalOf, retryAt } from './certificate/retry.ts'
export { type RevokePlan, revocationAt, revokedBefore } from './certificate/revocation.ts'
export {
  certificateKeys,
  isUnanswered,
  needsPasswords,
  planRefresh,
  type RefreshPlan,
  secretTypeFor,
  staleMarks,
} from './certificate/secret-content.ts'
export { type Claims, holderOf, whyInTheWay } from './certificate/secret-owner.ts'
export { viewOfSecret, viewWithoutReading } from './certificate/secret-view.ts'
export { type CertificateOutcome, certificateStatus } from './certificate/status.ts'
export { reminderAt } from './certificate/warning.ts'
export type {
  AuthorityView,
  CertificateWorld,
  EarlierRevision,
  FailedAttempt,
  HeldCertificate,
  OpenOrder,
  OwnCertificate,
  PasswordVersions,
  ReadSecret,
  RevocationView,
  SecretView,
  Wanted,
} from './certificate/world.ts'
export type { Cause } from './condition.ts'
export { mayBeParent, mayRefer } from './consent.ts'
export { crlGenerations } from './crl/generations.ts'
export { crlName } from './crl/names.ts'
export { type CrlEntry, type CrlPlan, type CrlView, type CrlWorld, crlEntriesMax, planCrl } from './crl/plan.ts'
export { type DueRevocation, dueRevocations, unknownSerials } from './crl/revocations.ts'
export { derivedName } from './derived-name.ts'
export { checkPolicies, type PolicyFinding, policyFlaws } from './policy/index.ts'
export { boundedEntry, parseRegisterEntry } from './register/bounded-entry.ts'
export type { RegisterEntry, Revoked } from './register/entry.ts'
export { entriesOfAuthority, entriesOfCertificate } from './register/rebuild.ts'
export { type Registered, type RegisterQuery, searchRegister } from './register/search.ts'
export { decodeShard, encodeShard, shardEntriesMax, shardFor } from './register/shard.ts'
export { isExpired, liveUntil, unexpired } from './register/validity.ts'
