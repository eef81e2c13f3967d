import { annotations, type PartialObject } from '#api'
import { Failure, keyOf, toRfc3339 } from '#base'
import type { IssuedCertificate } from '#issuers'
import { storeKeyOf } from '#kube'
import { encodeBundle, encodeCertificates, parseCertificates } from '#pki'
import {
  type CertificateOutcome,
  type CertificateWorld,
  type EarlierRevision,
  earlierRevision,
  type HeldCertificate,
  type IssuePlan,
  identityMarks,
  needsGeneratedPassword,
  outputsHash,
  outputsMark,
  secretNameOf,
  secretTypeFor,
  trustHash,
} from '#plan'
import {
  base64Of,
  createSecret,
  type OwnSecret,
  readSecret,
  replaceSecret,
  type SecretFiles,
  secretFiles,
} from '../own-secret.ts'
import type { ControllerTools } from '../tools.ts'
import { type NamedPasswords, readPasswords, versionsOf } from './passwords.ts'
import { provenCertificate } from './proven.ts'
import { registerHeld } from './register-held.ts'
import { generatedPasswordIn, renderOutputs } from './render.ts'
import type { Signed } from './signed.ts'
import type { ActTools, Report } from './visit.ts'

/** A certificate and what its outputs are closed with. */
interface Made extends Signed {
  readonly passwords: NamedPasswords
}

/**
 * Writes a certificate into the Secret, and remembers it.
 * @param sign gives one that has been let through; called once the passwords are there, so that none is signed in vain
 */
export async function complete(
  plan: IssuePlan,
  planned: CertificateWorld,
  sign: () => Signed | Promise<Signed>,
  on: ActTools,
): Promise<Report> {
  const passwords = await readPasswords(planned.certificate, on)
  const world = { ...planned, passwords: versionsOf(passwords) }
  // The same as when the plan finds that they are not to be had: no attempt was made.
  if (passwords instanceof Failure) {
    return { outcome: { result: 'failed', failure: passwords, nextAttemptAt: undefined }, world }
  }
  const signed = { ...(await sign()), passwords }
  const replaced = await replacedBy(plan, world, signed, on)
  const held = heldNow(plan, world, signed, on.tools)
  const { metadata } = await store(plan, world, signed, held, on)
  on.memory.noteIssued(storeKeyOf(world.certificate))
  registerHeld(held, { revision: plan.revision, world }, on.tools)
  const outcome: CertificateOutcome = { result: 'issued', remark: remarkOn(plan, signed), replaced }
  return { outcome, world: { ...world, secret: { state: 'held', metadata, held }, isRevoked: false } }
}

/** In what the certificate is not what was asked for; undefined when it is. */
function remarkOn({ shortened }: IssuePlan, { decided }: Signed): string | undefined {
  const other =
    decided.length > 0 ? `the authority decided otherwise than was asked for: ${decided.join('; ')}` : undefined
  const remarks = [shortened, other].filter((each) => each !== undefined)
  return remarks.length > 0 ? remarks.join('; ') : undefined
}

/** Writes key, certificate, chain and outputs in one write, after the audit line that says so. */
async function store(
  plan: IssuePlan,
  world: CertificateWorld,
  signed: Made,
  held: HeldCertificate,
  on: ActTools,
): Promise<PartialObject> {
  const { tools, memory, signal } = on
  const { metadata } = world.certificate
  const name = { namespace: metadata.namespace ?? '', name: secretNameOf(world.certificate) }
  const own = await secretOf(plan, world, signed, held, on)
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

async function secretOf(
  plan: IssuePlan,
  world: CertificateWorld,
  signed: Made,
  held: HeldCertificate,
  on: ActTools,
): Promise<OwnSecret> {
  const { certificate, requestHash } = world
  const { key, caBundle } = signed
  const { certificate: leaf, intermediates, roots } = signed.issued
  const chain = { 'tls.crt': encodeCertificates([leaf, ...intermediates]) }
  const files = key ? encodeBundle({ key, certificate: leaf, intermediates, roots }, plan.request.encoding) : chain
  const rendered = held.outputs === undefined ? {} : await outputsOf(plan, world, signed, on)
  const { name } = certificate.metadata
  const identity = { id: plan.id ?? on.tools.randomId(), revision: plan.revision, requestHash, name }
  return {
    content: 'certificate',
    type: secretTypeFor(certificate.spec),
    annotations: {
      ...identityMarks(held, identity),
      ...(held.outputs !== undefined && { [annotations.outputs]: outputsMark(held.outputs, base64Of(rendered)) }),
    },
    template: certificate.spec.secretTemplate,
    files: { ...files, 'ca.crt': caBundle, ...rendered },
  }
}

/** A password that was made for the outputs before is in the Secret that is replaced. */
async function outputsOf(
  { replaces, request }: IssuePlan,
  world: CertificateWorld,
  { key, caBundle, issued, passwords }: Made,
  on: ActTools,
): Promise<SecretFiles> {
  const { tools, signal } = on
  const { outputs = {} } = world.certificate.spec
  const { name = '', namespace = '' } = replaces ?? {}
  const isRead = replaces !== undefined && needsGeneratedPassword(outputs)
  const secret = isRead ? await readSecret(tools.client, { namespace, name }, signal) : undefined
  const generated = secret && generatedPasswordIn(secretFiles(secret))
  const roots = parseCertificates(caBundle)
  const { encoding } = request
  const { certificate: leaf, intermediates } = issued
  const made = { key, encoding, certificate: leaf, intermediates, roots, passwords, generated }
  return renderOutputs(outputs, made, tools.clock)
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
  world: CertificateWorld,
  { issued, caBundle }: Signed,
  { clock }: ControllerTools,
): HeldCertificate {
  const { serialNumber, fingerprint, issuer, notBefore, notAfter } = issued.certificate
  const trust = trustHash(caBundle)
  const outputs = outputsHash(world, { fingerprint, trust })
  // What was asked for cannot be made without its password.
  if (outputs instanceof Failure) throw outputs
  return {
    ...{ serialNumber, fingerprint, issuer, notBefore, notAfter },
    issuedBy: authorityKey,
    issuedAt: clock.now(),
    caGeneration: world.authority?.generation,
    caFingerprint: world.authority?.caFingerprints[0],
    trust,
    outputs,
    differences: [],
  }
}

/** The certificate that was in use before this one, if it was this object's: who remembers it may have it revoked. */
async function replacedBy(
  { revision }: IssuePlan,
  world: CertificateWorld,
  { issued }: Signed,
  on: ActTools,
): Promise<EarlierRevision | undefined> {
  if (world.secret.state !== 'held') return undefined
  const { held } = world.secret
  const isOwn = await wasIssuedForIt(held, { revision: revision - 1, world, issued }, on)
  return isOwn ? earlierRevision(revision - 1, held) : undefined
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
