import type { AuthoritySpec, PolicyRule } from '#api'
import { formatDuration, isFailure, listInWords, parseDuration } from '#base'
import { dnsNameMatches, ipInRange, isDnsName, isIpAddress } from '#pki'
import type { CertificateRequest } from '../certificate/request.ts'

/** Values that a reason lists; a request may have hundreds of names, and a rule dozens of patterns. */
const listedMax = 5

/**
 * Why a policy denies a request: empty when it is permitted. One rule must permit the whole request; when none does,
 * the reasons of the rule that came closest are given, the first few of them.
 */
export function policyDenials(
  policy: AuthoritySpec['policy'],
  request: CertificateRequest,
  namespace: string,
): readonly string[] {
  if (!policy) return []
  const [first = ['it has no rules'], ...more] = policy.rules.map((rule) => ruleDenials(rule, request, namespace))
  return firstFew(more.reduce((best, denials) => (denials.length < best.length ? denials : best), first))
}

function ruleDenials(rule: PolicyRule, request: CertificateRequest, namespace: string): string[] {
  const denials = nameDenials(rule.names ?? {}, request, namespace)
  if (rule.maxDuration !== undefined && request.durationMs > parseDuration(rule.maxDuration)) {
    denials.push(`duration ${formatDuration(request.durationMs)} is longer than the permitted ${rule.maxDuration}`)
  }
  return denials
}

function nameDenials(
  permitted: NonNullable<PolicyRule['names']>,
  { commonName, names }: CertificateRequest,
  namespace: string,
): string[] {
  const patterns = (permitted.dns ?? []).map((pattern) => pattern.replaceAll('{namespace}', namespace))
  const ranges = permitted.ipRanges ?? []
  const dnsIsPermitted = (name: string): boolean => patterns.some((pattern) => dnsNameMatches(pattern, name))
  const denials = [
    ...unpermitted('DNS name', names.dnsNames, dnsIsPermitted, patterns),
    ...unpermitted('IP address', names.ipAddresses, (ip) => ranges.some((range) => isInRange(ip, range)), ranges),
    ...unpermitted('URI', names.uris, () => false, []),
    ...unpermitted('e-mail address', names.emailAddresses, () => false, []),
  ]
  const isAmongNames = commonName !== undefined && (isAmong(names.dnsNames, commonName) || isIpAddress(commonName))
  if (commonName !== undefined && !isAmongNames) {
    denials.push(...unpermitted('common name', [commonName], dnsIsPermitted, patterns))
  }
  return denials
}

/** Letters outside ASCII are never folded: there is a K that becomes the other one. */
const isAmong = (dnsNames: readonly string[], commonName: string): boolean =>
  isDnsName(commonName) && dnsNames.includes(commonName.toLowerCase())

/** A range that is none permits nothing: one mistyped line of a policy must not stop what the others decide. */
function isInRange(ip: string, range: string): boolean {
  try {
    return ipInRange(ip, range)
  } catch (error) {
    if (isFailure(error)) return false
    throw error
  }
}

function unpermitted(
  what: string,
  values: readonly string[],
  isPermitted: (value: string) => boolean,
  permitted: readonly string[],
): string[] {
  const scope = permitted.length > 0 ? `permitted: ${listInWords(firstFew(permitted))}` : 'none is permitted'
  return values.filter((value) => !isPermitted(value)).map((value) => `${what} ${value} is not permitted (${scope})`)
}

function firstFew(items: readonly string[]): readonly string[] {
  return items.length > listedMax ? [...items.slice(0, listedMax), `${items.length - listedMax} more`] : items
}
