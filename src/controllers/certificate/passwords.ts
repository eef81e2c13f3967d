import { type Certificate, type ObjectMeta, type Secret, secretLabel } from '#api'
import { canonicalJson, Failure, isFailure, keyOf, minute, Sensitive, waiting } from '#base'
import { storeKeyOf } from '#kube'
import { checkedPassword } from '#pki'
import { type CertificateWorld, needsPasswords, type PasswordVersions, secretNameOf } from '#plan'
import { readSecret } from '../own-secret.ts'
import type { ObserveTools } from './visit.ts'

/** How soon to look for a password again, should nothing tell of it. */
const recheckMs = 10 * minute
const defaultKey = 'password'

/** A password that was found, and which one that is. */
interface NamedPassword {
  readonly version: string
  readonly password: Sensitive<string>
}

/** The passwords that a spec names Secrets for, by the output that they are for. */
export type NamedPasswords = Partial<Record<keyof PasswordVersions, NamedPassword>>

/** Where a password is, as a spec has it. */
interface PasswordRef {
  readonly name: string
  readonly key?: string | undefined
}

type Refs = Partial<Record<keyof PasswordVersions, PasswordRef>>

/** Metadata of the Secrets that passwords are taken from, by name; undefined where there is none. */
type Sources = ReadonlyMap<string, ObjectMeta | undefined>

/** `namespace/name` of the Secrets that a Certificate takes passwords from, while something depends on them. */
export function passwordSecretKeys({ certificate, passwords }: CertificateWorld): readonly string[] {
  const { namespace = '' } = certificate.metadata
  return passwords ? sourcesOf(certificate).map((name) => keyOf({ namespace, name })) : []
}

/** Names of others' Secrets with passwords. */
function sourcesOf(certificate: Certificate): readonly string[] {
  const names = new Set(Object.values(refsIn(certificate.spec)).map(({ name }) => name))
  return [...names].filter((name) => name !== secretNameOf(certificate))
}

function refsIn({ outputs }: Certificate['spec']): Refs {
  const [pkcs12, jks] = [outputs?.pkcs12?.passwordSecretRef, outputs?.jks?.passwordSecretRef]
  return { ...(pkcs12 && { pkcs12 }), ...(jks && { jks }) }
}

/**
 * Which passwords a Certificate takes, or why they are not to be had; undefined while nothing depends on them. Their
 * Secrets are read only if what was found in them last may be out of date.
 */
export async function observePasswords(
  world: Pick<CertificateWorld, 'certificate' | 'secret' | 'authority' | 'authorityKey'>,
  on: ObserveTools,
): Promise<CertificateWorld['passwords']> {
  const { certificate } = world
  if (Object.keys(refsIn(certificate.spec)).length === 0) return {}
  if (!needsPasswords(world)) return undefined
  const watched = watchedSources(certificate, on)
  const known = watched && on.passwords.recall(storeKeyOf(certificate), questionOf(certificate, watched))
  if (known) return known
  return versionsOf(await readPasswords(certificate, on))
}

/**
 * The passwords of this moment, which may be others than a plan was made for, or why they are not to be had. What is
 * made with them counts as made of their versions: the next visit sees whether those are still right.
 */
export async function readPasswords(
  certificate: Certificate,
  on: Pick<ObserveTools, 'tools' | 'passwords' | 'signal'>,
): Promise<NamedPasswords | Failure> {
  if (Object.keys(refsIn(certificate.spec)).length === 0) return {}
  const secrets = await readSources(certificate, on)
  const found = passwordsIn(certificate, secrets)
  const sources = new Map([...secrets].map(([name, secret]) => [name, secret?.metadata]))
  on.passwords.remember(storeKeyOf(certificate), questionOf(certificate, sources), versionsOf(found))
  return found
}

/** What a plan is to know of passwords that were read. */
export const versionsOf = (found: NamedPasswords | Failure): PasswordVersions | Failure =>
  found instanceof Failure
    ? found
    : Object.fromEntries(Object.entries(found).map(([output, { version }]) => [output, version]))

/** What the watches say of the Secrets; undefined where one is not watched. */
function watchedSources(certificate: Certificate, { namedSecrets }: ObserveTools): Sources | undefined {
  const { namespace = '' } = certificate.metadata
  const found = sourcesOf(certificate).map((name) => ({ name, seen: namedSecrets.seen(keyOf({ namespace, name })) }))
  if (found.some(({ seen }) => seen === undefined)) return undefined
  return new Map(found.map(({ name, seen }) => [name, seen?.metadata]))
}

async function readSources(
  certificate: Certificate,
  { tools, signal }: Pick<ObserveTools, 'tools' | 'signal'>,
): Promise<ReadonlyMap<string, Secret | undefined>> {
  const { namespace = '' } = certificate.metadata
  const read = async (name: string) => [name, await readSecret(tools.client, { namespace, name }, signal)] as const
  return new Map(await Promise.all(sourcesOf(certificate).map(read)))
}

/** All that decides about what is found: what is asked for, and the versions of the Secrets. */
const questionOf = (certificate: Certificate, sources: Sources): string =>
  canonicalJson([
    secretNameOf(certificate),
    refsIn(certificate.spec),
    [...sources].map(([, each]) => secretVersion(each)),
  ])

const secretVersion = (metadata: ObjectMeta | undefined): string => `${metadata?.uid}/${metadata?.resourceVersion}`

function passwordsIn(
  certificate: Certificate,
  secrets: ReadonlyMap<string, Secret | undefined>,
): NamedPasswords | Failure {
  const found: [string, NamedPassword][] = []
  for (const [output, ref] of Object.entries(refsIn(certificate.spec))) {
    const isItsOwn = ref.name === secretNameOf(certificate)
    const password = isItsOwn
      ? missing(ref, 'is the one that the keystores go into')
      : passwordIn(secrets.get(ref.name), ref)
    if (password instanceof Failure) return password
    found.push([output, password])
  }
  return Object.fromEntries(found)
}

function passwordIn(secret: Secret | undefined, ref: PasswordRef): NamedPassword | Failure {
  if (!secret) return missing(ref, 'does not exist')
  const { key = defaultKey } = ref
  const { metadata, data } = secret
  // One of ours changes whenever its certificate does, which could be because of this one.
  if (metadata.labels?.[secretLabel] !== undefined) return missing(ref, 'is one that Sifaka writes')
  const value = data?.[key]
  if (value === undefined) return missing(ref, `has no key ${key}`)
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.from(value, 'base64'))
    const password = new Sensitive(checkedPassword(text))
    return { version: `${secretVersion(metadata)}/${key}`, password }
  } catch (error) {
    return missing(ref, `has no usable password under ${key}: ${isFailure(error) ? error.message : 'it is not UTF-8'}`)
  }
}

const missing = ({ name, key = defaultKey }: PasswordRef, why: string): Failure =>
  waiting(
    'PasswordNotFound',
    `Secret ${name} ${why}: put the password of the keystores under ${key} in a Secret of your own and name that in ` +
      'passwordSecretRef',
    recheckMs,
  )
