import { annotations, type Certificate, type ObjectMeta, secretLabel } from '#api'
import type { SecretView } from './world.ts'

/** Who names a Secret: the Certificate in question, and the others, which may be many. */
export interface Claims {
  readonly own: Certificate
  readonly others: readonly Certificate[]
  /** Whether a certificate is being made for one of them at this moment. */
  readonly isIssuing: (certificate: Certificate) => boolean
}

/**
 * Why the Certificate leaves the Secret alone, or undefined when it is its own or may be made for it.
 * @param secret its metadata; undefined: there is none
 */
export function foreignness(
  claims: Claims,
  secret: ObjectMeta | undefined,
): Extract<SecretView, { state: 'foreign' }> | undefined {
  const { own } = claims
  const { metadata, spec } = own
  const name = secret?.name ?? spec.secretName ?? metadata.name
  const reserved = secret && reservedFor(secret)
  if (reserved !== undefined) {
    const why = `Secret ${name} ${reserved}. Choose another secretName`
    return { state: 'foreign', reason: 'SecretNotOurs', why }
  }
  const holder = holderOf(claims, secret)
  if (holder !== own) {
    const why =
      `Secret ${name} is that of Certificate ${holder.metadata.name}, which names it too: ` +
      'choose another secretName for one of the two'
    return { state: 'foreign', reason: 'SecretTaken', why }
  }
  const owner = secret?.annotations?.[annotations.certificate]
  if (!secret || owner === metadata.name || isOffered(own, secret)) return undefined
  const whose = owner === undefined ? 'was not made for it' : `belongs to Certificate ${owner}, which does not use it`
  return { state: 'foreign', reason: 'SecretNotOurs', why: `Secret ${name} ${whose}. ${advice(own)}` }
}

/** What a Secret is that no Certificate ever writes to. */
function reservedFor({ labels, annotations: said }: ObjectMeta): string | undefined {
  const content = labels?.[secretLabel]
  const isCa = content === 'ca' || content === 'ca-request' || said?.[annotations.authority] !== undefined
  if (isCa) return 'holds a CA key'
  return content === 'order' ? 'holds the key of an order' : undefined
}

/** Whether both agree that the Certificate takes the Secret over. */
export const isOffered = ({ spec, metadata }: Certificate, secret: ObjectMeta): boolean =>
  spec.adopt === true && secret.annotations?.[annotations.adoptBy] === metadata.name

const advice = ({ spec, metadata }: Certificate): string =>
  'Choose another secretName; or delete the Secret if nobody needs it; or have it taken over: put the annotation ' +
  `${annotations.adoptBy}: ${metadata.name} on it${spec.adopt ? '' : ', and set spec.adopt: true'}`

/**
 * Which of the Certificates has the Secret: the one that is noted on it; then the one that may take it over; then,
 * where there is none yet, the one that it is being made for; then the oldest; then the first by name.
 */
function holderOf({ own, others, isIssuing }: Claims, secret: ObjectMeta | undefined): Certificate {
  const all = [own, ...others]
  const noted = secret?.annotations?.[annotations.certificate]
  const holder =
    all.find(({ metadata }) => metadata.name === noted) ?? all.find((each) => secret && isOffered(each, secret))
  if (holder) return holder
  const staying = all.filter(({ metadata }) => metadata.deletionTimestamp === undefined)
  return (secret ? undefined : staying.find(isIssuing)) ?? staying.reduce(older, staying[0] ?? own)
}

const older = (a: Certificate, b: Certificate): Certificate => (ageOf(b) < ageOf(a) ? b : a)

const ageOf = ({ metadata }: Certificate): string => `${metadata.creationTimestamp ?? ''}/${metadata.name}`
