import { annotations, type Certificate, type CertificateStatus, type ObjectMeta, secretLabel } from '#api'
import { Failure, fromRfc3339, hour, type Instant, isFailure, minute, retryable, second, terminal } from '#base'
import {
  attemptsOf,
  type CertificateOutcome,
  type CertificatePlan,
  type CertificateWorld,
  certificateKeys,
  certificateStatus,
  earlierRevision,
  encodeApplied,
  encodeJournal,
  type HeldCertificate,
  type IssuePlan,
  identityMarks,
  issuanceBackoff,
  openOrder,
  orderedHash,
  orderSecretName,
  outputsHash,
  planRefresh,
  type RefreshPlan,
  refusalOf,
  reminderAt,
  retryAt,
  revocationAt,
  secretNameOf,
  staleMarks,
  trustHash,
} from '#plan'

/** What an authority signs. */
export interface Issued {
  readonly serialNumber: string
  /** SHA-256, hexadecimal. */
  readonly fingerprint: string
  readonly issuer: string
  readonly notBefore: Instant
  readonly notAfter: Instant
}

/** What comes of asking the authority; of a revocation, `signs` is that it revokes. */
export type Answer = { readonly signs: Issued } | 'fails' | 'refuses' | 'pends'

/** A visit to a Certificate, as the API server holds it afterwards. */
export interface Visited {
  readonly plan: CertificatePlan
  readonly outcome: CertificateOutcome
  /** Undefined: nothing holds the object any more, and it is gone. */
  readonly world: CertificateWorld | undefined
}

/** What acting on a plan comes to: the outcome, and the world with it. */
interface Acted {
  readonly outcome: CertificateOutcome
  readonly world: CertificateWorld | undefined
}

const unchanged: CertificateOutcome = { result: 'unchanged' }

/**
 * A model of act and conclude: carries a plan out on the world itself, as the API server would hold it, and writes the
 * status. What is not kept anywhere, such as the time of a write, is not in it.
 */
export function carryOut(plan: CertificatePlan, before: CertificateWorld, answer: Answer, now: Instant): Visited {
  const { outcome, world } = act(plan, before, answer, now)
  if (!world || plan.do === 'mark' || outcome.result === 'underway') return { plan, outcome, world }
  const status = certificateStatus(world, plan, outcome, now)
  return { plan, outcome, world: { ...world, certificate: { ...world.certificate, status } } }
}

function act(plan: CertificatePlan, world: CertificateWorld, answer: Answer, now: Instant): Acted {
  switch (plan.do) {
    case 'keep':
    case 'wait':
      return { outcome: unchanged, world }
    case 'refuse':
      return { outcome: { result: 'failed', failure: plan.failure, nextAttemptAt: undefined }, world }
    case 'refresh':
      return { outcome: unchanged, world: noting(refreshed(plan, world), now) }
    case 'adopt':
      return { outcome: unchanged, world: noting(adopted(plan, world), now) }
    case 'issue':
      return issue(plan, world, answer, now)
    case 'endOrder':
      return { outcome: { result: 'underway', againInMs: 0 }, world: { ...world, order: undefined } }
    case 'revoke':
      return revoke(plan, world, answer, now)
    case 'mark':
      return { outcome: unchanged, world: withFinalizers(world, plan.finalizers) }
    case 'release':
      return { outcome: unchanged, world: undefined }
  }
}

const withFinalizers = (world: CertificateWorld, finalizers: readonly string[]): CertificateWorld => ({
  ...world,
  certificate: { ...world.certificate, metadata: { ...world.certificate.metadata, finalizers: [...finalizers] } },
})

const noting = (world: CertificateWorld, now: Instant): CertificateWorld => ({
  ...world,
  refreshedLately: [...world.refreshedLately.slice(-30), now],
})

/** Metadata after a write: another version. */
const written = (metadata: ObjectMeta, parts: Partial<ObjectMeta>): ObjectMeta => ({
  ...metadata,
  ...parts,
  resourceVersion: String(Number(metadata.resourceVersion ?? '0') + 1),
})

/** What the template asks for, and what has been noted of it. */
function templateMarks({ certificate }: CertificateWorld): Required<Pick<ObjectMeta, 'labels' | 'annotations'>> {
  const { labels = {}, annotations: asked = {} } = certificate.spec.secretTemplate ?? {}
  const names = {
    data: certificateKeys(certificate.spec),
    labels: Object.keys(labels),
    annotations: Object.keys(asked),
  }
  return {
    labels: { ...labels, [secretLabel]: 'certificate' },
    annotations: { ...asked, [annotations.applied]: encodeApplied(names) },
  }
}

function refreshed(plan: RefreshPlan, world: CertificateWorld): CertificateWorld {
  const { secret, certificate } = world
  if (secret.state !== 'held') return world
  const { caBundle, outputs } = plan
  const { metadata } = secret
  const stale = staleMarks(metadata, certificate.spec.secretTemplate)
  const marks = templateMarks(world)
  const held = {
    ...secret.held,
    ...(caBundle !== undefined && { trust: trustHash(caBundle) }),
    ...(outputs.as !== 'kept' && { outputs: outputs.as === 'rendered' ? outputs.hash : undefined }),
  }
  const labels = { ...without(metadata.labels, stale.labels), ...marks.labels }
  const trust = caBundle === undefined ? {} : { [annotations.trust]: trustHash(caBundle) }
  const said = { ...without(metadata.annotations, stale.annotations), ...marks.annotations, ...trust }
  return { ...world, secret: { ...secret, metadata: written(metadata, { labels, annotations: said }), held } }
}

const without = (of: Readonly<Record<string, string>> = {}, names: readonly string[]): Record<string, string> =>
  Object.fromEntries(Object.entries(of).filter(([name]) => !names.includes(name)))

function adopted(plan: Extract<CertificatePlan, { do: 'adopt' }>, world: CertificateWorld): CertificateWorld {
  const { metadata, caBundle, revision } = plan
  const before = world.secret.state === 'offered' ? world.secret : undefined
  const form = before?.form
  const taken = { ...world, secret: { state: 'held', metadata, held: plan.held, ...(form && { form }) } } as const
  const outputs = planRefresh(taken)?.outputs ?? ({ as: 'kept' } as const)
  const after = refreshed({ do: 'refresh', metadata, caBundle, outputs }, taken)
  if (after.secret.state !== 'held') return world
  const own = identityMarks(after.secret.held, identityOf(world, revision))
  const said = { ...after.secret.metadata.annotations, ...own }
  return { ...after, secret: { ...after.secret, metadata: { ...after.secret.metadata, annotations: said } } }
}

function issue(plan: IssuePlan, world: CertificateWorld, answer: Answer, now: Instant): Acted {
  if (answer === 'pends') return order(plan, world, now)
  if (answer === 'fails') {
    const failure = retryable('AuthorityUnavailable', 'the authority does not answer')
    const backoff = issuanceBackoff(world.authority?.spec.retry, failure)
    const nextAttemptAt = retryAt(failure, backoff, attemptsOf(world), now, 0.5)
    return { outcome: { result: 'failed', failure, nextAttemptAt }, world }
  }
  if (answer === 'refuses') {
    const failure = terminal('CertificateRejected', 'the authority refuses it')
    return { outcome: { result: 'failed', failure, nextAttemptAt: undefined, refused: refusalOf(world) }, world }
  }
  const held = heldAs(plan, world, answer.signs, now)
  if (isFailure(held)) return { outcome: { result: 'failed', failure: held, nextAttemptAt: undefined }, world }
  const { secret, certificate } = world
  const before: ObjectMeta = plan.replaces ?? {
    namespace: certificate.metadata.namespace ?? '',
    name: secretNameOf(certificate),
    uid: 'uid-secret',
  }
  const marks = templateMarks(world)
  const identity = identityMarks(held, identityOf(world, world.order?.journal?.revision ?? plan.revision, plan.id))
  const metadata = written(before, {
    labels: { ...before.labels, ...marks.labels },
    annotations: { ...before.annotations, ...marks.annotations, ...identity },
  })
  const replaced = secret.state === 'held' ? earlierRevision(plan.revision - 1, secret.held) : undefined
  return {
    outcome: { result: 'issued', remark: plan.shortened, replaced },
    world: {
      ...world,
      secret: { state: 'held', metadata, held },
      isRevoked: false,
      issuedLately: [...world.issuedLately.slice(-30), now],
      ...(world.revocation && { revocation: withOwn(world.revocation, held) }),
    },
  }
}

/** Asked once, the authority takes its time: key and journal are kept, and asked about. */
function order(plan: IssuePlan, world: CertificateWorld, now: Instant): Acted {
  const { name, namespace = '' } = world.certificate.metadata
  const known = world.order?.journal
  if (known) {
    const pollAt = known.pollAt ?? now + minute
    return { outcome: { result: 'pending', of: known.authorityKey, since: known.createdAt, pollAt }, world }
  }
  const { authorityKey, revision, notBefore, notAfter, request } = plan
  const journal = {
    ...{ id: `order-${revision}`, authorityKey, revision, notBefore, notAfter, createdAt: now, hasKeptKey: false },
    ...{ requestHash: orderedHash(request), handle: 'order', pollAt: now + minute },
  }
  const metadata: ObjectMeta = {
    namespace,
    name: orderSecretName(name),
    labels: { [secretLabel]: 'order' },
    annotations: { [annotations.certificate]: name, [annotations.order]: encodeJournal(journal) },
  }
  const opened = openOrder(name, metadata)
  return { outcome: { result: 'underway', againInMs: second }, world: { ...world, order: opened } }
}

/** What the Secret holds then, as its own annotations will say; a Failure where its outputs cannot be made. */
function heldAs(plan: IssuePlan, world: CertificateWorld, issued: Issued, now: Instant): HeldCertificate | Failure {
  const { authority } = world
  const trust = trustHash(authority?.caBundle ?? '')
  const outputs = outputsHash(world, { fingerprint: issued.fingerprint, trust })
  if (outputs instanceof Failure) return outputs
  return {
    ...issued,
    issuedBy: plan.authorityKey,
    issuedAt: Math.floor(now / second) * second,
    caGeneration: authority?.generation,
    caFingerprint: authority?.caFingerprints[0],
    trust,
    outputs,
    differences: [],
  }
}

function identityOf({ certificate, requestHash }: CertificateWorld, revision: number, id?: string) {
  const { name, uid } = certificate.metadata
  return { id: id ?? `id-${uid}`, revision, requestHash, name }
}

type RevocationView = NonNullable<CertificateWorld['revocation']>

/** The register knows of a new certificate at once. */
function withOwn(view: RevocationView, held: HeldCertificate): RevocationView {
  if (view.certificates instanceof Failure) return view
  const { issuedBy, caGeneration, serialNumber, fingerprint, issuedAt, notAfter } = held
  const own = {
    ...{ authorityKey: issuedBy, generation: caGeneration, serialNumber, fingerprint, issuedAt, notAfter },
    ...{ revoked: undefined, isReachable: true, refused: undefined },
  }
  return { ...view, certificates: [...view.certificates, own] }
}

function revoke(
  { certificates, reason }: Extract<CertificatePlan, { do: 'revoke' }>,
  world: CertificateWorld,
  answer: Answer,
  now: Instant,
): Acted {
  const { revocation } = world
  if (!revocation || revocation.certificates instanceof Failure) return { outcome: unchanged, world }
  if (answer === 'fails' || answer === 'pends') {
    const failure = retryable('RevocationFailed', 'the authority does not answer')
    const attempts = (revocation.lastFailure?.attempts ?? 0) + 1
    const lastFailure = { failure, attempts, nextAttemptAt: now + minute }
    const after = { ...world, revocation: { ...revocation, lastFailure } }
    return { outcome: { result: 'revoked', certificates: [], failure }, world: after }
  }
  const isMeant = (serialNumber: string): boolean => certificates.some((each) => each.serialNumber === serialNumber)
  if (answer === 'refuses') {
    const failure = terminal('NotRevocable', 'the authority never revokes')
    const all = revocation.certificates.map((each) =>
      isMeant(each.serialNumber) ? { ...each, refused: failure } : each,
    )
    const after = { ...world, revocation: { certificates: all, lastFailure: undefined } }
    return { outcome: { result: 'revoked', certificates: [], failure }, world: after }
  }
  const revoked = { at: Math.floor(now / second) * second, reason }
  const all = revocation.certificates.map((each) => (isMeant(each.serialNumber) ? { ...each, revoked } : each))
  const done = all.filter((each) => isMeant(each.serialNumber))
  const after = { ...world, revocation: { certificates: all, lastFailure: undefined } }
  return { outcome: { result: 'revoked', certificates: done, failure: undefined }, world: after }
}

/** The status as the API server gives it back. */
export const asStored = (certificate: Certificate): Certificate => ({
  ...certificate,
  ...(certificate.status && { status: JSON.parse(JSON.stringify(certificate.status)) as CertificateStatus }),
})

/** When a Certificate is visited next if nothing happens; the controller looks within the hour besides. */
export function nextVisitAt({ plan, outcome, world }: Visited, now: Instant): Instant {
  if (!world) return Number.POSITIVE_INFINITY
  if (plan.do === 'mark') return now
  if (outcome.result === 'underway') return now + (outcome.againInMs ?? hour)
  const revokeAt = revocationAt(world, now)
  if (isOver(revokeAt, now) || isNextNow(plan, outcome, world, now)) return now
  const { renewAt } = world.certificate.status ?? {}
  const times = [revokeAt, reminderAt(world)]
  if (world.secret.state === 'held') times.push(world.secret.held.notAfter)
  if (plan.do === 'wait') times.push(plan.until)
  if (outcome.result === 'pending') times.push(outcome.pollAt)
  if (outcome.result === 'failed') times.push(retryOf(outcome, now))
  else times.push(fromRfc3339(renewAt))
  const ahead = times.filter((time) => time !== undefined && time > now).map(Number)
  return ahead.length > 0 ? Math.min(...ahead) : now + hour
}

const isOver = (time: Instant | undefined, now: Instant): boolean => time !== undefined && time <= now

const retryOf = (
  { failure, nextAttemptAt }: Extract<CertificateOutcome, { result: 'failed' }>,
  now: Instant,
): Instant | undefined => nextAttemptAt ?? (failure.retryAfterMs === undefined ? undefined : now + failure.retryAfterMs)

/** Whether the next thing is to be done at once. */
function isNextNow(plan: CertificatePlan, outcome: CertificateOutcome, world: CertificateWorld, now: Instant): boolean {
  if (outcome.result === 'revoked' && !outcome.failure) return true
  const isOrderOver = outcome.result === 'issued' || (outcome.result === 'failed' && outcome.refused !== undefined)
  if (world.order && isOrderOver) return true
  const { renewAt, notAfter } = world.certificate.status ?? {}
  if (plan.do === 'keep') return isOver(fromRfc3339(renewAt), now) || isOver(fromRfc3339(notAfter), now)
  if (plan.do === 'wait') return isOver(plan.until, now)
  if (plan.do === 'issue') return outcome.result === 'issued' && planRefresh(world) !== undefined
  return plan.do === 'refresh' || plan.do === 'adopt'
}
