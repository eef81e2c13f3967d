import type { Policy, PolicyRule } from '#api'
import type { CertificateRequest } from '../certificate/request.ts'
import { firstFew } from './few.ts'
import { publicTrustDenials } from './public-trust.ts'
import { isFor, type Question, type Requester, ruleDenials } from './rule.ts'

/** What is judged, and by what. */
export interface Case {
  /** Of the Authority; without one every name is permitted. */
  readonly policy: Policy | undefined
  /** Whether the rules of public trust hold too. */
  readonly publicTrust?: boolean | undefined
  readonly request: CertificateRequest
  readonly requester: Requester
}

/** Reasons for people, the first few of them; empty when there are none. */
export interface Verdict {
  /** Why nothing may be signed. */
  readonly denials: readonly string[]
  /** Why the rules on trial would deny it. */
  readonly violations: readonly string[]
}

/**
 * Whether a certificate may be issued. One rule must permit the whole request; when none does, the reasons are those
 * of the rule that came closest. Nothing here depends on the date, so what is permitted stays so.
 */
export function judgeRequest({ policy, publicTrust, request, requester }: Case): Verdict {
  const question = { request, requester, sensitiveNames: policy?.sensitiveNames ?? [] }
  return {
    denials: [
      ...(publicTrust ? firstFew(publicTrustDenials(request)) : []),
      ...(policy ? denialsOf(policy.rules, question) : []),
    ],
    violations: policy?.auditRules ? denialsOf(policy.auditRules, question) : [],
  }
}

function denialsOf(rules: readonly PolicyRule[], question: Question): readonly string[] {
  const { requester } = question
  let closest: readonly string[] | undefined
  for (const rule of rules.filter((each) => isFor(each, requester))) {
    const denials = ruleDenials(rule, question)
    if (denials.length === 0) return []
    if (!closest || denials.length < closest.length) closest = denials
  }
  if (closest) return firstFew(closest)
  return [rules.length === 0 ? 'it has no rules' : `no rule is for namespace ${requester.namespace}`]
}
