import { annotations, type CertificateSpec, type ObjectMeta, type SecretTemplate, secretLabel } from '#api'
import { Failure, type Instant, minute, terminal, toRfc3339, waiting } from '#base'
import { type Applied, parseApplied } from '../applied.ts'
import { trustHash } from '../authority/generations.ts'
import type { Finding } from '../condition.ts'
import { outputsHash } from './outputs.ts'
import type { CertificateWorld, SecretForm } from './world.ts'

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
  const { secret, authority, authorityKey, certificate } = world
  if (secret.state !== 'held') return undefined
  const { metadata, held } = secret
  // Another Authority's roots do not verify it.
  const today = held.issuedBy === authorityKey ? authority?.caBundle : undefined
  const caBundle = !today || held.trust === trustHash(today) ? undefined : today
  const outputs = outputsStep(world, caBundle)
  const isMarked = metadata.labels?.[secretLabel] === 'certificate' && hasTemplate(metadata, certificate.spec)
  if (isMarked && caBundle === undefined && outputs.as === 'kept') return undefined
  return { do: 'refresh', metadata, caBundle, outputs }
}

function outputsStep(world: CertificateWorld, caBundle: string | undefined): OutputsStep {
  const { secret } = world
  if (secret.state !== 'held') return { as: 'kept' }
  const { held } = secret
  const hash = outputsHash(world, { ...held, ...(caBundle !== undefined && { trust: trustHash(caBundle) }) })
  if (hash instanceof Failure || hash === held.outputs) return { as: 'kept' }
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
  const hash = outputsHash(world, secret.held)
  if (hash instanceof Failure) return { reason: 'PasswordNotFound', message: hash.message }
  if (hash === secret.held.outputs) return undefined
  return {
    reason: 'RequestChanged',
    message: `the outputs in Secret ${secret.metadata.name} are not those of the spec`,
  }
}

/** Changes to one Secret, beside those of its certificate, within the time of the brake. */
const refreshesMax = 10
const brakeMs = 10 * minute

/** What keeps a Secret from being brought in line. */
export function whyNotRefreshed(world: CertificateWorld, now: Instant): Failure | undefined {
  const immutable = whyImmutable(world)
  if (immutable !== undefined) return terminal('SecretNotUsable', immutable)
  const oldest = world.refreshedLately.filter((at) => at > now - brakeMs).at(-refreshesMax)
  if (oldest === undefined) return undefined
  const again = oldest + brakeMs
  const message =
    `somebody else changes what Sifaka sets on the Secret: it was put right ${refreshesMax} times within ` +
    `${brakeMs / minute} minutes, the next time at ${toRfc3339(again)}. Look who writes to it (kubectl get secret ` +
    '--show-managed-fields)'
  return waiting('SecretContested', message, again - now)
}

/** Why nothing of a Secret can be changed. */
function whyImmutable(world: CertificateWorld): string | undefined {
  const { form, name } = formOf(world)
  if (!form?.isImmutable) return undefined
  return `Secret ${name} is immutable. ${makeAnew(name)}`
}

/** Why no certificate can be put into the Secret although it is ours to write to. */
export function whyUnusable(world: CertificateWorld): string | undefined {
  const { form, name } = formOf(world)
  const { csr } = world.certificate.spec
  const wanted = secretTypeFor(world.certificate.spec)
  if (!form || form.type === wanted) return whyImmutable(world)
  const because = csr === undefined ? 'key and certificate go' : 'a certificate without its key goes'
  const isSaid = `Secret ${name} is of type ${form.type.slice(0, 100)}, and ${because} into one of type ${wanted}`
  return `${isSaid}; the type of a Secret cannot be changed. ${makeAnew(name)}`
}

/** The type of a Secret: one of type kubernetes.io/tls without tls.key is refused by the API server. */
export const secretTypeFor = ({ csr }: Pick<CertificateSpec, 'csr'>): SecretForm['type'] =>
  csr === undefined ? 'kubernetes.io/tls' : 'Opaque'

const makeAnew = (name: string): string =>
  `Delete Secret ${name}, and it is made anew with another certificate; or choose another secretName`

const formOf = ({ secret }: CertificateWorld) =>
  'metadata' in secret ? { form: secret.form, name: secret.metadata.name } : ({ form: undefined, name: '' } as const)
