import { type Certificate, type Secret, secretLabel } from '#api'
import { Failure, isFailure, keyOf, minute, Sensitive, waiting } from '#base'
import { checkedPassword } from '#pki'
import { type NamedPassword, type NamedPasswords, secretNameOf } from '#plan'
import { readSecret } from '../own-secret.ts'
import type { ObserveTools } from './visit.ts'

/** How soon to look for a password again, should nothing tell of it. */
const recheckMs = 10 * minute
const defaultKey = 'password'

/** Where a password is, as a spec has it. */
interface PasswordRef {
  readonly name: string
  readonly key?: string | undefined
}

type Refs = Partial<Record<keyof NamedPasswords, PasswordRef>>

/** `namespace/name` of the Secrets that a Certificate takes passwords from. */
export const passwordSecretKeys = ({ metadata: { namespace = '' }, spec }: Certificate): readonly string[] =>
  Object.values(refsIn(spec)).map(({ name }) => keyOf({ namespace, name }))

function refsIn({ outputs }: Certificate['spec']): Refs {
  const [pkcs12, jks] = [outputs?.pkcs12?.passwordSecretRef, outputs?.jks?.passwordSecretRef]
  return { ...(pkcs12 && { pkcs12 }), ...(jks && { jks }) }
}

/** The passwords that a Certificate names Secrets for, read anew each time; a Failure when one is not to be had. */
export async function readPasswords(
  certificate: Certificate,
  { tools, signal }: Pick<ObserveTools, 'tools' | 'signal'>,
): Promise<NamedPasswords | Failure> {
  const { namespace = '' } = certificate.metadata
  const refs = Object.entries(refsIn(certificate.spec)) as [keyof NamedPasswords, PasswordRef][]
  const found: [string, NamedPassword][] = []
  for (const [output, ref] of refs) {
    if (ref.name === secretNameOf(certificate)) return missing(ref, 'is the one that the keystores go into')
    const secret = await readSecret(tools.client, { namespace, name: ref.name }, signal)
    const password = passwordIn(secret, ref)
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
    return { version: `${metadata.uid}/${metadata.resourceVersion}/${key}`, password }
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
