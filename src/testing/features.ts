import assert from 'node:assert/strict'
import { isDeepStrictEqual } from 'node:util'
import { type DecidedField, type IssuedCertificate, type IssuerFeature, refusals } from '#issuers'
import {
  type CustomExtension,
  type KeyAlgorithm,
  type KeySpec,
  keySatisfies,
  normalizeNames,
  type ParsedCertificate,
  type SubjectNames,
  type Usage,
} from '#pki'
import { assertAccepted, assertFailure, type Change, obtain, wish } from './obtain.ts'
import type { Context, Tests, Trial } from './trial.ts'

/** A feature that requests can need: one that does, and whether a certificate has it. */
interface FeatureCase {
  readonly feature: IssuerFeature
  readonly title: string
  readonly change: Change
  has(certificate: ParsedCertificate): boolean
  /** The field that it is about, where an issuer can decide it. */
  readonly field?: DecidedField
}

const keySizes: Readonly<Record<KeyAlgorithm, readonly number[]>> = {
  ECDSA: [256, 384, 521],
  RSA: [2048, 3072],
  Ed25519: [255],
  'ML-DSA': [44, 65, 87],
}

const keyCases = (Object.keys(keySizes) as KeyAlgorithm[]).flatMap((algorithm) =>
  keySizes[algorithm].map((size): FeatureCase => {
    const key: KeySpec = { algorithm, size }
    return {
      feature: algorithm,
      title: `a key of ${algorithm} ${size}`,
      change: { key },
      has: ({ publicKey }) => keySatisfies(publicKey, key),
    }
  }),
)

const nameCase = (feature: IssuerFeature, wanted: Partial<SubjectNames>): FeatureCase => {
  const names = normalizeNames(wanted)
  return {
    feature,
    title: feature,
    change: { names },
    has: (certificate) => JSON.stringify(certificate.names) === JSON.stringify(names),
  }
}

const usageNames: Readonly<Record<Usage, true>> = {
  digitalSignature: true,
  contentCommitment: true,
  keyEncipherment: true,
  dataEncipherment: true,
  keyAgreement: true,
  serverAuth: true,
  clientAuth: true,
  codeSigning: true,
  emailProtection: true,
  timeStamping: true,
}

const usageCase = (usage: Usage): FeatureCase => ({
  feature: usage,
  title: `the usage ${usage}`,
  change: { usages: [usage] },
  has: ({ usages }) => usages.length === 1 && usages[0] === usage,
  field: 'usages',
})

/** A subject whose attributes stand in no order of their own. */
const literalSubject = 'O=Example,OU=Shop,DC=example,DC=com'

/** An extension of nobody: the number is kept for examples (RFC 5612). */
const custom: CustomExtension = {
  oid: '1.3.6.1.4.1.32473.1',
  critical: false,
  value: Uint8Array.of(0x0c, 0x02, 0x68, 0x69),
}

/** Every feature that a request can need. */
export const featureCases: readonly FeatureCase[] = [
  ...keyCases,
  nameCase('dnsNames', { dnsNames: ['example.com', 'a.b.example.org'] }),
  nameCase('wildcards', { dnsNames: ['*.example.com'] }),
  nameCase('ipAddresses', { ipAddresses: ['192.0.2.1', '2001:db8::1'] }),
  nameCase('uris', { uris: ['spiffe://example.org/web'] }),
  nameCase('emailAddresses', { emailAddresses: ['web@example.com'] }),
  nameCase('otherNames', { otherNames: ['1.3.6.1.4.1.311.20.2.3=web@example.com'] }),
  nameCase('registeredIDs', { registeredIDs: ['1.3.6.1.4.1.32473.2'] }),
  {
    feature: 'commonName',
    title: 'a common name',
    change: { commonName: 'www.example.com' },
    has: ({ commonName }) => commonName === 'www.example.com',
    field: 'commonName',
  },
  {
    feature: 'subject',
    title: 'a subject',
    change: { subject: { organizations: ['Example'], countries: ['DE'] } },
    has: ({ subject }) => subject.includes('O=Example') && subject.includes('C=DE'),
    field: 'subject',
  },
  {
    feature: 'mustStaple',
    title: 'must-staple',
    change: { mustStaple: true },
    has: (certificate) => certificate.mustStaple,
  },
  {
    feature: 'literalSubject',
    title: 'a subject whose order counts',
    change: { commonName: undefined, literalSubject },
    has: ({ subject }) => subject === literalSubject,
    field: 'subject',
  },
  {
    feature: 'customExtensions',
    title: 'an extension of nobody',
    change: { customExtensions: [custom] },
    has: ({ customExtensions }) => customExtensions.some((each) => isDeepStrictEqual(each, custom)),
  },
  {
    feature: 'isCA',
    title: 'the certificate of a CA',
    change: {
      commonName: 'Team CA',
      names: normalizeNames({}),
      usages: [],
      ca: { pathLength: 0, nameConstraints: { permitted: { dnsDomains: ['example.com'] } } },
    },
    has: ({ isCA }) => isCA,
  },
  ...(Object.keys(usageNames) as Usage[]).map(usageCase),
]

export const featureTests: Tests = Object.fromEntries(
  featureCases.map((each) => [
    `${each.title}, unless it is declared unsupported`,
    (trial, context) => checkFeature(each, trial, context),
  ]),
)

/** A feature works exactly when it is not declared unsupported. */
async function checkFeature(each: FeatureCase, trial: Trial, context: Context): Promise<void> {
  const { decides, unsupported } = trial.description
  const why = unsupported[each.feature]
  if (why !== undefined) {
    context.diagnostic(`declared unsupported: ${why}`)
    await checkUnsupported(each, trial)
    return
  }
  const { request, wanted } = await wish(trial, each.change)
  assert.deepEqual(refusals(trial.description, wanted), [])
  const certificate = assertAccepted(trial, request, await obtain(trial, request))
  if (each.field && decides.includes(each.field)) context.diagnostic(`the issuer decides: ${each.field}`)
  else assert.ok(each.has(certificate), `the certificate does not have it: ${certificate.pem}`)
}

/** Sifaka sends no such request; and one that is sent all the same leads to no such certificate. */
async function checkUnsupported(each: FeatureCase, trial: Trial): Promise<void> {
  const { request, wanted } = await wish(trial, each.change)
  assert.ok(refusals(trial.description, wanted).some((line) => line.startsWith(`${each.feature}: `)))
  let issued: IssuedCertificate
  try {
    issued = await obtain(trial, request, 3)
  } catch (error) {
    // An assertion says that the order is still pending: that is no certificate either.
    if (!(error instanceof assert.AssertionError)) assertFailure(trial, error, ['Terminal', 'Retryable'])
    return
  }
  assert.ok(!each.has(issued.certificate), `${each.feature} is declared unsupported, yet it works`)
}
