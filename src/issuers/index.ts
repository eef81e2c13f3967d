/** The issuers: the contract that each fulfils, the registry, and those that come with Sifaka. */
export type {
  EndEntityRequest,
  IssuedCertificate,
  Issuer,
  IssuerPlugin,
  IssuerTools,
  SubordinateRequest,
} from './contract.ts'
export { internalIssuer } from './internal/plugin.ts'
export { createIssuerRegistry, type IssuerRegistry } from './registry.ts'
