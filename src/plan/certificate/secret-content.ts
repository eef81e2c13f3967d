import { annotations, type CertificateSpec, type ObjectMeta, type SecretTemplate, secretLabel } from '#api'
import { Failure, type Instant, plainText, terminal } from '#base'
import { type Applied, parseApplied } from '../applied.ts'
import { trustHash } from '../authority/generations.ts'
import type { Finding } from '../condition.ts'
import { refreshedTooOften } from './brake.ts'
import { areOutputsRight, outputsHash } from './outputs.ts'
import type { CertificateWorld, HeldCertificate, SecretForm } from './world.ts'

/** Brings all of a Secret that is beside the certificate in line, in one write: label, template, roots, outputs. */
export interface RefreshPlan {
  readonly do: 'refresh'
  readonly metadata: ObjectMeta
  /** PEM of the roots to trust; undefined: those in ca.crt stay. */
  readonly caBundle: string | undefined
  readonly outputs: OutputsStep
}

/** What happens to the outputs; `hash` is of what they are to be made of. */
export type OutputsStep = { readonly as: 'kept' | 'removed' } | { readonly as: 'rendered'; readonly hash: string }

/** Keys of the Secret's data that hold key, certificate and roots. */
export const certificateKeys = ({ csr }: Pick<CertificateSpec, 'csr'>): readonly string[] => [
  ...(csr === undefined ? ['tls.key'] : []),
  'tls.crt',
  'ca.crt',
]

/** Labels and annotations that we have set on the Secret and that the template does not have any more. */
export function staleMarks(
  metadata: ObjectMeta,
  { labels = {}, annotations: said = {} }: SecretTemplate = {},
): Pick<Applied, 'labels' | 'annotations'> {
  const applied = parseApplied(metadata.annotations?.[annotations.applied])
  return {
    labels: applied.labels.filter((name) => !Object.hasOwn(labels, name)),
    annotations: applied.annotations.filter((name) => !Object.hasOwn(said, name)),
  }
}

/** What is to be brought in line beside the certificate, if anything is. */
export function planRefresh(world: CertificateWorld): RefreshPlan | undefined {
  const { secret, certificate } = world
  if (secret.state !== 'held') return undefined
  const { metadata, held } = secret
  const caBundle = newRoots(world, held)
  const outputs = outputsStep(world, withRoots(held, caBundle))
  const isMarked = metadata.labels?.[secretLabel] === 'certificate' && hasTemplate(metadata, certificate.spec)
  if (isMarked && caBundle === undefined && outputs.as === 'kept') return undefined
  return { do: 'refresh', metadata, caBundle, outputs }
}

/**
 * Whether it matters which passwords the spec names. Outputs of what is being deleted are left; those of what is
 * suspended follow all but a password.
 */
export function needsPasswords(
  world: Pick<CertificateWorld, 'certificate' | 'secret' | 'authority' | 'authorityKey'>,
): boolean {
  const { certificate, secret } = world
  if (certificate.metadata.deletionTimestamp !== undefined) return false
  if (!certificate.spec.suspend) return true
  if (secret.state !== 'held') return false
  const { held } = secret
  return !areOutputsRight({ certificate, passwords: undefined }, withRoots(held, newRoots(world, held)))
}

/** PEM of the roots that `ca.crt` is to have; undefined: those that it has. */
function newRoots(
  { authority, authorityKey }: Pick<CertificateWorld, 'authority' | 'authorityKey'>,
  held: HeldCertificate,
): string | undefined {
  // Another Authority's roots do not verify it.
  const today = held.issuedBy === authorityKey ? authority?.caBundle : undefined
  return !today || held.trust === trustHash(today) ? undefined : today
}

const withRoots = (held: HeldCertificate, caBundle: string | undefined): HeldCertificate =>
  caBundle === undefined ? held : { ...held, trust: trustHash(caBundle) }

function outputsStep(world: CertificateWorld, held: HeldCertificate): OutputsStep {
  const hash = outputsHash(world, held)
  if (hash instanceof Failure || areOutputsRight(world, held)) return { as: 'kept' }
  return hash === undefined ? { as: 'removed' } : { as: 'rendered', hash }
}

function hasTemplate(metadata: ObjectMeta, { secretTemplate: template = {} }: CertificateSpec): boolean {
  const stale = staleMarks(metadata, template)
  if (stale.labels.length + stale.annotations.length > 0) return false
  const applied = parseApplied(metadata.annotations?.[annotations.applied])
  return (['labels', 'annotations'] as const).every((kind) =>
    Object.entries(template[kind] ?? {}).every(
      ([name, value]) => metadata[kind]?.[name] === value && applied[kind].includes(name),
    ),
  )
}

/** In what the outputs are not those that the spec asks for. */
export function outputsWanting(world: CertificateWorld): Finding | undefined {
  const { secret } = world
  if (secret.state !== 'held') return undefined
  if (areOutputsRight(world, secret.held)) return undefined
  const hash = outputsHash(world, secret.held)
  if (hash instanceof Failure) return { reason: 'PasswordNotFound', message: hash.message }
  return {
    reason: 'RequestChanged',
    message: `the outputs in Secret ${secret.metadata.name} are not those of the spec`,
  }
}

/** What keeps a Secret from being brought in line now. */
export function whyNotRefreshed(world: CertificateWorld, now: Instant): Failure | undefined {
  const immutable = whyImmutable(world)
  if (immutable !== undefined) return terminal('SecretNotUsable', immutable)
  const { failure, nextAttemptAt = now } = world.refreshFailure ?? {}
  return nextAttemptAt > now ? failure : refreshedTooOften(world, now)
}

/** What the API server refuses the Secret; undefined: nothing, or what is wanted of it is wanted no more. */
export function refusedRefresh(world: CertificateWorld): Failure | undefined {
  const { failure } = world.refreshFailure ?? {}
  return failure && !isUnanswered(failure) && planRefresh(world) ? failure : undefined
}

/** An API server that has not answered, or that somebody else was faster at, is nothing that a user could mend. */
export const isUnanswered = ({ reason }: Failure): boolean => reason === 'KubernetesUnavailable'

/** Why nothing of a Secret can be changed. */
function whyImmutable(world: CertificateWorld): string | undefined {
  const { form, name } = formOf(world)
  if (!form?.isImmutable) return undefined
  return `Secret ${name} is immutable. ${makeAnew(name)}`
}

/** Why no certificate can be put into the Secret although it is ours to write to. */
export function whyUnusable(world: CertificateWorld): string | undefined {
  const { form, name } = formOf(world)
  const unfit = form && whyUnfit(form, world.certificate.spec)
  return unfit === undefined ? undefined : `Secret ${name} ${unfit}. ${makeAnew(name)}`
}

/** What of a Secret keeps any certificate for the spec out of it, to go on after its name. */
export function whyUnfit({ type, isImmutable }: SecretForm, spec: Pick<CertificateSpec, 'csr'>): string | undefined {
  const wanted = secretTypeFor(spec)
  if (type === wanted) return isImmutable ? 'is immutable' : undefined
  const because = spec.csr === undefined ? 'key and certificate go' : 'a certificate without its key goes'
  const isSaid = `is of type ${plainText(type, 100)}, and ${because} into one of type ${wanted}`
  return `${isSaid}; the type of a Secret cannot be changed`
}

/** The type of a Secret: one of type kubernetes.io/tls without tls.key is refused by the API server. */
export const secretTypeFor = ({ csr }: Pick<CertificateSpec, 'csr'>): SecretForm['type'] =>
  csr === undefined ? 'kubernetes.io/tls' : 'Opaque'

const makeAnew = (name: string): string =>
  `Delete Secret ${name}, and it is made anew with another certificate; or choose another secretName`

const formOf = ({ secret }: CertificateWorld) =>
  'metadata' in secret ? { form: secret.form, name: secret.metadata.name } : ({ form: undefined, name: '' } as const)
