import assert from 'node:assert/strict'
import type { Certificate } from '#api'
import { classify, day, type Failure, hour, minute, retryable, terminal, waiting } from '#base'
import {
  type CertificateOutcome,
  type CertificateWorld,
  certificateRequest,
  certificateStatus,
  type HeldCertificate,
  outputsHash,
  planCertificate,
  type SecretView,
} from '#plan'
import {
  authorityView,
  certificate,
  certificateWorld,
  checkConditions,
  heldCertificate,
  heldSecret,
  noon,
  secretMetadata,
} from '#test/make'

type Parts = Partial<CertificateWorld>

const absent: Parts = { secret: { state: 'absent' } satisfies SecretView }
const nearItsEnd = { notBefore: noon - 80 * day, notAfter: noon + 10 * day }
const due: Parts = { secret: heldSecret(nearItsEnd) }
const immutable = (held: Partial<HeldCertificate>): SecretView => ({
  state: 'held',
  metadata: secretMetadata(),
  held: heldCertificate(held),
  form: { type: 'kubernetes.io/tls', isImmutable: true },
})
const expired: Parts = { secret: heldSecret({ notBefore: noon - 90 * day, notAfter: noon - hour }) }
const notReady: Parts = { authority: authorityView({ notReady: 'it is new' }) }
const byHand: Parts = { certificate: certificate({ spec: { renewal: { policy: 'Manual' } } }) }
const noDay = { schedule: '0 0 31 2 *', length: '1h' }
const suspended: Parts = { certificate: certificate({ spec: { suspend: true } }) }
const policyFor = (dns: string) => ({ rules: [{ names: { dns: [dns] } }] })
const labelRefused: Parts = {
  certificate: certificate({ spec: { secretTemplate: { labels: { team: 'shop' } } } }),
  refreshFailure: {
    failure: retryable('KubernetesRefused', 'the label is not allowed'),
    attempts: 1,
    nextAttemptAt: noon + minute,
  },
}
const denying: Parts = { authority: authorityView({ spec: { internal: {}, policy: policyFor('*.internal') } }) }
const trial = { ...policyFor('**'), auditRules: [{ names: { dns: ['*.internal'] } }] }

/** The Certificate after a visit. */
function after(parts: Parts, outcome: CertificateOutcome): Certificate {
  const world = certificateWorld(parts)
  const status = certificateStatus(world, planCertificate(world, noon), outcome, noon)
  const visited: Certificate = JSON.parse(JSON.stringify({ ...world.certificate, status }))
  checkConditions(visited)
  return visited
}

/** After a visit in which there was nothing to do. */
const kept = (parts: Parts): Certificate => after(parts, { result: 'unchanged' })

/** After a visit in which something stood in the way of issuing. */
function hindered(...parts: Parts[]): Certificate {
  const all: Parts = Object.assign({}, ...parts)
  const plan = planCertificate(certificateWorld(all), noon)
  assert.ok(plan.do === 'refuse', `${plan.do} instead of refuse`)
  return after(all, { result: 'failed', failure: plan.failure, nextAttemptAt: undefined })
}

/** After an attempt that failed. */
const failed = (parts: Parts, failure: Failure): Certificate =>
  after(parts, { result: 'failed', failure, nextAttemptAt: failure.kind === 'Terminal' ? undefined : noon + minute })

const ordered = (parts: Parts): Certificate =>
  after(parts, { result: 'pending', of: 'shop/ca', since: noon, pollAt: noon + minute })

const timedOut = retryable('TimedOut', 'the authority did not answer within 60 seconds')

/** How to come into each situation of the truth table for Certificates. */
export const certificateSituations: Readonly<Record<string, () => Certificate>> = {
  'issued, satisfies the spec': () => kept({}),
  'rules on trial would deny it': () => kept({ authority: authorityView({ spec: { internal: {}, policy: trial } }) }),
  'renewal due, authority not ready': () => hindered(due, notReady),
  'renewal due, authority denies the name now': () => hindered(due, denying),
  'renewal due, the last attempt failed': () => failed(due, timedOut),
  'renewal due, an order is under way at the authority': () => ordered(due),
  'renewal due, suspended': () => hindered(due, suspended),
  'renewal due, issuance is frozen': () => hindered(due, { isFrozen: true }),
  'issued, suspended': () => kept(suspended),
  'a renewal window never opens': () => kept({ certificate: certificate({ spec: { renewal: { windows: [noDay] } } }) }),
  'a usage that its key cannot have': () => {
    const spec = { dnsNames: ['www.example.com'], usages: ['keyEncipherment' as const] }
    return kept({ request: certificateRequest(spec) })
  },
  'the password of its keystores is missing': () => {
    const outputs = { jks: { passwordSecretRef: { name: 'password' } } }
    const of = certificate({ spec: { outputs } })
    const made = outputsHash({ certificate: of, passwords: { jks: 'uid/1/password' } }, heldCertificate())
    assert.ok(typeof made === 'string')
    const passwords = waiting('PasswordNotFound', 'Secret password does not exist', minute)
    return kept({ certificate: of, secret: heldSecret({ outputs: made }), passwords })
  },
  'the API server refuses a label of `secretTemplate`': () => hindered(labelRefused),
  'the API server refuses a label, and an order is under way': () => ordered({ ...due, ...labelRefused }),
  'somebody else keeps changing what is set on the Secret': () => {
    const secretTemplate = { labels: { team: 'shop' } }
    const refreshedLately = Array.from({ length: 10 }, () => noon - minute)
    return hindered({ certificate: certificate({ spec: { secretTemplate } }), refreshedLately })
  },
  'renewed by hand, and near its end': () => kept({ ...due, ...byHand }),
  'changed, and not looked at since': () => {
    const { metadata, ...rest } = kept({})
    return { ...rest, metadata: { ...metadata, generation: 2 } }
  },
  'new, names no authority and there is no default': () =>
    hindered(absent, { authorityKey: undefined, authority: undefined }),
  'new, authority missing or not allowed': () => hindered(absent, { authority: undefined }),
  'new, authority not ready': () => hindered(absent, notReady),
  'Secret missing, authority was just restored': () =>
    hindered(absent, { authority: authorityView({ restoredUntil: noon + minute }) }),
  'new, issuance is frozen': () => hindered(absent, { isFrozen: true }),
  'new, an order is under way at the authority': () => ordered(absent),
  'new or changed, policy denies it': () => hindered(absent, denying),
  'new, the authority takes no requests': () =>
    hindered(absent, { authority: authorityView({ spec: { internal: {}, intake: 'Closed' } }) }),
  "a name outside the CA's name constraints": () =>
    failed(absent, terminal('NameConstraintsViolated', 'www.example.com is outside of what CA ca may issue for')),
  'something that the issuer cannot do': () =>
    failed(absent, terminal('Unsupported', 'Authority shop/ca cannot issue for ML-DSA keys')),
  'a name that cannot stand in a certificate': () =>
    hindered(absent, { request: terminal('InvalidNames', '"a b" is not a DNS name') }),
  'new, suspended': () => hindered(absent, suspended),
  "the Secret is somebody else's": () =>
    hindered({ secret: { state: 'foreign', reason: 'SecretNotOurs', why: 'Secret web was not made for it' } }),
  'another Certificate has the Secret': () =>
    hindered({ secret: { state: 'foreign', reason: 'SecretTaken', why: 'Secret web is that of Certificate other' } }),
  'changed, and the Secret is immutable': () => hindered({ secret: immutable({ differences: ['its names differ'] }) }),
  'renewal due, the Secret is immutable': () => hindered({ secret: immutable(nearItsEnd) }),
  'new, the password of a keystore is missing': () =>
    hindered(absent, { passwords: waiting('PasswordNotFound', 'Secret password does not exist', minute) }),
  'issued again and again': () => hindered(absent, { issuedLately: Array.from({ length: 30 }, () => noon - minute) }),
  'expired, authority not ready': () => hindered(expired, notReady),
  'expired, policy denies it now': () => hindered(expired, denying),
  'expired, the last attempt failed': () => failed(expired, timedOut),
  'expired, and renewed by hand': () => hindered(expired, byHand),
  'the authority failed (the reason is its own)': () => failed(absent, timedOut),
  'the authority refused for good (the reason is its own)': () =>
    failed(absent, terminal('CertificateRejected', 'this name is on a list')),
  'the API server refuses the Secret': () => failed(absent, retryable('KubernetesRefused', 'exceeded quota')),
  'an error that Sifaka does not know': () => failed(absent, classify(new TypeError('x is undefined'))),
  'being deleted, waits until it is revoked': () => {
    const { metadata, ...rest } = kept({})
    return { ...rest, metadata: { ...metadata, deletionTimestamp: '2026-11-22T12:00:00Z' } }
  },
}
