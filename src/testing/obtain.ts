import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { day, isFailure, minute, sleep, systemClock } from '#base'
import {
  type EndEntityRequest,
  endEntityRequest,
  type IssuedCertificate,
  type Issuer,
  type PendingOrder,
  type WantedCertificate,
} from '#issuers'
import {
  accept,
  type CertificateProfile,
  generateKey,
  type KeySpec,
  normalizeNames,
  type SubjectNames,
  type Usage,
  verifyChain,
} from '#pki'
import { opensslVerify } from './openssl.ts'
import type { Trial } from './trial.ts'

export const never = new AbortController().signal

/** What a test wants other than the simplest certificate that the authority can issue. */
export interface Change extends Partial<CertificateProfile> {
  readonly key?: KeySpec
}

/** What is asked for when nothing else is: the first of each list that the authority supports. */
const keys: readonly KeySpec[] = [
  { algorithm: 'ECDSA', size: 256 },
  { algorithm: 'RSA', size: 2048 },
  { algorithm: 'Ed25519', size: 255 },
  { algorithm: 'ML-DSA', size: 65 },
]
const nameKinds: readonly [keyof SubjectNames, string][] = [
  ['dnsNames', 'www.example.com'],
  ['emailAddresses', 'web@example.com'],
  ['uris', 'https://www.example.com/'],
  ['ipAddresses', '192.0.2.1'],
  ['otherNames', '1.3.6.1.4.1.311.20.2.3=web@example.com'],
  ['registeredIDs', '1.3.6.1.4.1.32473.2'],
]
const usages: readonly Usage[] = ['digitalSignature', 'serverAuth']

/** A request, and what of it decides whether it can be served. */
export interface Wish {
  readonly request: EndEntityRequest
  readonly wanted: WantedCertificate
}

/** A request for a new key. */
export async function wish({ description, now }: Trial, change: Change = {}): Promise<Wish> {
  const { unsupported } = description
  const { key = keys.find(({ algorithm }) => !(algorithm in unsupported)) ?? keys[0], ...profile } = change
  assert.ok(key)
  const named = nameKinds.find(([kind]) => !(kind in unsupported))
  const second = Math.floor(now() / 1000) * 1000
  const whole: CertificateProfile = {
    commonName: named ? undefined : 'www.example.com',
    names: normalizeNames(named ? { [named[0]]: [named[1]] } : {}),
    notBefore: second - 5 * minute,
    notAfter: second + 90 * day,
    usages: usages.filter((usage) => !(usage in unsupported)),
    ...profile,
  }
  const request = endEntityRequest(randomUUID(), whole, await generateKey(key))
  return { request, wanted: { keyAlgorithm: key.algorithm, profile: whole } }
}

/** A certificate for the request; an order that is pending is settled and waited for. */
export async function obtain(trial: Trial, request: EndEntityRequest, pollsMax = 50): Promise<IssuedCertificate> {
  const answer = await trial.issuer.issue(request, never)
  if (answer.state === 'issued') return answer
  await settle(trial)
  return waitFor(trial.issuer, answer, request, pollsMax)
}

/** Makes what is pending end in certificates. */
export async function settle({ authority }: Trial): Promise<void> {
  assert.ok(authority.settle, 'an order is pending: the authority of the suite needs settle()')
  await authority.settle()
}

/** Polls as often as the issuer says, but for the sake of the test five times a second at least. */
export async function waitFor(
  issuer: Issuer,
  { handle, afterMs }: PendingOrder,
  request: EndEntityRequest,
  pollsMax = 50,
): Promise<IssuedCertificate> {
  for (let poll = 0; poll < pollsMax; poll++) {
    const answer = await issuer.poll(handle, request, never)
    if (answer.state === 'issued') return answer
    assert.equal(answer.state, 'pending', answer.state === 'gone' ? answer.why : '')
    await sleep(systemClock, Math.min(afterMs, 200))
  }
  return assert.fail(`the order ${handle} is still pending after ${pollsMax} polls`)
}

/**
 * Holds a certificate against its request as Sifaka does before it is used, and has openssl verify it too.
 * @returns the certificate
 */
export function assertAccepted(trial: Trial, { profile, publicKey }: EndEntityRequest, issued: IssuedCertificate) {
  const { certificate, intermediates, roots } = issued
  const at = trial.now()
  const issuerDecides = trial.description.decides.filter((field) => field !== 'subject')
  accept({ profile, publicKey, intermediates, roots, at, issuerDecides }, certificate)
  assertChain(trial, issued)
  return certificate
}

/** The chain leads to a root, has no root in it, and openssl thinks so too. */
export function assertChain(trial: Trial, issued: IssuedCertificate): void {
  const { certificate: leaf, intermediates, roots } = issued
  const path = verifyChain({ leaf, intermediates, roots, at: trial.now() })
  assert.equal(path.length, intermediates.length + 2, 'the intermediates are those of the chain and no others')
  for (const each of intermediates) assert.ok(!roots.some(({ fingerprint }) => fingerprint === each.fingerprint))
  assert.equal(opensslVerify(issued, trial.now()), undefined)
}

/** A promise that ends in a Failure of one of the kinds. */
export async function assertFails(trial: Trial, promise: Promise<unknown>, kinds: readonly string[]): Promise<void> {
  const [outcome] = await Promise.allSettled([promise])
  assert.equal(outcome.status, 'rejected', 'it did not fail')
  if (outcome.status === 'rejected') assertFailure(trial, outcome.reason, kinds)
}

/** A Failure of one of the kinds, that says what it is and nothing secret. */
export function assertFailure(trial: Trial, error: unknown, kinds: readonly string[]): void {
  assert.ok(isFailure(error), `no Failure: ${error}`)
  assert.ok(kinds.includes(error.kind), `${error.kind}, not ${kinds.join(' or ')}: ${error.message}`)
  assert.match(error.reason, /^[A-Z][A-Za-z]+$/)
  assert.notEqual(error.message.trim(), '')
  trial.assertNothingSecret(error.message)
}
