import type { KeyObject } from 'node:crypto'
import { type Authority, annotations } from '#api'
import { type Failure, isFailure, keyOf, retryable, toRfc3339 } from '#base'
import type { IssuedCertificate } from '#issuers'
import {
  encodeBundle,
  encodeCertificates,
  keySigner,
  newSerialNumber,
  parseCertificate,
  publicKeyOf,
  signRoot,
  verifyChain,
} from '#pki'
import { type AuthorityPlan, type AuthorityWorld, type CaView, caGeneration, caSecretName, parentKeyOf } from '#plan'
import type { AuthorityDirectory } from '../authority-directory.ts'
import { belongsInStatus } from '../belongs-in-status.ts'
import type { Visit } from '../kind-controller.ts'
import type { MakeKey } from '../make-key.ts'
import { createSecret } from '../own-secret.ts'
import type { ControllerTools } from '../tools.ts'

/** What an action needs. */
export interface ActTools extends Visit<CaView> {
  readonly tools: ControllerTools
  readonly directory: AuthorityDirectory
  readonly makeKey: MakeKey
}

/** What came of an action: the failure if there was one, whether a CA was made, and the world with it. */
export interface Report {
  readonly failure: Failure | undefined
  readonly created: boolean
  readonly world: AuthorityWorld
}

type CreatePlan = Extract<AuthorityPlan, { do: 'create' }>

/**
 * Carries out a plan. May end after any line: what is there then is enough for the next visit to go on from.
 * @throws what the runtime retries by itself, such as an ApiError of a server that does not answer
 */
export async function actOnAuthority(plan: AuthorityPlan, world: AuthorityWorld, on: ActTools): Promise<Report> {
  switch (plan.do) {
    case 'keep':
      return { failure: undefined, created: false, world }
    case 'refuse':
      return { failure: plan.failure, created: false, world }
    case 'create':
      return create(plan, world, on)
  }
}

async function create(plan: CreatePlan, world: AuthorityWorld, on: ActTools): Promise<Report> {
  const { authority } = world
  try {
    const key = await on.makeKey(plan.key, on.signal)
    const issued = plan.signedBy === 'itself' ? await selfSign(plan, key) : await signByParent(plan, key, authority, on)
    await store(authority, key, issued, on)
    const { subject, serialNumber, fingerprint, notBefore, notAfter } = issued.certificate
    const roots = encodeCertificates(issued.roots)
    const held = { subject, serialNumber, fingerprint, notBefore, notAfter, roots }
    return { failure: undefined, created: true, world: { ...world, ca: { state: 'held', held } } }
  } catch (error) {
    if (!isFailure(error) || !belongsInStatus(error, on.signal)) throw error
    return { failure: error, created: false, world }
  }
}

async function selfSign({ profile }: CreatePlan, key: KeyObject): Promise<IssuedCertificate> {
  const certificate = parseCertificate(await signRoot(profile, keySigner(key), newSerialNumber()))
  return { certificate, intermediates: [], roots: [certificate] }
}

async function signByParent(
  { profile }: CreatePlan,
  key: KeyObject,
  authority: Authority,
  { tools, directory, signal }: ActTools,
): Promise<IssuedCertificate> {
  const parentKey = parentKeyOf(authority) ?? ''
  const parent = directory.findParent(parentKey, authority.metadata.namespace ?? '')
  const issuer = parent && directory.issuerOf(parent)
  if (!issuer?.signSubordinate) {
    throw retryable('ParentNotReady', `Authority ${parentKey} cannot sign a subordinate now`)
  }
  const issued = await issuer.signSubordinate({ profile, publicKey: publicKeyOf(key) }, signal)
  const { certificate: leaf, intermediates, roots } = issued
  verifyChain({ leaf, intermediates, roots, at: tools.clock.now() })
  return issued
}

/** Writes the CA's key and certificate once and for all: a Secret of that name that exists is never overwritten. */
async function store(
  authority: Authority,
  key: KeyObject,
  { certificate, intermediates, roots }: IssuedCertificate,
  { tools, memory, signal }: ActTools,
): Promise<void> {
  const { namespace = '', name, uid = '' } = authority.metadata
  const secret = { namespace, name: caSecretName(authority) }
  const ownKey = keyOf({ namespace, name })
  const issuedBy = parentKeyOf(authority) ?? ownKey
  tools.audit.append({
    event: 'CARelease',
    object: { kind: 'Authority', namespace, name, uid },
    authority: issuedBy,
    secret: secret.name,
    certificate: {
      serialNumber: certificate.serialNumber,
      fingerprint: certificate.fingerprint,
      issuer: certificate.issuer,
      notAfter: toRfc3339(certificate.notAfter),
    },
    names: [certificate.subject],
    cause: 'Created',
  })
  const own = {
    content: 'ca',
    annotations: {
      [annotations.authority]: name,
      [annotations.caGeneration]: String(caGeneration),
      [annotations.issuedAt]: toRfc3339(tools.clock.now()),
      [annotations.issuedBy]: issuedBy,
    },
    files: { ...encodeBundle({ key, certificate, intermediates, roots }, 'PKCS8') },
  } as const
  try {
    const written = await createSecret(tools.client, secret, own, { immutable: true, signal })
    memory.secrets.note(keyOf(secret), written.metadata.resourceVersion)
  } catch (error) {
    // It may have taken effect, or somebody was faster: the Secret itself must be read before the next decision.
    memory.doubt(ownKey)
    throw error
  }
}
