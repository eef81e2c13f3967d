import { type Authority, annotations } from '#api'
import { keyOf, retryable, second, terminal, toRfc3339, waiting } from '#base'
import {
  type Bundle,
  encodeBundle,
  keySigner,
  newSerialNumber,
  parseCa,
  parseCertificate,
  publicKeyOf,
  signRoot,
  verifyChain,
} from '#pki'
import {
  activatesAtOnce,
  type CaWorld,
  type CreateCaPlan,
  caSecretName,
  type GenerationView,
  parentKeyOf,
  sourceKeyOf,
} from '#plan'
import { createSecret, readSecret, secretFiles } from '../own-secret.ts'
import { heldCa } from './held-ca.ts'
import { answeredCa } from './request.ts'
import type { ActTools } from './visit.ts'

/**
 * Makes the next generation of a CA and writes its key and certificate once and for all: a Secret of that name that
 * exists is never overwritten.
 * @returns the CA with the generation in it
 */
export async function createGeneration(
  plan: CreateCaPlan,
  authority: Authority,
  ca: CaWorld,
  on: ActTools,
): Promise<CaWorld> {
  const bundle = await bundleFor(plan, authority, ca, on)
  const now = on.tools.clock.now()
  const held = heldCa(bundle)
  const { namespace = '', name } = authority.metadata
  const lacking = on.directory.lacking(keyOf({ namespace, name }), held.roots)
  const generation = {
    number: plan.generation,
    secret: { state: 'held', held },
    madeAt: now,
    trustedAt: undefined,
    activatedAt: activatesAtOnce(authority, ca, { roots: held.roots, lacking }, now) ? now : undefined,
    retiredAt: undefined,
    backedUpAt: undefined,
    signedBy: signedBy(plan, authority),
    parentGeneration: plan.source === 'parent' && ca.parent.state === 'ready' ? ca.parent.generation : undefined,
    caSpec: plan.caSpec,
    liveUntil: undefined,
    lacking,
  } as const
  const metadata = await store(generation, authority, bundle, on)
  if (plan.source === 'parent') record(generation, authority, on)
  const generations = [
    ...ca.generations.filter(({ number }) => number !== plan.generation),
    { ...generation, metadata },
  ]
  return { ...ca, lastActive: generation.activatedAt === undefined ? ca.lastActive : plan.generation, generations }
}

type NewGeneration = Omit<GenerationView, 'metadata' | 'secret'> & {
  readonly secret: Extract<GenerationView['secret'], { state: 'held' }>
}

/** `namespace/name` of the Authority that signs it; itself, where nobody of ours does. */
function signedBy({ source }: CreateCaPlan, authority: Authority): string {
  const { namespace = '', name } = authority.metadata
  return (source === 'parent' ? parentKeyOf(authority) : undefined) ?? keyOf({ namespace, name })
}

async function bundleFor(plan: CreateCaPlan, authority: Authority, ca: CaWorld, on: ActTools): Promise<Bundle> {
  switch (plan.source) {
    case 'itself': {
      const key = await on.makeKey(plan.key, on.signal)
      const certificate = parseCertificate(await signRoot(plan.profile, keySigner(key), newSerialNumber()))
      return { key, certificate, intermediates: [], roots: [certificate] }
    }
    case 'parent':
      return signedByParent(plan, authority, ca, on)
    case 'secret':
      return adopted(authority, on)
    case 'external':
      return answeredCa(authority, on)
  }
}

async function signedByParent(plan: CreateCaPlan, authority: Authority, ca: CaWorld, on: ActTools): Promise<Bundle> {
  const { tools, directory, signal } = on
  const parentKey = parentKeyOf(authority) ?? ''
  const parent = directory.findParent(parentKey, authority.metadata.namespace ?? '')
  const issuer = parent && directory.issuerOf(parent)
  if (!issuer) throw retryable('ParentNotReady', `Authority ${parentKey} cannot sign a subordinate now`)
  if (ca.parent.state !== 'ready' || parent.status?.ca?.generation !== ca.parent.generation) {
    throw waiting('ParentNotReady', `Authority ${parentKey} has just begun to sign with another key`, second)
  }
  if (!issuer.signSubordinate) {
    const { subordinates = 'it has no such thing' } = issuer.describe().unsupported
    throw terminal('Unsupported', `Authority ${parentKey} signs no CA certificates: ${subordinates}`)
  }
  const key = await on.makeKey(plan.key, signal)
  const request = { profile: plan.profile, publicKey: publicKeyOf(key) }
  const { certificate, intermediates, roots } = await issuer.signSubordinate(request, signal)
  verifyChain({ leaf: certificate, intermediates, roots, at: tools.clock.now() })
  return { key, certificate, intermediates, roots }
}

/** The CA in the Secret that the user names, as it is now. */
async function adopted(authority: Authority, { tools, signal }: ActTools): Promise<Bundle> {
  const { namespace = '' } = authority.metadata
  const name = authority.spec.internal?.secretRef?.name ?? ''
  const secret = await readSecret(tools.client, { namespace, name }, signal)
  if (!secret) throw retryable('CASourceMissing', `Secret ${sourceKeyOf(authority)} does not exist`)
  return parseCa(secretFiles(secret), tools.clock.now())
}

async function store(
  generation: NewGeneration,
  authority: Authority,
  bundle: Bundle,
  { tools, memory, signal }: ActTools,
) {
  const { namespace = '', name, uid = '' } = authority.metadata
  const secret = { namespace, name: caSecretName(authority, generation.number) }
  const { certificate } = bundle
  tools.audit.append({
    event: 'CARelease',
    object: { kind: 'Authority', namespace, name, uid },
    authority: generation.signedBy ?? '',
    secret: secret.name,
    certificate: {
      serialNumber: certificate.serialNumber,
      fingerprint: certificate.fingerprint,
      issuer: certificate.issuer,
      notAfter: toRfc3339(certificate.notAfter),
    },
    names: [certificate.subject],
    cause: generation.number === 1 ? 'Created' : 'Rotated',
  })
  const own = {
    content: 'ca',
    annotations: annotationsOf(generation, authority),
    files: { ...encodeBundle(bundle, 'PKCS8') },
  } as const
  try {
    const { metadata } = await createSecret(tools.client, secret, own, { immutable: true, signal })
    memory.secrets.note(keyOf(secret), metadata.resourceVersion)
    return metadata
  } catch (error) {
    // It may have taken effect, or somebody was faster: the Secret itself must be read before the next decision.
    memory.doubt(keyOf(secret))
    throw error
  }
}

function annotationsOf(generation: NewGeneration, authority: Authority): Record<string, string> {
  const { number, madeAt = 0, activatedAt, signedBy = '', parentGeneration, caSpec = '', secret } = generation
  const { serialNumber, fingerprint, notAfter } = secret.held
  return {
    [annotations.authority]: authority.metadata.name,
    [annotations.authorityUid]: authority.metadata.uid ?? '',
    [annotations.caGeneration]: String(number),
    [annotations.issuedAt]: toRfc3339(madeAt),
    [annotations.issuedBy]: signedBy,
    [annotations.caSpec]: caSpec,
    [annotations.serialNumber]: serialNumber,
    [annotations.fingerprint]: fingerprint,
    [annotations.notAfter]: toRfc3339(notAfter),
    ...(activatedAt !== undefined && { [annotations.activatedAt]: toRfc3339(activatedAt) }),
    ...(parentGeneration !== undefined && { [annotations.parentGeneration]: String(parentGeneration) }),
  }
}

/** The parent's register holds its subordinates too. */
function record(generation: NewGeneration, authority: Authority, { tools }: ActTools): void {
  const { held } = generation.secret
  const { namespace = '', name } = authority.metadata
  tools.register.record(generation.signedBy ?? '', {
    serialNumber: held.serialNumber,
    fingerprint: held.fingerprint,
    generation: generation.parentGeneration ?? 1,
    kind: 'Authority',
    holder: keyOf({ namespace, name }),
    revision: generation.number,
    names: [held.subject],
    owner: authority.spec.owner,
    issuedAt: generation.madeAt ?? 0,
    notAfter: held.notAfter,
  })
}
