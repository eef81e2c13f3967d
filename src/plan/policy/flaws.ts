import type { AuthoritySpec, KeyAlgorithm, PolicyRule } from '#api'
import { listInWords } from '#base'
import { reservedExtension } from '#pki'
import { isWithin, patternsMeet } from './dns-pattern.ts'
import { isEmailPattern } from './email-pattern.ts'
import { firstFew } from './few.ts'
import { hasNamespace } from './namespace-pattern.ts'
import { isPublicAlgorithm, isPublicUsage } from './public-trust.ts'
import { isInternalPattern, isReservedRange } from './reserved.ts'
import { isUriPattern } from './uri-pattern.ts'

const largestKey: Readonly<Record<KeyAlgorithm, number>> = { ECDSA: 521, RSA: 8192, Ed25519: 255, 'ML-DSA': 87 }

/**
 * What of a policy can never permit anything, a sentence each that begins with the rule: `rules[1] can never match:`
 * and why. Says nothing where it depends on what is not known here, such as the labels of namespaces.
 * @param namespace of the Authority; without it nothing is said of the rules' namespaces
 */
export function policyFlaws(spec: AuthoritySpec, namespace?: string): string[] {
  const { rules = [], auditRules = [] } = spec.policy ?? {}
  const flawsIn = (list: string, of: readonly PolicyRule[]): string[] =>
    of.flatMap((rule, index) => ruleFlaws(rule, spec, namespace).map((flaw) => `${list}[${index}]${flaw}`))
  return [...flawsIn('rules', rules), ...flawsIn('auditRules', auditRules)]
}

function ruleFlaws(rule: PolicyRule, spec: AuthoritySpec, namespace: string | undefined): string[] {
  const hopeless = [
    emptyFlaw(rule),
    scopeFlaw(rule, spec, namespace),
    namesFlaw(rule, spec),
    keysFlaw(rule, spec),
    usagesFlaw(rule, spec),
  ].filter((flaw) => flaw !== undefined)
  return [
    ...hopeless.map((flaw) => ` can never match: ${flaw}`),
    ...unusablePatterns(rule),
    ...impossibleKeys(rule),
    ...impossibleExtensions(rule),
    ...deniedDefaults(rule, spec),
  ]
}

function emptyFlaw(rule: PolicyRule): string | undefined {
  const empty = (['namespaces', 'keys', 'usages'] as const).find((list) => rule[list]?.length === 0)
  return empty && `${empty} is empty, which permits none: leave it out to permit all`
}

function scopeFlaw(
  { namespaces = [] }: PolicyRule,
  { allowedNamespaces }: AuthoritySpec,
  own: string | undefined,
): string | undefined {
  if (namespaces.length === 0 || own === undefined || (allowedNamespaces?.from ?? 'Same') !== 'Same') return undefined
  if (namespaces.includes(own)) return undefined
  return `it is for ${listInWords(firstFew(namespaces))}, but only namespace ${own} may use this Authority`
}

/** Why no certificate can have a name that the rule permits: each name that it lists is out of reach. */
function namesFlaw({ names = {}, commonNames = [] }: PolicyRule, spec: AuthoritySpec): string | undefined {
  const { dns = [], ipRanges = [], uris = [], emails = [], otherNames = [], registeredIDs = [] } = names
  const unlessPublic = (reason: string): string | undefined => (spec.publicTrust ? reason : undefined)
  const reasons = [
    ...dns.map((pattern) => dnsObstacle(pattern, spec)),
    ...ipRanges.map((range) => (isReservedRange(range) ? unlessPublic(`${range} is reserved`) : undefined)),
    ...uris.map((uri) => (isUriPattern(uri) ? unlessPublic(`URI ${uri} is not for servers`) : `${uri} is no pattern`)),
    ...emails.map((email) =>
      isEmailPattern(email) ? unlessPublic(`${email} is not for servers`) : `${email} is no pattern`,
    ),
    ...otherNames.map(({ oid, values }) =>
      values.length === 0 ? `${oid} has no values` : unlessPublic(`other name ${oid} is not for servers`),
    ),
    ...registeredIDs.map((id) => unlessPublic(`registered ID ${id} is not for servers`)),
    ...commonNames.map((text) => unlessPublic(`common name ${text} is neither a DNS name nor an address`)),
  ]
  if (reasons.length === 0) return 'it lists no names'
  const obstacles = reasons.filter((reason) => reason !== undefined)
  return obstacles.length < reasons.length ? undefined : firstFew(obstacles).join('; ')
}

/** Why no name of a DNS pattern can be issued. */
function dnsObstacle(pattern: string, { policy, publicTrust, internal }: AuthoritySpec): string | undefined {
  const isLiteral = !pattern.includes('*') && !hasNamespace(pattern)
  const guard = isLiteral ? undefined : policy?.sensitiveNames?.find((sensitive) => isWithin(pattern, sensitive))
  if (guard !== undefined) return `${pattern} is within the sensitive ${guard}, which only a name without * permits`
  if (publicTrust && isInternalPattern(pattern)) return `${pattern} is internal, which public trust denies`
  const { permitted, excluded } = internal?.nameConstraints ?? {}
  if (permitted?.dnsDomains && !patternsOf(permitted.dnsDomains).some((domain) => patternsMeet(pattern, domain))) {
    return `${pattern} has no name within nameConstraints.permitted`
  }
  const isExcluded = patternsOf(excluded?.dnsDomains ?? []).some((domain) => isWithin(pattern, domain))
  return isExcluded ? `${pattern} is within nameConstraints.excluded` : undefined
}

/** The names of DNS domains as patterns: a domain with all below it; with a leading dot only what is below. */
const patternsOf = (domains: readonly string[]): string[] =>
  domains.flatMap((domain) => (domain.startsWith('.') ? [`**${domain}`] : [domain, `**.${domain}`]))

function keysFlaw({ keys = [] }: PolicyRule, { publicTrust }: AuthoritySpec): string | undefined {
  if (keys.length === 0) return undefined
  if (keys.every(isImpossible)) return 'no key is as large as it demands'
  const isDenied = publicTrust === true && keys.every((key) => !isPublicAlgorithm(key.algorithm))
  return isDenied ? 'public trust denies the keys that it permits' : undefined
}

function usagesFlaw({ usages = [] }: PolicyRule, { publicTrust }: AuthoritySpec): string | undefined {
  if (usages.length === 0 || !publicTrust || usages.some(isPublicUsage)) return undefined
  return `public trust denies ${listInWords(usages)}, and it permits no other usage`
}

type PermittedKey = NonNullable<PolicyRule['keys']>[number]

const isImpossible = ({ algorithm, minSize = 0 }: PermittedKey): boolean => minSize > largestKey[algorithm]

const impossibleKeys = ({ keys = [] }: PolicyRule): string[] =>
  keys.flatMap((key, index) => {
    const { algorithm, minSize } = key
    if (!isImpossible(key)) return []
    return [`.keys[${index}] permits no key: ${algorithm} has none of ${minSize}, at most ${largestKey[algorithm]}`]
  })

const impossibleExtensions = ({ extensions = [] }: PolicyRule): string[] =>
  extensions.flatMap((oid) => {
    const why = reservedExtension(oid)
    return why === undefined ? [] : [`.extensions ${oid} permits nothing: ${why}`]
  })

function unusablePatterns({ names = {} }: PolicyRule): string[] {
  const advice = '* stands for a whole segment of a path or a whole local part only'
  return [
    ...(names.uris ?? []).filter((uri) => !isUriPattern(uri)).map((uri) => `.names.uris ${uri}`),
    ...(names.emails ?? []).filter((email) => !isEmailPattern(email)).map((email) => `.names.emails ${email}`),
  ].map((what) => `${what} permits nothing: ${advice}`)
}

/** Attributes that the Authority's own defaults give to nearly every request, and that the rule permits in none. */
function deniedDefaults({ subject: permitted = {} }: PolicyRule, { defaults }: AuthoritySpec): string[] {
  const { serialNumber, ...lists } = defaults?.subject ?? {}
  const given = { ...lists, serialNumbers: serialNumber === undefined ? [] : [serialNumber] }
  return Object.entries(given).flatMap(([list, values = []]) => {
    const isPermitted = (permitted[list as keyof typeof permitted] ?? []).length > 0
    return values.length === 0 || isPermitted ? [] : [`.subject permits no ${list}, but defaults.subject fills them in`]
  })
}
