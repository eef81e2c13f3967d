import { annotations, type CertificateStatus, type PartialObject } from '#api'
import { keyOf, toRfc3339 } from '#base'
import type { IssuedCertificate } from '#issuers'
import { storeKeyOf } from '#kube'
import { encodeBundle, encodeCertificates } from '#pki'
import {
  type CertificateOutcome,
  type CertificateWorld,
  type HeldCertificate,
  type IssuePlan,
  secretNameOf,
  trustHash,
} from '#plan'
import { createSecret, type OwnSecret, readSecret, replaceSecret, secretFiles } from '../own-secret.ts'
import type { ControllerTools } from '../tools.ts'
import { provenCertificate } from './proven.ts'
import type { Signed } from './signed.ts'
import type { ActTools, Report } from './visit.ts'

/** Writes a certificate that has been signed and let through into the Secret, and remembers it. */
export async function complete(
  plan: IssuePlan,
  world: CertificateWorld,
  signed: Signed,
  on: ActTools,
): Promise<Report> {
  const replaced = await replacedBy(plan, world, signed, on)
  const { metadata } = await store(plan, world, signed, on)
  on.memory.noteIssued(storeKeyOf(world.certificate))
  const held = heldNow(plan, world, signed, on.tools)
  register(plan, world, held, on)
  const outcome: CertificateOutcome = { result: 'issued', shortened: plan.shortened, replaced }
  return { outcome, world: { ...world, secret: { state: 'held', metadata, held }, isRevoked: false } }
}

/** Writes key, certificate and chain in one write, after the audit line that says so. */
async function store(
  plan: IssuePlan,
  world: CertificateWorld,
  signed: Signed,
  { tools, memory, signal }: ActTools,
): Promise<PartialObject> {
  const { metadata } = world.certificate
  const name = { namespace: metadata.namespace ?? '', name: secretNameOf(world.certificate) }
  const own = secretOf(plan, world, signed, tools)
  tools.audit.append(releaseLine(plan, world, signed.issued))
  const certificateKey = keyOf({ namespace: name.namespace, name: metadata.name })
  try {
    const written = plan.replaces
      ? await replaceSecret(tools.client, plan.replaces, own, signal)
      : await createSecret(tools.client, name, own, { immutable: false, signal })
    memory.secrets.note(keyOf(name), written.metadata.resourceVersion)
    return written
  } catch (error) {
    // It may have taken effect, or somebody was faster: the Secret itself must be read before the next decision.
    memory.doubt(certificateKey)
    throw error
  }
}

function secretOf(plan: IssuePlan, world: CertificateWorld, signed: Signed, tools: ControllerTools): OwnSecret {
  const { certificate, requestHash, authority } = world
  const { key, caBundle } = signed
  const { certificate: leaf, intermediates, roots } = signed.issued
  const chain = { 'tls.crt': encodeCertificates([leaf, ...intermediates]) }
  const files = key ? encodeBundle({ key, certificate: leaf, intermediates, roots }, plan.request.encoding) : chain
  return {
    content: 'certificate',
    // A kubernetes.io/tls Secret without tls.key is refused.
    type: key ? undefined : 'Opaque',
    annotations: {
      [annotations.id]: plan.id ?? tools.randomId(),
      [annotations.certificate]: certificate.metadata.name,
      [annotations.revision]: String(plan.revision),
      [annotations.issuedAt]: toRfc3339(tools.clock.now()),
      [annotations.issuedBy]: plan.authorityKey,
      [annotations.requestHash]: requestHash,
      [annotations.serialNumber]: leaf.serialNumber,
      [annotations.fingerprint]: leaf.fingerprint,
      [annotations.issuer]: leaf.issuer,
      [annotations.notBefore]: toRfc3339(leaf.notBefore),
      [annotations.notAfter]: toRfc3339(leaf.notAfter),
      [annotations.trust]: trustHash(caBundle),
      ...(authority?.generation !== undefined && { [annotations.caGeneration]: String(authority.generation) }),
      ...(authority?.caFingerprints[0] && { [annotations.caFingerprint]: authority.caFingerprints[0] }),
    },
    files: { ...files, 'ca.crt': caBundle },
  }
}

function releaseLine(plan: IssuePlan, { certificate }: CertificateWorld, { certificate: leaf }: IssuedCertificate) {
  const { namespace = '', name, uid = '' } = certificate.metadata
  return {
    event: 'CertificateRelease',
    object: { kind: 'Certificate', namespace, name, uid },
    authority: plan.authorityKey,
    secret: secretNameOf(certificate),
    certificate: {
      serialNumber: leaf.serialNumber,
      fingerprint: leaf.fingerprint,
      issuer: leaf.issuer,
      notAfter: toRfc3339(leaf.notAfter),
    },
    names: Object.values(plan.request.names).flat(),
    cause: plan.cause.reason,
  } as const
}

function heldNow(
  { authorityKey }: IssuePlan,
  { authority }: CertificateWorld,
  { issued, caBundle }: Signed,
  { clock }: ControllerTools,
): HeldCertificate {
  const { serialNumber, fingerprint, issuer, notBefore, notAfter } = issued.certificate
  return {
    ...{ serialNumber, fingerprint, issuer, notBefore, notAfter },
    issuedBy: authorityKey,
    issuedAt: clock.now(),
    caGeneration: authority?.generation,
    caFingerprint: authority?.caFingerprints[0],
    trust: trustHash(caBundle),
    differences: [],
  }
}

/** The register of an Authority that has one; a batch of lines is written outside of all this. */
function register(plan: IssuePlan, world: CertificateWorld, held: HeldCertificate, { tools }: ActTools): void {
  if (held.caGeneration === undefined) return
  const { commonName, names, owner } = plan.request
  const all = Object.values(names).flat()
  tools.register.record(plan.authorityKey, {
    serialNumber: held.serialNumber,
    fingerprint: held.fingerprint,
    generation: held.caGeneration,
    kind: 'Certificate',
    holder: storeKeyOf(world.certificate),
    revision: plan.revision,
    names: all.length > 0 || commonName === undefined ? all : [commonName],
    owner,
    issuedAt: held.issuedAt,
    notAfter: held.notAfter,
  })
}

/** The certificate that was in use before this one, if it was this object's: who remembers it may have it revoked. */
async function replacedBy(
  { revision }: IssuePlan,
  world: CertificateWorld,
  { issued }: Signed,
  on: ActTools,
): Promise<Earlier | undefined> {
  if (world.secret.state !== 'held') return undefined
  const { held } = world.secret
  const { serialNumber, fingerprint, issuedAt, notAfter, issuedBy, caGeneration } = held
  if (!(await wasIssuedForIt(held, { revision: revision - 1, world, issued }, on))) return undefined
  return {
    revision: revision - 1,
    ...{ serialNumber, fingerprint, issuedBy, caGeneration },
    issuedAt: toRfc3339(issuedAt),
    notAfter: toRfc3339(notAfter),
  }
}

interface Replacement {
  readonly revision: number
  readonly world: CertificateWorld
  /** What takes its place. */
  readonly issued: IssuedCertificate
}

/**
 * Whether the certificate in use was issued for this object by the Authority that its Secret names: the register knows,
 * and where there is none the certificate itself must say it.
 */
async function wasIssuedForIt(held: HeldCertificate, { revision, world, issued }: Replacement, on: ActTools) {
  const { caGeneration: generation, issuedBy: authority } = held
  if (generation === undefined) return authority === world.authorityKey && isProven(held, world, issued, on)
  const holder = storeKeyOf(world.certificate)
  const line = { ...held, authority, generation, kind: 'Certificate', holder, revision, names: [] } as const
  return on.tools.register.wasIssued(line, on.signal)
}

async function isProven(
  { fingerprint }: HeldCertificate,
  world: CertificateWorld,
  chain: IssuedCertificate,
  { tools, signal }: ActTools,
): Promise<boolean> {
  const { certificate } = world
  const key = { namespace: certificate.metadata.namespace ?? '', name: secretNameOf(certificate) }
  const secret = await readSecret(tools.client, key, signal)
  const found = secret && provenCertificate(secretFiles(secret), world, chain, tools.clock.now())
  return found?.fingerprint === fingerprint
}

type Earlier = NonNullable<CertificateStatus['earlierRevisions']>[number]
