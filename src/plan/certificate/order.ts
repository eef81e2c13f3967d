import { createHash } from 'node:crypto'
import { annotations, type ObjectMeta, secretLabel } from '#api'
import { canonicalJson, Failure, fromRfc3339, hour, type Instant, second, toRfc3339 } from '#base'
import { derivedName } from '../derived-name.ts'
import type { OrderJournal } from './order-journal.ts'
import type { CertificateRequest } from './request.ts'
import { isRefused } from './retry.ts'
import { revisionsOf } from './revisions.ts'
import { needsNewKey, withoutReplacement } from './revocation.ts'
import type { CertificateWorld, OpenOrder } from './world.ts'

/** What to do about an order whose end has come. */
export interface EndOrderPlan {
  readonly do: 'endOrder'
  readonly order: OpenOrder
  readonly end: OrderEnd
}

/** How an order ends: its certificate is in the Secret; the authority refused it; it is not wanted any more. */
export type OrderEnd =
  | { readonly as: 'fulfilled' }
  | { readonly as: 'refused' }
  | { readonly as: 'givenUp'; readonly why: string }

/** An authority that answers faster is asked too often, one that answers later is asked within the working day. */
const [pollMsMin, pollMsMax] = [second, 8 * hour]
/** What the contract of issuers permits. */
const handleLengthMax = 1024
/** Characters of a journal: a handle, of which each character may take six, and room for the rest. */
const journalLengthMax = 8192

/** Name of the Secret with the key and the journal of a Certificate's order. */
export const orderSecretName = (certificateName: string): string => derivedName(certificateName, '-pending')

/** Name of the Certificate whose order a Secret is; undefined when it is none. */
export function orderedBy({ name, labels, annotations: said = {} }: ObjectMeta): string | undefined {
  const certificate = said[annotations.certificate]
  const isOrder =
    labels?.[secretLabel] === 'order' && certificate !== undefined && orderSecretName(certificate) === name
  return isOrder ? certificate : undefined
}

/** The order of a Certificate, if there is one. The metadata says all of it, so that its key is not read to decide. */
export function openOrder(certificateName: string, cached: ObjectMeta | undefined): OpenOrder | undefined {
  if (!cached || orderedBy(cached) !== certificateName) return undefined
  return { metadata: cached, journal: parseJournal(cached.annotations?.[annotations.order]) }
}

/** When to ask how an order stands, that an issuer wants to be asked about in so many milliseconds. */
export const pollAtOf = (afterMs: number, now: Instant): Instant =>
  now + Math.min(pollMsMax, Math.max(pollMsMin, Number.isFinite(afterMs) ? afterMs : pollMsMax))

/** Whether it is time to ask; a time that nobody has named lies ahead only because a clock was set back. */
export const isPollDue = (pollAt: Instant, now: Instant): boolean => pollAt <= now || pollAt > now + pollMsMax

/** Whether an issuer's text can find an order again. */
export const isHandle = (handle: unknown): handle is string =>
  typeof handle === 'string' && handle !== '' && handle.length <= handleLengthMax

/** Hash of all that an issuer is asked for; unlike the hash of the spec, with what an Authority's defaults fill in. */
export function orderedHash(request: CertificateRequest): string {
  const { commonName, subject, names, usages, ca, key, durationMs, notAfter, wish } = request
  const { csr, literalSubject, mustStaple, customExtensions } = wish
  const filled = { commonName, subject, names, usages, ca, key, durationMs, notAfter }
  const asked = { ...filled, csr, literalSubject, mustStaple, customExtensions }
  return createHash('sha256').update(canonicalJson(asked)).digest('hex').slice(0, 32)
}

/** The journal as the text of an annotation. */
export function encodeJournal({ notBefore, notAfter, createdAt, pollAt, ...rest }: OrderJournal): string {
  return canonicalJson({
    ...rest,
    notBefore: toRfc3339(notBefore),
    notAfter: toRfc3339(notAfter),
    createdAt: toRfc3339(createdAt),
    pollAt: pollAt === undefined ? undefined : toRfc3339(pollAt),
  })
}

/** The journal in the text of an annotation, which others may have written; undefined when it is none. */
export function parseJournal(text: string | undefined): OrderJournal | undefined {
  if (text === undefined || text.length > journalLengthMax) return undefined
  const said = parseObject(text)
  const { id, requestHash, authorityKey, revision, hasKeptKey, handle } = said
  const [notBefore, notAfter, createdAt] = [said.notBefore, said.notAfter, said.createdAt].map(instantOf)
  if (notBefore === undefined || notAfter === undefined || createdAt === undefined) return undefined
  if (typeof id !== 'string' || !/^[a-z0-9-]{1,64}$/.test(id)) return undefined
  if (typeof requestHash !== 'string' || typeof authorityKey !== 'string') return undefined
  if (typeof revision !== 'number' || !Number.isSafeInteger(revision)) return undefined
  if (typeof hasKeptKey !== 'boolean' || (handle !== undefined && !isHandle(handle))) return undefined
  const pollAt = instantOf(said.pollAt)
  return { id, requestHash, authorityKey, revision, notBefore, notAfter, createdAt, hasKeptKey, handle, pollAt }
}

function parseObject(text: string): Readonly<Record<string, unknown>> {
  try {
    return Object(JSON.parse(text))
  } catch {
    return {}
  }
}

const instantOf = (value: unknown): Instant | undefined => (typeof value === 'string' ? fromRfc3339(value) : undefined)

/**
 * Whether the order of a Certificate has come to its end. An order that is none of these is brought to its end, even if
 * the certificate in use would do for longer: it is paid for.
 */
export function planEndOfOrder(world: CertificateWorld, now: Instant): EndOrderPlan | undefined {
  const { order } = world
  if (!order) return undefined
  const isFulfilled = order.journal && order.journal.revision <= revisionsOf(world)
  if (isFulfilled) return { do: 'endOrder', order, end: { as: 'fulfilled' } }
  if (isRefused(world)) return { do: 'endOrder', order, end: { as: 'refused' } }
  const why = whyGivenUp(order, world, now)
  return why === undefined ? undefined : { do: 'endOrder', order, end: { as: 'givenUp', why } }
}

function whyGivenUp({ journal, metadata }: OpenOrder, world: CertificateWorld, now: Instant): string | undefined {
  const { request, authorityKey, certificate } = world
  if (!journal) return `the journal in Secret ${metadata.name} cannot be read`
  if (certificate.spec.suspend) return 'the Certificate is suspended'
  if (request instanceof Failure) return 'the request is not valid any more'
  if (authorityKey !== journal.authorityKey) return `the certificate is to come from ${authorityKey ?? 'nobody'} now`
  if (orderedHash(request) !== journal.requestHash) return 'the request has changed'
  if (journal.hasKeptKey && needsNewKey(world, now)) return 'its key is not to be used again'
  return withoutReplacement(world, now)?.message
}
