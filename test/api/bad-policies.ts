import {
  badCertificateKey,
  badDuration,
  badEmail,
  badEnum,
  badInteger,
  badList,
  badRenewal,
  badSelector,
  badSubject,
  badTexts,
  badUsages,
  emptyList,
  emptyText,
  item,
  member,
  type Place,
  tooLong,
} from './bad-parts.ts'
import { invalid, namespaceName, objectIdentifier, outOfBounds, renewsTooEarly, tooMany } from './errors.ts'
import type { BadSpec } from './manifest.ts'

/** A policy that permits every DNS name. */
export const rules = [{ names: { dns: ['**'] } }]

const withPolicy = (policy: unknown): object => ({ internal: {}, policy })

const dnsPattern = 'must be a DNS pattern of whole labels, such as *.example.com, **.example.com or *.{namespace}.svc'
export const ipRange =
  'must be a CIDR range such as 10.0.0.0/8 or fd00::/8, no bits set behind the prefix; one address is 10.0.0.1/32'
const uriPattern = 'must be a URI pattern such as spiffe://example.org/ns/{namespace}/sa/* or spiffe://example.org/**'
const emailPattern = 'must be an e-mail pattern such as *@example.com'
const namesNothing =
  'a rule permits the names that it lists and no others: set names.dns, names.ipRanges, names.uris, names.emails, ' +
  'names.otherNames, names.registeredIDs or commonNames'

const badTextPatterns = (place: Place, most: number): BadSpec[] => [emptyText(item(place)), tooLong(place, most)]

/** A list of rules: each permits something if it is good. */
function badRules(list: 'rules' | 'auditRules'): BadSpec[] {
  const path = `spec.policy.${list}`
  const specWith = (part: unknown): object => withPolicy({ rules, [list]: part })
  const rule: Place = { path: `${path}[0]`, specWith: (part) => specWith([part]) }
  const more = (name: string): Place => member(rule, name, rules[0])
  const name = (kind: string): Place => member(member(rule, 'names'), kind)
  const otherName = item(name('otherNames'))
  const key = (field: string, others: object): Place => {
    return member(item(more('keys')), field, others)
  }
  return [
    { name: `${list}: none`, spec: specWith([]), error: outOfBounds(path, 0, 'have at least 1 items') },
    { name: `${list}: 33`, spec: specWith(Array(33).fill(rules[0])), error: tooMany(path, 33, 32) },
    ...[{ maxDuration: '1h' }, { names: {} }, { names: { dns: [], ipRanges: [], uris: [] }, commonNames: [] }].map(
      (part) => ({
        name: `${list}: ${JSON.stringify(part)}`,
        spec: rule.specWith(part),
        error: `${rule.path}: Invalid value: ${namesNothing}`,
      }),
    ),
    ...badList(name('dns'), dnsPattern, 64, 'a#', '', 'a.**', '***', 'w*.example.com', '**.**.com'),
    ...badTexts(item(name('dns')), dnsPattern, ...['{ns}.example.com', 'example.com.', 'a b']),
    ...badList(name('ipRanges'), ipRange, 64, '10.0.#.0/24', '10.0.0.1', '10.0.0.0/33', '10.0.0.1/8', 'host', ''),
    ...badList(name('uris'), uriPattern, 64, 'urn:#', 'example.com/*', '//example.com/a', 'urn: a', ''),
    ...badList(name('emails'), emailPattern, 64, 'a#@example.com', '*', 'a@b@c', '@a', '*@w*.example.com', ''),
    ...badTexts(member(otherName, 'oid', { values: ['*'] }), objectIdentifier, 'upn', '1.2', ''),
    {
      name: `${list}: other names of no kind`,
      spec: otherName.specWith({ values: ['*'] }),
      error: `${otherName.path}.oid: Required value`,
    },
    {
      name: `${list}: other names without values`,
      spec: otherName.specWith({ oid: '1.2.3' }),
      error: `${otherName.path}.values: Required value`,
    },
    emptyList(member(otherName, 'values', { oid: '1.2.3' })),
    ...badTextPatterns(member(otherName, 'values', { oid: '1.2.3' }), 16),
    {
      name: `${list}: other names of 17 kinds`,
      spec: name('otherNames').specWith(Array(17).fill({ oid: '1.2.3', values: ['*'] })),
      error: tooMany(`${rule.path}.names.otherNames`, 17, 16),
    },
    ...badList(name('registeredIDs'), objectIdentifier, 16, '1.2.#', 'a', '1.2', ''),
    ...badList(more('extensions'), objectIdentifier, 16, '1.2.#', 'a', '*', ''),
    ...badList(more('namespaces'), namespaceName, 64, 'a#', 'Team', 'a.b', '*', ''),
    emptyList(more('namespaces')),
    ...badSelector(more('namespaceSelector')),
    ...badTextPatterns(member(rule, 'commonNames'), 64),
    ...['organizations', 'organizationalUnits', 'countries', 'localities', 'provinces']
      .concat('streetAddresses', 'postalCodes', 'serialNumbers')
      .flatMap((attribute) => badTextPatterns(member(more('subject'), attribute), 16)),
    badEnum(key('algorithm', {}), 'DSA', 'ECDSA', 'RSA', 'Ed25519', 'ML-DSA'),
    ...badInteger(key('minSize', { algorithm: 'RSA' }), 1, 8192),
    {
      name: `${list}: any key`,
      spec: more('keys').specWith([{}]),
      error: `${rule.path}.keys[0].algorithm: Required value`,
    },
    emptyList(more('keys')),
    {
      name: `${list}: nine keys`,
      spec: more('keys').specWith(Array(9).fill({ algorithm: 'RSA' })),
      error: tooMany(`${rule.path}.keys`, 9, 8),
    },
    ...badUsages(more('usages')),
    ...badDuration(more('maxDuration'), '1m', '59s'),
  ]
}

export const badPolicies: readonly BadSpec[] = [
  { name: 'policy: no rules', spec: withPolicy({}), error: 'spec.policy.rules: Required value' },
  {
    name: 'policy: only rules on trial',
    spec: withPolicy({ auditRules: rules }),
    error: 'spec.policy.rules: Required value',
  },
  ...badRules('rules'),
  ...badRules('auditRules'),
  ...badList(
    { path: 'spec.policy.sensitiveNames', specWith: (part) => withPolicy({ rules, sensitiveNames: part }) },
    dnsPattern,
    64,
    'a#',
    ...['', 'a.**', 'example.com.'],
  ),
]

const defaults: Place = { path: 'spec.defaults', specWith: (part) => ({ internal: {}, defaults: part }) }

export const badDefaults: readonly BadSpec[] = [
  ...badSubject(member(defaults, 'subject')),
  ...badCertificateKey(member(defaults, 'privateKey')),
  ...badDuration(member(defaults, 'duration'), '1m', '59s999ms'),
  ...badUsages(member(defaults, 'usages')),
  ...badRenewal(member(defaults, 'renewal')),
  badEmail(member(defaults, 'owner')),
  {
    name: 'defaults: renewed before they are issued',
    spec: defaults.specWith({ duration: '24h', renewal: { before: '24h' } }),
    error: `spec.defaults.renewal.before: ${renewsTooEarly}`,
  },
  {
    name: 'defaults: a wrong duration, which is not compared',
    spec: defaults.specWith({ duration: '1d', renewal: { before: '24h' } }),
    error: invalid(
      'spec.defaults.duration',
      '1d',
      'must be a duration of at least 1m in h, m and s, such as 2160h (90 days) or 1h30m',
    ),
  },
]
