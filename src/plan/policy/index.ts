/** What an Authority permits: judging a request by its rules, and finding flaws in the rules themselves. */
export { checkPolicies, type PolicyFinding } from './check.ts'
export { policyFlaws } from './flaws.ts'
export { judgeRequest } from './judge.ts'
