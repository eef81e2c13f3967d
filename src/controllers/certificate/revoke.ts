import { type Backoff, type Failure, hour, isFailure, second, terminal, toRfc3339, waiting } from '#base'
import { type Issuer, passedReason } from '#issuers'
import { storeKeyOf } from '#kube'
import type { ParsedCertificate } from '#pki'
import { type CertificateWorld, type OwnCertificate, type RevokePlan, retryAt, secretNameOf } from '#plan'
import { belongsInStatus } from '../belongs-in-status.ts'
import { readSecret, secretFiles } from '../own-secret.ts'
import { failureOf } from './failure-of.ts'
import { inputVersion } from './input-version.ts'
import { provenCertificate } from './proven.ts'
import { identityOf } from './revocation-memory.ts'
import type { ActTools, Report } from './visit.ts'

/** A key that has leaked is not left for a minute because an authority stumbled. */
const revocationBackoff: Backoff = { firstMs: 5 * second, maxMs: 8 * hour }

type Revoked = NonNullable<OwnCertificate['revoked']>

/** A certificate that the authority has revoked, or could not. */
type Answer =
  | { readonly certificate: OwnCertificate; readonly revoked: Revoked }
  | { readonly certificate: OwnCertificate; readonly error: unknown }

/**
 * Revokes certificates: an audit line, then the authority, then the register, which has it stored. May end after any
 * line: an authority does not mind being asked again, and what the register knows is not asked again.
 */
export async function revoke(plan: RevokePlan, world: CertificateWorld, on: ActTools): Promise<Report> {
  const accepted = await askAuthorities(plan, world, on)
  const answers = await Promise.all(accepted.map((answer) => noteInRegister(answer, on)))
  const revoked = answers.flatMap((answer) =>
    'revoked' in answer ? [{ ...answer.certificate, revoked: answer.revoked }] : [],
  )
  const errors = answers.flatMap((answer) => ('error' in answer ? [answer] : []))
  const untold = errors.find(({ error }) => !belongsInStatus(error, on.signal))
  // What has been revoked must get into the status first.
  if (untold && revoked.length === 0) throw untold.error
  const told = errors.filter(({ error }) => belongsInStatus(error, on.signal))
  const failure = noteFailures(told, world, on)
  return { outcome: { result: 'revoked', certificates: revoked, failure }, world: afterwards(world, revoked, on) }
}

/** One after the other, up to the first that may be tried again: the others would fail in the same way. */
async function askAuthorities(plan: RevokePlan, world: CertificateWorld, on: ActTools): Promise<Answer[]> {
  const answers: Answer[] = []
  for (const certificate of plan.certificates) {
    try {
      answers.push({ certificate, revoked: await askAuthority(certificate, plan, world, on) })
    } catch (error) {
      answers.push({ certificate, error })
      if (!isFailure(error) || error.kind !== 'Terminal') break
    }
  }
  return answers
}

async function askAuthority(
  certificate: OwnCertificate,
  plan: RevokePlan,
  world: CertificateWorld,
  on: ActTools,
): Promise<Revoked> {
  const { tools, directory, signal } = on
  const { authorityKey, serialNumber } = certificate
  const authority = directory.find(authorityKey, world.certificate.metadata.namespace ?? '')
  if (!authority) throw waiting('AuthorityNotFound', `Authority ${authorityKey} has just gone`, second)
  const issuer = directory.issuerOf(authority)
  const description = issuer.describe()
  const { revoke: impossible } = description.unsupported
  if (impossible !== undefined) throw terminal('NotRevocable', `Authority ${authorityKey} cannot revoke: ${impossible}`)
  const reason = passedReason(description, plan.reason)
  const proof = certificate.generation === undefined ? await proofOf(certificate, world, issuer, on) : undefined
  tools.audit.append(auditEntry(certificate, { ...plan, reason }, world))
  await issuer.revoke({ serialNumber, reason, ...(proof && { certificate: proof }) }, signal)
  return { at: Math.floor(tools.clock.now() / second) * second, reason }
}

/**
 * The certificate itself, where it is the one in use of an authority without a register; one of before is in the status
 * because it was proven when it was replaced.
 * @throws Failure Terminal `NotRevocable` when it is not this object's
 */
async function proofOf(
  { serialNumber, authorityKey }: OwnCertificate,
  world: CertificateWorld,
  issuer: Issuer,
  { tools, signal }: ActTools,
): Promise<ParsedCertificate | undefined> {
  const { certificate, secret } = world
  if (secret.state !== 'held' || secret.held.serialNumber !== serialNumber) return undefined
  const key = { namespace: certificate.metadata.namespace ?? '', name: secretNameOf(certificate) }
  const read = await readSecret(tools.client, key, signal)
  const chain = await issuer.caChain(signal)
  const found = read && provenCertificate(secretFiles(read), world, chain, tools.clock.now())
  if (found?.serialNumber === serialNumber) return found
  const message = `the certificate in Secret ${key.name} was not issued for it by Authority ${authorityKey}`
  throw terminal('NotRevocable', `${message}: only its own certificates can be revoked`)
}

/** Resolves when the register has it stored. */
async function noteInRegister(answer: Answer, { tools }: ActTools): Promise<Answer> {
  if ('error' in answer) return answer
  const { certificate, revoked } = answer
  const { generation, serialNumber } = certificate
  if (generation === undefined) return answer
  try {
    const entry = await tools.register.revoke(certificate.authorityKey, { generation, serialNumber }, revoked)
    return { certificate, revoked: entry.revoked ?? revoked }
  } catch (error) {
    return { certificate, error }
  }
}

/** Remembers what will not be tried again and when the rest is; the failure that a person should hear of. */
function noteFailures(
  errors: readonly { readonly certificate: OwnCertificate; readonly error: unknown }[],
  world: CertificateWorld,
  { tools, revocations }: ActTools,
): Failure | undefined {
  const key = storeKeyOf(world.certificate)
  const version = inputVersion(world)
  const failures = errors.map(({ certificate, error }) => {
    return { certificate, failure: failureOf(error, 'revoking', world.certificate, tools) }
  })
  for (const { certificate, failure } of failures) {
    if (failure.kind === 'Terminal') revocations.noteRefusal(key, version, certificate, failure)
  }
  const passing = failures.find(({ failure }) => failure.kind !== 'Terminal')?.failure
  if (passing) {
    const now = tools.clock.now()
    revocations.failed.note(key, version, passing, (attempts) =>
      retryAt(passing, revocationBackoff, attempts, now, tools.random()),
    )
  } else {
    revocations.failed.forget(key)
  }
  return passing ?? failures[0]?.failure
}

/** The world with what has been revoked and with what failed. */
function afterwards(
  world: CertificateWorld,
  revoked: readonly OwnCertificate[],
  { revocations }: ActTools,
): CertificateWorld {
  const { certificates } = world.revocation ?? {}
  if (!certificates || isFailure(certificates)) return world
  const key = storeKeyOf(world.certificate)
  const version = inputVersion(world)
  const done = new Map(revoked.map((each) => [identityOf(each), each]))
  const now = certificates.map((each) => ({
    ...(done.get(identityOf(each)) ?? each),
    refused: revocations.refusal(key, version, each),
  }))
  return { ...world, revocation: { certificates: now, lastFailure: revocations.failed.last(key, version) } }
}

function auditEntry(
  { authorityKey, serialNumber, fingerprint, notAfter, generation }: OwnCertificate,
  { reason, comment }: Pick<RevokePlan, 'reason' | 'comment'>,
  { certificate }: CertificateWorld,
) {
  const { namespace = '', name, uid = '', deletionTimestamp } = certificate.metadata
  return {
    event: 'CertificateRevoked',
    object: { kind: 'Certificate', namespace, name, uid },
    authority: authorityKey,
    certificate: { serialNumber, fingerprint, notAfter: toRfc3339(notAfter) },
    ...(generation !== undefined && { caGeneration: generation }),
    holder: storeKeyOf(certificate),
    reason,
    ...(comment !== undefined && { comment }),
    cause: deletionTimestamp === undefined ? 'spec.revocation' : 'spec.deletionPolicy.revoke',
  } as const
}
