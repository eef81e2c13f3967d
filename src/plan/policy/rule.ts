import type { PolicyRule } from '#api'
import { durationInWords, isFailure, listInWords, parseDuration } from '#base'
import { dnsLabels, dnsMatcher, ipInRange, otherNameParts } from '#pki'
import type { CertificateRequest } from '../certificate/request.ts'
import { selectorMatches } from '../consent.ts'
import { textCommonName } from './common-name.ts'
import { patternsMeet } from './dns-pattern.ts'
import { emailMatches } from './email-pattern.ts'
import { firstFew } from './few.ts'
import { inNamespace } from './namespace-pattern.ts'
import { textMatches } from './text-pattern.ts'
import { uriMatches } from './uri-pattern.ts'

/** Who asks. */
export interface Requester {
  readonly namespace: string
  /** Labels of the namespace; while they are not known no selector matches. */
  readonly labels: Readonly<Record<string, string>> | undefined
}

/** What is asked and by whom, with what is the same for all rules. */
export interface Question {
  readonly request: CertificateRequest
  readonly requester: Requester
  /** The DNS names of the request, with their labels. */
  readonly dnsNames: readonly DnsName[]
}

interface DnsName {
  readonly name: string
  readonly labels: readonly string[]
  /** The pattern that makes it sensitive. */
  readonly guard: string | undefined
}

/** Names, and patterns of an Authority, may be many: whatever does not depend on the rule is found once. */
export function questionOf(
  request: CertificateRequest,
  requester: Requester,
  sensitiveNames: readonly string[],
): Question {
  const sensitive = inNamespace(sensitiveNames, requester.namespace)
  const dnsNames = request.names.dnsNames.map((name) => ({
    name,
    labels: dnsLabels(name),
    guard: sensitive.find((pattern) => patternsMeet(pattern, name)),
  }))
  return { request, requester, dnsNames }
}

/** Whether a rule is for certificates of the requester's namespace. */
export function isFor({ namespaces, namespaceSelector }: PolicyRule, { namespace, labels }: Requester): boolean {
  if (namespaces !== undefined && !namespaces.includes(namespace)) return false
  return namespaceSelector === undefined || (labels !== undefined && selectorMatches(namespaceSelector, labels))
}

/** Every reason why a rule does not permit a request; none when it permits the whole of it. */
export interface RuleDenials {
  readonly ofNames: readonly string[]
  readonly ofOthers: readonly string[]
}

export function ruleDenials(rule: PolicyRule, question: Question): RuleDenials {
  const { request } = question
  return {
    ofNames: [...dnsDenials(rule, question), ...nameDenials(rule, question)],
    ofOthers: [...subjectDenials(rule, request), ...keyDenials(rule, request), ...otherDenials(rule, request)],
  }
}

function dnsDenials(rule: PolicyRule, { requester, dnsNames }: Question): string[] {
  const listed = rule.names?.dns ?? []
  const patterns = inNamespace(listed, requester.namespace)
  // As they are listed: a {namespace} that is not replaced matches no name.
  const literals = listed.filter((pattern) => !pattern.includes('*'))
  const matchers = patterns.map(dnsMatcher)
  return dnsNames.flatMap(({ name, labels, guard }) => {
    if (guard === undefined) {
      return unpermitted('DNS name', [name], () => matchers.some((matches) => matches(labels)), patterns)
    }
    if (literals.some((literal) => dnsMatcher(literal)(labels))) return []
    return name.startsWith('*')
      ? [`DNS name ${name} is not permitted: it stands for ${guard} too, which is sensitive`]
      : [`DNS name ${name} is sensitive (${guard}): only a rule that lists it as it is permits it`]
  })
}

function nameDenials({ names = {}, commonNames = [] }: PolicyRule, { request, requester }: Question): string[] {
  const { ipAddresses, uris, emailAddresses, otherNames, registeredIDs } = request.names
  const { registeredIDs: permittedIDs = [] } = names
  const ranges = names.ipRanges ?? []
  const uriPatterns = inNamespace(names.uris ?? [], requester.namespace)
  const emailPatterns = inNamespace(names.emails ?? [], requester.namespace)
  const text = textCommonName(request)
  return [
    ...unpermitted('IP address', ipAddresses, (ip) => ranges.some((range) => isInRange(ip, range)), ranges),
    ...unpermitted('URI', uris, (uri) => uriPatterns.some((each) => uriMatches(each, uri)), uriPatterns),
    ...unpermitted(
      'e-mail address',
      emailAddresses,
      (mailbox) => emailPatterns.some((each) => emailMatches(each, mailbox)),
      emailPatterns,
    ),
    ...otherNameDenials(names, otherNames),
    ...unpermitted('registered ID', registeredIDs, (id) => permittedIDs.includes(id), permittedIDs),
    ...unpermittedTexts('common name', text === undefined ? [] : [text], commonNames),
  ]
}

function otherNameDenials({ otherNames: permitted = [] }: Names, otherNames: readonly string[]): string[] {
  const isPermitted = (name: string): boolean => {
    const { oid, text } = otherNameParts(name)
    return permitted.some((each) => each.oid === oid && each.values.some((pattern) => textMatches(pattern, text)))
  }
  const patterns = permitted.flatMap(({ oid, values }) => values.map((value) => `${oid}=${value}`))
  return unpermitted('other name', otherNames, isPermitted, patterns)
}

type Names = NonNullable<PolicyRule['names']>

/** A range that is none permits nothing: one mistyped line of a policy must not stop what the others decide. */
function isInRange(ip: string, range: string): boolean {
  try {
    return ipInRange(ip, range)
  } catch (error) {
    if (isFailure(error)) return false
    throw error
  }
}

/** Attributes of a subject, as people and as rules call them. */
const attributes = [
  ['organization', 'organizations'],
  ['organizational unit', 'organizationalUnits'],
  ['country', 'countries'],
  ['locality', 'localities'],
  ['province', 'provinces'],
  ['street address', 'streetAddresses'],
  ['postal code', 'postalCodes'],
] as const

function subjectDenials({ subject: permitted = {} }: PolicyRule, request: CertificateRequest): string[] {
  const { subject, otherAttributes } = request
  const { serialNumber } = subject
  return [
    ...otherAttributes.map((each) => `attribute ${each} of the subject is not permitted (a rule has no field for it)`),
    ...attributes.flatMap(([what, list]) => unpermittedTexts(what, subject[list] ?? [], permitted[list] ?? [])),
    ...unpermittedTexts(
      'serial number of the subject',
      serialNumber === undefined ? [] : [serialNumber],
      permitted.serialNumbers ?? [],
    ),
  ]
}

function keyDenials({ keys }: PolicyRule, { key }: CertificateRequest): string[] {
  if (!keys) return []
  const permitted = keys.map(({ algorithm, minSize }) => (minSize ? `${algorithm} from ${minSize}` : algorithm))
  const isPermitted = keys.some(({ algorithm, minSize = 0 }) => algorithm === key.algorithm && key.size >= minSize)
  return unpermitted('key', [`${key.algorithm} ${key.size}`], () => isPermitted, permitted)
}

function otherDenials(rule: PolicyRule, request: CertificateRequest): string[] {
  const { usages, extensions = [], maxDuration, requireOwner } = rule
  const { customExtensions, durationMs, notAfter, owner } = request
  const longestMs = maxDuration === undefined ? Number.POSITIVE_INFINITY : parseDuration(maxDuration)
  // Not how far: what is left of a fixed end is another length each time.
  const length = notAfter === undefined ? `duration ${durationInWords(durationMs)}` : 'the time left until notAfter'
  return [
    ...(usages ? unpermitted('usage', request.usages, (usage) => usages.some((each) => each === usage), usages) : []),
    ...unpermitted(
      'extension',
      customExtensions.map(({ oid }) => oid),
      (oid) => extensions.includes(oid),
      extensions,
    ),
    ...(durationMs > longestMs ? [`${length} is longer than the permitted ${durationInWords(longestMs)}`] : []),
    ...(requireOwner && owner === undefined ? ['the certificate names no owner: set spec.owner'] : []),
  ]
}

const unpermittedTexts = (what: string, texts: readonly string[], patterns: readonly string[]): string[] =>
  unpermitted(what, texts, (text) => patterns.some((pattern) => textMatches(pattern, text)), patterns)

function unpermitted(
  what: string,
  values: readonly string[],
  isPermitted: (value: string) => boolean,
  permitted: readonly string[],
): string[] {
  const scope = permitted.length > 0 ? `permitted: ${listInWords(firstFew(permitted))}` : 'none is permitted'
  return values.filter((value) => !isPermitted(value)).map((value) => `${what} ${value} is not permitted (${scope})`)
}
