import type { AllowedSubordinates, Policy, PolicyRule } from '#api'
import type { CertificateRequest } from '../certificate/request.ts'
import { mayBeParent } from '../consent.ts'
import { firstFew } from './few.ts'
import { publicTrustDenials } from './public-trust.ts'
import { isFor, type Question, questionOf, type Requester, type RuleDenials, ruleDenials } from './rule.ts'

/** What is judged, and by what. */
export interface Case {
  /** Of the Authority; without one every name is permitted. */
  readonly policy: Policy | undefined
  /** Whether the rules of public trust hold too. */
  readonly publicTrust?: boolean | undefined
  /** Who may have CA certificates: nobody without it. */
  readonly subordinates?: SubordinateGrant | undefined
  readonly request: CertificateRequest
  readonly requester: Requester
}

/** What an Authority says of CAs below it. */
export interface SubordinateGrant {
  /** Namespace of the Authority. */
  readonly namespace: string
  readonly allowed: AllowedSubordinates | undefined
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
export function judgeRequest({ policy, publicTrust, subordinates, request, requester }: Case): Verdict {
  const question = questionOf(request, requester, policy?.sensitiveNames ?? [])
  return {
    denials: [
      ...(publicTrust ? firstFew(publicTrustDenials(request)) : []),
      ...(request.ca && !mayHaveCa(subordinates, requester) ? [caDenial(requester)] : []),
      ...(policy ? denialsOf(policy.rules, question) : []),
    ],
    violations: policy?.auditRules ? denialsOf(policy.auditRules, question) : [],
  }
}

/** A CA signs whatever it likes in the name of the Authority, so it needs the consent that a subordinate needs. */
const mayHaveCa = (grant: SubordinateGrant | undefined, { namespace, labels }: Requester): boolean =>
  grant !== undefined &&
  mayBeParent(
    { metadata: { name: '', namespace: grant.namespace }, allowedSubordinates: grant.allowed },
    { name: namespace, labels },
  )

const caDenial = ({ namespace }: Requester): string =>
  `a CA certificate is not permitted to namespace ${namespace}: only spec.allowedSubordinates of the Authority ` +
  'permits one, by from: Same or by a selector'

function denialsOf(rules: readonly PolicyRule[], question: Question): readonly string[] {
  const { requester } = question
  let closest: RuleDenials | undefined
  for (const rule of rules.filter((each) => isFor(each, requester))) {
    const denials = ruleDenials(rule, question)
    if (countOf(denials) === 0) return []
    if (!closest || isCloser(denials, closest)) closest = denials
  }
  if (closest) return firstFew([...closest.ofNames, ...closest.ofOthers])
  return [rules.length === 0 ? 'it has no rules' : `no rule is for namespace ${requester.namespace}`]
}

const countOf = ({ ofNames, ofOthers }: RuleDenials): number => ofNames.length + ofOthers.length

/** Of two rules that deny the same number of things, the one that permits more of the names is meant. */
const isCloser = (one: RuleDenials, other: RuleDenials): boolean =>
  countOf(one) < countOf(other) || (countOf(one) === countOf(other) && one.ofNames.length < other.ofNames.length)
