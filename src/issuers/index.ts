/** The issuers: the contract that each fulfils, the registry, and those that come with Sifaka. */
export type {
  CaChain,
  CrlRequest,
  DecidedField,
  EndEntityRequest,
  IssueAnswer,
  IssuedCertificate,
  Issuer,
  IssuerDescription,
  IssuerFeature,
  IssuerPlugin,
  IssuerTools,
  PendingOrder,
  PollAnswer,
  Quota,
  RevocationRequest,
  SubordinateRequest,
} from './contract.ts'
export { internalIssuer } from './internal/plugin.ts'
export { passedReason, refusals, type WantedCertificate } from './refusals.ts'
export { createIssuerRegistry, type IssuerRegistry } from './registry.ts'
export { endEntityRequest, readCertificates } from './request.ts'
