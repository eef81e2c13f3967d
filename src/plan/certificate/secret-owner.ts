import { type Authority, annotations, type Certificate, type ObjectMeta, secretLabel } from '#api'
import { isCaSecretName } from '../authority/names.ts'
import { secretNameOf } from './names.ts'
import { whyUnfit } from './secret-content.ts'
import type { SecretForm, SecretView } from './world.ts'

/** Who names a Secret: the Certificate in question, and the others, which may be many. */
export interface Claims {
  readonly own: Certificate
  readonly others: readonly Certificate[]
  /** Authorities of the namespace; at least those whose CA keys are in Secrets with such a name. */
  readonly authorities: readonly Authority[]
  /** Certificates that a Secret of that name is for when something is ordered for them. */
  readonly orderers: readonly Certificate[]
  /** Whether a certificate is being made for one of them at this moment. */
  readonly isIssuing: (certificate: Certificate) => boolean
}

type Foreign = Extract<SecretView, { state: 'foreign' }>

/**
 * Why the Certificate leaves the Secret alone, or undefined when it is its own or may be made for it.
 * @param secret undefined: there is none
 */
export function foreignness(
  claims: Claims,
  secret: { readonly metadata: ObjectMeta; readonly form: SecretForm } | undefined,
): Foreign | undefined {
  const { own } = claims
  const taken = takenFrom(claims, secret?.metadata)
  if (taken || !secret || isOwn(own, secret.metadata) || isOffered(own, secret.metadata)) return taken
  const { metadata, form } = secret
  const owner = metadata.annotations?.[annotations.certificate]
  const whose = owner === undefined ? 'was not made for it' : `belongs to Certificate ${owner}, which does not use it`
  return { state: 'foreign', reason: 'SecretNotOurs', why: `Secret ${metadata.name} ${whose}${advice(own, form)}` }
}

/** The part of it that metadata alone tell: whether the Secret is for somebody else, now or later. */
export function takenFrom(claims: Claims, secret: ObjectMeta | undefined): Foreign | undefined {
  const { own } = claims
  const name = secretNameOf(own)
  const reserved = secret && reservedFor(secret)
  // What it has it keeps, whoever comes later.
  const isKept = secret !== undefined && reserved === undefined && isOwn(own, secret)
  const key = isKept ? undefined : keyNamedLike(claims, name)
  if (key !== undefined) {
    const why = `Secret ${name} is where ${key} lies, or will lie when there is one: choose another secretName`
    return { state: 'foreign', reason: 'SecretTaken', why }
  }
  if (reserved !== undefined) {
    const why = `Secret ${name} ${reserved}. Choose another secretName`
    return { state: 'foreign', reason: 'SecretNotOurs', why }
  }
  const holder = holderOf(claims, secret) ?? own
  if (holder === own) return undefined
  const why =
    `Secret ${name} is that of Certificate ${holder.metadata.name}, which names it too: ` +
    'choose another secretName for one of the two'
  return { state: 'foreign', reason: 'SecretTaken', why }
}

/** Whether the Secret was made for the Certificate, or has become its own. */
export const isOwn = ({ metadata }: Certificate, secret: ObjectMeta): boolean =>
  secret.annotations?.[annotations.certificate] === metadata.name

/** The key that Sifaka itself has in a Secret of that name, by the rules for such names. */
function keyNamedLike({ own, authorities, orderers }: Claims, name: string): string | undefined {
  const authority = authorities.find((each) => isCaSecretName(each, name))
  if (authority) return `a CA key of Authority ${authority.metadata.name}`
  const [orderer] = orderers
  if (!orderer) return undefined
  const whose =
    orderer.metadata.name === own.metadata.name ? 'this Certificate' : `Certificate ${orderer.metadata.name}`
  return `the key of an order of ${whose}`
}

/**
 * Why a Secret that Sifaka needs for itself cannot be had, and what to do.
 * @param purpose what it is for, such as `a CA key of Authority ca`
 */
export function whyInTheWay({ name, annotations: said = {} }: ObjectMeta, purpose: string): string {
  const { [annotations.certificate]: certificate, [annotations.authority]: authority } = said
  const found = `Secret ${name} is needed for ${purpose}, and`
  if (authority !== undefined) return `${found} was made for Authority ${authority}: back it up before you delete it`
  return certificate === undefined
    ? `${found} was not made for it: delete it if nobody needs it`
    : `${found} is that of Certificate ${certificate}: choose another secretName there, and delete it then`
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

/** What becomes of what a Secret holds that is taken over. */
const fate =
  'Its key and certificate are replaced then, unless they satisfy the spec and the CA of the Authority has signed ' +
  'the certificate; with privateKey.rotation Never a key that satisfies the spec stays'
const fateWithoutKey =
  'Its certificate is replaced then, unless it satisfies the spec and the CA of the Authority has signed it'

/** What to do about a Secret of somebody else's; how it may be taken over, where it can be. */
function advice({ spec, metadata }: Certificate, form: SecretForm): string {
  const otherwise = 'Choose another secretName; or delete the Secret if nobody needs it'
  const unfit = whyUnfit(form, spec)
  if (unfit !== undefined) return `, and cannot be taken over, as it ${unfit}. ${otherwise}`
  const mark = `put the annotation ${annotations.adoptBy}: ${metadata.name} on it`
  const agreement = spec.adopt ? mark : `${mark}, and set spec.adopt: true`
  return `. ${otherwise}; or have it taken over: ${agreement}. ${spec.csr === undefined ? fate : fateWithoutKey}`
}

/**
 * Which of the Certificates has the Secret, the same whichever of them asks: the one that is noted on it; then the one
 * that may take it over; then, where there is none yet, the one that it is being made for; then the oldest; then the
 * first by name. Undefined: all of them are going.
 */
export function holderOf(
  { own, others, isIssuing }: Pick<Claims, 'own' | 'others' | 'isIssuing'>,
  secret: ObjectMeta | undefined,
): Certificate | undefined {
  const all = [own, ...others]
  const noted = secret?.annotations?.[annotations.certificate]
  const holder =
    all.find(({ metadata }) => metadata.name === noted) ?? all.find((each) => secret && isOffered(each, secret))
  if (holder) return holder
  const staying = all.filter(({ metadata }) => metadata.deletionTimestamp === undefined)
  const served = secret ? [] : staying.filter(isIssuing)
  return oldestOf(served.length > 0 ? served : staying)
}

function oldestOf([first, ...others]: readonly Certificate[]): Certificate | undefined {
  return first && others.reduce((a, b) => (ageOf(b) < ageOf(a) ? b : a), first)
}

const ageOf = ({ metadata }: Certificate): string => `${metadata.creationTimestamp ?? ''}/${metadata.name}`
