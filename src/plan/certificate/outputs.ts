import { createHash } from 'node:crypto'
import { annotations, type Certificate, type CertificateSpec, type ObjectMeta } from '#api'
import { canonicalJson, Failure } from '#base'
import type { CertificateWorld, HeldCertificate } from './world.ts'

/** Key of a Secret's data: the password of its keystores that Sifaka has made. */
export const generatedPasswordKey = 'keystore-password'

type Outputs = CertificateSpec['outputs']

const keystores = {
  pkcs12: ['keystore.p12', 'truststore.p12'],
  jks: ['keystore.jks', 'truststore.jks'],
} as const

/** The keys of the Secret's data that hold the outputs, and the password that is made for them. */
export function outputKeys({ outputs = {}, csr }: Pick<CertificateSpec, 'outputs' | 'csr'>): readonly string[] {
  const { pkcs12, jks, der, combinedPEM } = outputs
  return [
    ...(pkcs12 ? keystores.pkcs12 : []),
    ...(jks ? keystores.jks : []),
    ...(der ? ['tls.der'] : []),
    ...(der && csr === undefined ? ['key.der'] : []),
    ...(combinedPEM ? ['tls-combined.pem'] : []),
    ...(needsGeneratedPassword(outputs) ? [generatedPasswordKey] : []),
  ]
}

/** Whether an output is closed by a password that Sifaka makes. */
export const needsGeneratedPassword = ({ pkcs12, jks }: NonNullable<Outputs>): boolean =>
  (pkcs12 !== undefined && pkcs12.password !== 'None' && !pkcs12.passwordSecretRef) ||
  (jks !== undefined && !jks.passwordSecretRef)

type Needed = Pick<CertificateWorld, 'certificate' | 'passwords'>
type Content = Pick<HeldCertificate, 'fingerprint' | 'trust'>

/**
 * Hash of all that the outputs beside a certificate are made of; undefined when none are asked for, a Failure when a
 * password for them is not to be had.
 */
export function outputsHash({ certificate, passwords = {} }: Needed, of: Content): string | undefined | Failure {
  const content = contentHash(certificate, of)
  if (content === undefined) return undefined
  return passwords instanceof Failure ? passwords : `${content}-${hashOf(passwords)}`
}

/**
 * Whether the outputs found are those that are asked for beside a certificate. A password that is not known counts as
 * the one that they were made with.
 */
export function areOutputsRight(world: Needed, held: Content & Pick<HeldCertificate, 'outputs'>): boolean {
  const { certificate, passwords } = world
  if (passwords && !(passwords instanceof Failure)) return held.outputs === outputsHash(world, held)
  return held.outputs?.split('-')[0] === contentHash(certificate, held)
}

/** Hash of what is in the outputs, their passwords apart. */
function contentHash({ spec: { outputs, csr } }: Certificate, { fingerprint, trust }: Content): string | undefined {
  if (outputKeys({ outputs, csr }).length === 0) return undefined
  // Roots are in trust stores only.
  const roots = outputs?.pkcs12 || outputs?.jks ? trust : undefined
  return hashOf({ outputs, fingerprint, roots })
}

/** The annotation of outputs that were made of what has this hash; `data` are their values in base64. */
export const outputsMark = (hash: string, data: Readonly<Record<string, string>>): string => `${hash}.${hashOf(data)}`

/** Hash of what the outputs of a Secret were made of, by its annotation; undefined where there are none. */
export const outputsSaid = ({ annotations: said }: ObjectMeta): string | undefined =>
  said?.[annotations.outputs]?.split('.')[0]

/** The same, or an empty text when the values, in base64, are not those that were written. */
export function outputsFound(
  metadata: ObjectMeta,
  written: readonly string[],
  data: Readonly<Record<string, string>>,
): string | undefined {
  const mark = metadata.annotations?.[annotations.outputs]
  if (mark === undefined) return undefined
  const isOutput = (name: string): boolean => everyOutputKey.includes(name)
  const found = Object.fromEntries(written.filter(isOutput).map((name) => [name, data[name] ?? '']))
  const said = outputsSaid(metadata) ?? ''
  return mark === outputsMark(said, found) ? said : ''
}

const everyOutputKey = outputKeys({ outputs: { pkcs12: {}, jks: {}, der: {}, combinedPEM: {} } })

const hashOf = (value: unknown): string => createHash('sha256').update(canonicalJson(value)).digest('hex').slice(0, 16)
