import type { KeyObject } from 'node:crypto'
import { annotations, type Certificate, type ObjectMeta, type PartialObject } from '#api'
import { classify, isFailure, keyOf, retryable, toRfc3339 } from '#base'
import type { IssuedCertificate } from '#issuers'
import { storeKeyOf } from '#kube'
import { accept, encodeBundle, keySatisfies, parsePrivateKey, publicKeyOf } from '#pki'
import {
  authorityKeyOf,
  type CertificateOutcome,
  type CertificatePlan,
  type CertificateWorld,
  type HeldCertificate,
  type IssuePlan,
  type SecretView,
  secretNameOf,
} from '#plan'
import { backoffMs, outsideBackoff } from '#runtime'
import { type AuthorityDirectory, authorityType } from '../authority-directory.ts'
import { belongsInStatus } from '../belongs-in-status.ts'
import type { Visit } from '../kind-controller.ts'
import type { MakeKey } from '../make-key.ts'
import { createSecret, type OwnSecret, readSecret, relabelSecret, replaceSecret, secretFiles } from '../own-secret.ts'
import type { ControllerTools } from '../tools.ts'

/** What an action needs. */
export interface ActTools extends Visit<SecretView> {
  readonly tools: ControllerTools
  readonly directory: AuthorityDirectory
  readonly makeKey: MakeKey
}

/** What came of an action: how it ended, and the world with what it changed. */
export interface Report {
  readonly outcome: CertificateOutcome
  readonly world: CertificateWorld
}

const unchanged: CertificateOutcome = { result: 'unchanged' }

/**
 * Carries out a plan. May end after any line: what is there then is enough for the next visit to go on from.
 * @throws what the runtime retries by itself, such as an ApiError of a server that does not answer
 */
export async function actOnCertificate(plan: CertificatePlan, world: CertificateWorld, on: ActTools): Promise<Report> {
  switch (plan.do) {
    case 'wait':
      return { outcome: unchanged, world }
    case 'keep':
      if (plan.relabel) await relabel(plan.relabel, on)
      return { outcome: unchanged, world }
    case 'refuse':
      return { outcome: { result: 'failed', failure: plan.failure, nextAttemptAt: undefined }, world }
    case 'issue':
      return issue(plan, world, on)
  }
}

async function relabel(metadata: ObjectMeta, { tools, memory, signal }: ActTools): Promise<void> {
  const secretKey = keyOf({ namespace: metadata.namespace ?? '', name: metadata.name })
  const written = await relabelSecret(tools.client, metadata, 'certificate', signal)
  memory.secrets.note(secretKey, versionOf(written))
}

async function issue(plan: IssuePlan, world: CertificateWorld, on: ActTools): Promise<Report> {
  const { tools } = on
  const authority = tools.caches.authorities.get(authorityKeyOf(world.certificate))
  const type = authority ? authorityType(authority) : 'unknown'
  let signed: { key: KeyObject; issued: IssuedCertificate }
  let secret: PartialObject
  try {
    signed = await sign(plan, world.certificate, on)
    secret = await store(plan, world, signed, on)
  } catch (error) {
    if (!belongsInStatus(error, on.signal)) throw error
    tools.onIssued(type, 'failed')
    return { outcome: failed(error, world, on), world }
  }
  tools.onIssued(type, 'issued')
  const { certificate } = signed.issued
  const { serialNumber, fingerprint, issuer, notBefore, notAfter } = certificate
  const issuedBy = authorityKeyOf(world.certificate)
  const held: HeldCertificate = { serialNumber, fingerprint, issuer, notBefore, notAfter, issuedBy, differences: [] }
  return {
    outcome: { result: 'issued', shortened: plan.shortened },
    world: { ...world, secret: { state: 'held', metadata: secret.metadata, held } },
  }
}

/** A failed attempt: when the next one is due depends on the kind of failure. */
function failed(error: unknown, { certificate }: CertificateWorld, { tools }: ActTools): CertificateOutcome {
  const failure = classify(error)
  if (failure.kind === 'Bug') {
    const stack = failure.cause instanceof Error ? failure.cause.stack : undefined
    tools.logger.error({ key: storeKeyOf(certificate), stack }, 'issuing failed with an unexpected error')
  }
  if (failure.kind === 'Terminal') return { result: 'failed', failure, nextAttemptAt: undefined }
  const attempts = (certificate.status?.attempts ?? 0) + 1
  const delayMs = failure.retryAfterMs ?? backoffMs(attempts, outsideBackoff, tools.random())
  return { result: 'failed', failure, nextAttemptAt: tools.clock.now() + delayMs }
}

/** Has the certificate signed, and lets it through only if it is what was asked for. */
async function sign(plan: IssuePlan, certificate: Certificate, on: ActTools) {
  const { tools, directory, signal } = on
  const key = await keyFor(plan, certificate, on)
  const authorityKey = authorityKeyOf(certificate)
  const authority = directory.find(authorityKey, certificate.metadata.namespace ?? '')
  if (!authority) throw retryable('AuthorityNotFound', `Authority ${authorityKey} has just gone`)
  const { commonName, names, usages } = plan.request
  const profile = { commonName, names, usages, notBefore: plan.notBefore, notAfter: plan.notAfter }
  const publicKey = publicKeyOf(key)
  const issuer = directory.issuerOf(authority)
  const issued = await issuer.issue({ profile, publicKey }, signal)
  const { roots, intermediates } = issued
  gate(() => accept({ profile, publicKey, roots, intermediates, at: tools.clock.now() }, issued.certificate))
  return { key, issued }
}

/** What an issuer sends is foreign: a certificate that is refused may be a right one the next time. */
function gate(check: () => void): void {
  try {
    check()
  } catch (error) {
    if (!isFailure(error)) throw error
    throw retryable('CertificateRejected', `the authority sent a certificate that is not accepted: ${error.message}`)
  }
}

/** The key in the Secret where it is to be kept and still fits, else a new one. */
async function keyFor(plan: IssuePlan, certificate: Certificate, on: ActTools): Promise<KeyObject> {
  const { request, replaces } = plan
  if (request.keepKey && replaces) {
    const kept = await keptKey(certificate, on)
    if (kept && keySatisfies(kept, request.key)) return kept
  }
  return on.makeKey(request.key, on.signal)
}

async function keptKey(certificate: Certificate, { tools, signal }: ActTools): Promise<KeyObject | undefined> {
  const key = { namespace: certificate.metadata.namespace ?? '', name: secretNameOf(certificate) }
  const secret = await readSecret(tools.client, key, signal)
  const pem = secret && secretFiles(secret)['tls.key']
  try {
    return pem === undefined ? undefined : parsePrivateKey(pem)
  } catch (error) {
    if (isFailure(error)) return undefined
    throw error
  }
}

/** Writes key, certificate and chain in one write, after the audit line that says so. */
async function store(
  plan: IssuePlan,
  world: CertificateWorld,
  { key, issued }: { key: KeyObject; issued: IssuedCertificate },
  { tools, memory, signal }: ActTools,
): Promise<PartialObject> {
  const { metadata } = world.certificate
  const name = { namespace: metadata.namespace ?? '', name: secretNameOf(world.certificate) }
  const own = secretOf(plan, world, key, issued, tools)
  tools.audit.append(releaseLine(plan, world.certificate, issued))
  const certificateKey = keyOf({ namespace: name.namespace, name: metadata.name })
  try {
    const written = plan.replaces
      ? await replaceSecret(tools.client, plan.replaces, own, signal)
      : await createSecret(tools.client, name, own, { immutable: false, signal })
    memory.secrets.note(keyOf(name), versionOf(written))
    return written
  } catch (error) {
    // It may have taken effect, or somebody was faster: the Secret itself must be read before the next decision.
    memory.doubt(certificateKey)
    throw error
  }
}

const versionOf = ({ metadata }: PartialObject): string | undefined => metadata.resourceVersion

function secretOf(
  plan: IssuePlan,
  { certificate, requestHash }: CertificateWorld,
  key: KeyObject,
  { certificate: leaf, intermediates, roots }: IssuedCertificate,
  { clock, randomId }: ControllerTools,
): OwnSecret {
  return {
    content: 'certificate',
    annotations: {
      [annotations.id]: plan.id ?? randomId(),
      [annotations.certificate]: certificate.metadata.name,
      [annotations.revision]: String(plan.revision),
      [annotations.issuedAt]: toRfc3339(clock.now()),
      [annotations.issuedBy]: authorityKeyOf(certificate),
      [annotations.requestHash]: requestHash,
    },
    files: { ...encodeBundle({ key, certificate: leaf, intermediates, roots }, plan.request.encoding) },
  }
}

function releaseLine(plan: IssuePlan, certificate: Certificate, { certificate: leaf }: IssuedCertificate) {
  const { namespace = '', name, uid = '' } = certificate.metadata
  const { dnsNames, ipAddresses, uris, emailAddresses } = plan.request.names
  return {
    event: 'CertificateRelease',
    object: { kind: 'Certificate', namespace, name, uid },
    authority: authorityKeyOf(certificate),
    secret: secretNameOf(certificate),
    certificate: {
      serialNumber: leaf.serialNumber,
      fingerprint: leaf.fingerprint,
      issuer: leaf.issuer,
      notAfter: toRfc3339(leaf.notAfter),
    },
    names: [...dnsNames, ...ipAddresses, ...uris, ...emailAddresses],
    cause: plan.cause.reason,
  } as const
}
