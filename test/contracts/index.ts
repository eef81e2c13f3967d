/** What every plugin of one kind must do, as tests that each plugin runs. */
export { type IssuerCandidate, type IssuerContract, issuerContract } from './issuer.ts'
