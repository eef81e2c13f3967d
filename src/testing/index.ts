/** The conformance suites: what a plugin of each kind must do, as tests that a plugin package runs by itself. */
export { type TestedIssuer, testIssuer } from './test-issuer.ts'
export type { TestedAuthority } from './trial.ts'
