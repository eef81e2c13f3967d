import { annotations, type ObjectMeta, type Secret, secretLabel } from '#api'
import { type Backoff, Failure, keyOf, minute, second } from '#base'
import { storeKeyOf } from '#kube'
import { parseBundle, parseCertificates, parseChain } from '#pki'
import {
  type CertificateWorld,
  certificateKeys,
  encodeApplied,
  type HeldCertificate,
  isUnanswered,
  outputsMark,
  parseApplied,
  planRefresh,
  type RefreshPlan,
  retryAt,
  staleMarks,
  trustHash,
} from '#plan'
import { belongsInStatus } from '../belongs-in-status.ts'
import {
  base64Of,
  patchSecret,
  readSecret,
  type SecretFiles,
  type SecretPatch,
  secretFiles,
  withoutManagers,
  withoutValue,
} from '../own-secret.ts'
import { failureOf } from './failure-of.ts'
import { inputVersion } from './input-version.ts'
import { marksOfOthers } from './managed-fields.ts'
import { type NamedPasswords, readPasswords, versionsOf } from './passwords.ts'
import { generatedPasswordIn, renderOutputs } from './render.ts'
import type { ActTools, Report } from './visit.ts'

/** Between attempts that are refused: nothing tells that a quota or an admission policy was mended. */
const refusedBackoff: Backoff = { firstMs: second, maxMs: 5 * minute }
/** Between those without an answer: no condition says that one is waited for, so that is never long. */
const unansweredBackoff: Backoff = { firstMs: second, maxMs: minute }

/**
 * Brings what is beside the certificate in line with spec and Authority. An attempt that fails is made again later: the
 * next visit tells of it, and sees to all else.
 */
export async function refresh(planned: RefreshPlan, world: CertificateWorld, on: ActTools): Promise<Report> {
  const { secret } = world
  if (secret.state !== 'held') return { outcome: { result: 'unchanged' }, world }
  try {
    const due = await withPasswords(planned, world, on)
    const patch = await refreshPatch(due, on)
    return await keepAs(heldAfter(due.plan, secret.held), patch, planned.metadata, due.world, on)
  } catch (error) {
    if (on.signal.aborted) throw error
    noteFailure(error, world, on)
    if (!belongsInStatus(error, on.signal)) throw error
    return { outcome: { result: 'underway', againInMs: 0 }, world }
  }
}

function noteFailure(error: unknown, world: CertificateWorld, { memory, tools }: ActTools): void {
  const failure = failureOf(error, 'refreshing', world.certificate, tools)
  const backoff = isUnanswered(failure) ? unansweredBackoff : refusedBackoff
  const nextAfter = (attempts: number) => retryAt(failure, backoff, attempts, tools.clock.now(), tools.random())
  memory.unrefreshed.note(storeKeyOf(world.certificate), inputVersion(world), failure, nextAfter)
}

/**
 * Changes a Secret whose certificate stays, and remembers what it holds then.
 * @throws ApiError
 */
export async function keepAs(
  held: HeldCertificate,
  patch: SecretPatch,
  observed: ObjectMeta,
  world: CertificateWorld,
  { tools, memory, signal }: ActTools,
): Promise<Report> {
  const written = await patchSecret(tools.client, observed, patch, signal)
  const metadata = withoutManagers(written.metadata)
  const { namespace = '', name, resourceVersion } = metadata
  const key = storeKeyOf(world.certificate)
  memory.secrets.note(keyOf({ namespace, name }), resourceVersion)
  memory.noteRefreshed(key)
  const secret = { state: 'held', metadata, held } as const
  // Known without reading it again.
  memory.remember(key, resourceVersion, world.requestHash, secret)
  return { outcome: { result: 'unchanged' }, world: { ...world, secret } }
}

/** A refresh with the passwords that it takes. */
interface DueRefresh {
  readonly plan: RefreshPlan
  /** In which the passwords are those that were read. */
  readonly world: CertificateWorld
  readonly passwords: NamedPasswords
}

/**
 * Reads the passwords that a plan takes, and makes it one for those: without them it sees to all but the outputs.
 * @throws ApiError
 */
export async function withPasswords(plan: RefreshPlan, world: CertificateWorld, on: ActTools): Promise<DueRefresh> {
  if (plan.outputs.as !== 'rendered') return { plan, world, passwords: {} }
  const found = await readPasswords(world.certificate, on)
  const now = { ...world, passwords: versionsOf(found) }
  const outputs = planRefresh(now)?.outputs ?? { as: 'kept' }
  return { plan: { ...plan, outputs }, world: now, passwords: found instanceof Failure ? {} : found }
}

/** The certificate in the Secret once the plan is carried out. */
export const heldAfter = ({ caBundle, outputs }: RefreshPlan, held: HeldCertificate): HeldCertificate => ({
  ...held,
  ...(caBundle !== undefined && { trust: trustHash(caBundle) }),
  ...(outputs.as !== 'kept' && { outputs: outputs.as === 'rendered' ? outputs.hash : undefined }),
})

/**
 * The change that the plan comes to. The Secret is read where outputs are made of what it holds, and where a label or
 * an annotation is to go that somebody else may have set too.
 * @throws ApiError; PkiError when the Secret has changed since and holds no certificate any more
 */
export async function refreshPatch(due: DueRefresh, on: ActTools): Promise<SecretPatch> {
  const { metadata, caBundle, outputs } = due.plan
  const { spec } = due.world.certificate
  const { labels = {}, annotations: asked = {} } = spec.secretTemplate ?? {}
  const stale = staleMarks(metadata, spec.secretTemplate)
  const isRead = outputs.as === 'rendered' || stale.labels.length + stale.annotations.length > 0
  const { namespace = '', name } = metadata
  const secret = isRead ? await readSecret(on.tools.client, { namespace, name }, on.signal) : undefined
  const shared = marksOfOthers(secret?.metadata ?? metadata)
  const isOurs = (kind: 'labels' | 'annotations') => (mark: string) => !shared[kind].includes(mark)
  const rendered = outputs.as === 'rendered' && secret ? await render(secret, due, on) : {}
  const before = parseApplied(metadata.annotations?.[annotations.applied]).data
  const own = certificateKeys(spec)
  const data = outputs.as === 'kept' ? [...before, ...own] : [...own, ...Object.keys(rendered)]
  const said = {
    ...(caBundle !== undefined && { [annotations.trust]: trustHash(caBundle) }),
    ...(outputs.as === 'removed' && { [annotations.outputs]: null }),
    ...(outputs.as === 'rendered' && { [annotations.outputs]: outputsMark(outputs.hash, base64Of(rendered)) }),
    [annotations.applied]: encodeApplied({ data, labels: Object.keys(labels), annotations: Object.keys(asked) }),
  }
  return {
    labels: { ...withoutValue(stale.labels.filter(isOurs('labels')), {}), ...labels, [secretLabel]: 'certificate' },
    annotations: { ...withoutValue(stale.annotations.filter(isOurs('annotations')), {}), ...asked, ...said },
    files: {
      ...withoutValue(before, Object.fromEntries(data.map((each) => [each, true]))),
      ...rendered,
      ...(caBundle !== undefined && { 'ca.crt': caBundle }),
    },
  }
}

/** The outputs, of what the Secret holds. */
async function render(
  secret: Secret,
  { plan, world, passwords }: DueRefresh,
  { tools }: ActTools,
): Promise<SecretFiles> {
  const { caBundle } = plan
  const files: Record<string, string> = secretFiles(secret)
  if (caBundle !== undefined) files['ca.crt'] = caBundle
  const { outputs = {}, csr } = world.certificate.spec
  const held = csr === undefined ? parseBundle(files) : { ...parseChain(files), key: undefined }
  const encoding = files['tls.key']?.includes('BEGIN RSA PRIVATE KEY') ? 'PKCS1' : 'PKCS8'
  const roots = parseCertificates(files['ca.crt'] ?? '')
  const made = { ...held, roots, encoding, passwords, generated: generatedPasswordIn(files) } as const
  return renderOutputs(outputs, made, tools.clock)
}
