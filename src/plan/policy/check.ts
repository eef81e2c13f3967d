import type { Authority, Certificate } from '#api'
import { type Instant, isFailure, keyOf } from '#base'
import { defaultAmong } from '../authority/default-authority.ts'
import { certificateRequest } from '../certificate/request.ts'
import { wantedLifetime } from '../certificate/validity.ts'
import { mayRefer } from '../consent.ts'
import { judgeRequest, type Verdict } from './judge.ts'
import type { Requester } from './rule.ts'

/** What is in a cluster. */
export interface ClusterObjects {
  readonly authorities: readonly Authority[]
  readonly certificates: readonly Certificate[]
  /** Labels of namespaces by name. */
  readonly namespaces: ReadonlyMap<string, Readonly<Record<string, string>>>
  readonly systemNamespace: string
}

/** A Certificate that could not be renewed as it is, or not once the rules on trial are in force. */
export interface PolicyFinding extends Verdict {
  /** `namespace/name`. */
  readonly authority: string
  readonly certificate: string
}

/**
 * Which Certificates of a cluster some Authorities would deny, or their rules on trial, sorted by name.
 * @param judging the Authorities as they are or shall be; each stands in for the one of its name in the cluster
 * @param at when they would be issued: what has a fixed end is judged by what is left until then
 */
export function checkPolicies(judging: readonly Authority[], cluster: ClusterObjects, at: Instant): PolicyFinding[] {
  const judges = byKey(judging)
  const present = new Map([...byKey(cluster.authorities), ...judges])
  return cluster.certificates
    .flatMap((certificate) => {
      const { namespace = '', name, deletionTimestamp } = certificate.metadata
      const requester = { namespace, labels: cluster.namespaces.get(namespace) }
      const key = inCharge(certificate, present, requester, cluster.systemNamespace)
      const authority = deletionTimestamp === undefined && key !== undefined ? judges.get(key) : undefined
      if (key === undefined || !authority) return []
      const verdict = verdictOn(certificate, authority, requester, at)
      if (verdict.denials.length + verdict.violations.length === 0) return []
      return [{ authority: key, certificate: keyOf({ namespace, name }), ...verdict }]
    })
    .sort((a, b) => compare(a.authority, b.authority) || compare(a.certificate, b.certificate))
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

const keyOfObject = ({ metadata: { namespace = '', name } }: Authority): string => keyOf({ namespace, name })

const byKey = (authorities: readonly Authority[]): Map<string, Authority> =>
  new Map(authorities.map((authority) => [keyOfObject(authority), authority]))

/** The Authority that a Certificate names, or the default that was chosen for it, or else the one that would be. */
function inCharge(
  { spec, status, metadata }: Certificate,
  present: ReadonlyMap<string, Authority>,
  requester: Requester,
  systemNamespace: string,
): string | undefined {
  const { authorityRef } = spec
  if (authorityRef) return keyOf({ ...authorityRef, namespace: authorityRef.namespace ?? metadata.namespace ?? '' })
  if (status?.authority !== undefined && present.has(status.authority)) return status.authority
  const referrer = { name: requester.namespace, labels: requester.labels }
  for (const namespace of new Set([requester.namespace, systemNamespace])) {
    const found = defaultAmong(
      [...present.values()].filter((each) => each.metadata.namespace === namespace),
      referrer,
    )
    if (found) return keyOfObject(found)
  }
  return undefined
}

const isAllowed = ({ metadata, spec }: Authority, { namespace, labels }: Requester): boolean =>
  mayRefer({ metadata, allowedNamespaces: spec.allowedNamespaces }, { name: namespace, labels })

function verdictOn({ spec }: Certificate, authority: Authority, requester: Requester, at: Instant): Verdict {
  if (!isAllowed(authority, requester)) {
    const denial = `namespace ${requester.namespace} may not use this Authority (spec.allowedNamespaces)`
    return { denials: [denial], violations: [] }
  }
  const { policy, publicTrust, defaults, allowedSubordinates: allowed } = authority.spec
  try {
    // Which keys the operator permits is a flag of its own, and no matter of a policy.
    const request = certificateRequest(spec, defaults, { largeRsa: true })
    const subordinates = { namespace: authority.metadata.namespace ?? '', allowed }
    const durationMs = wantedLifetime(request, at)
    return judgeRequest({ policy, publicTrust, subordinates, request: { ...request, durationMs }, requester })
  } catch (error) {
    if (isFailure(error)) return { denials: [error.message], violations: [] }
    throw error
  }
}
