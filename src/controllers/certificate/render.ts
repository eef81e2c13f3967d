import { type KeyObject, randomBytes } from 'node:crypto'
import type { CertificateSpec } from '#api'
import type { Clock } from '#base'
import {
  combinedPem,
  derFiles,
  encodeJksKeyStore,
  encodeJksTrustStore,
  encodePkcs12KeyStore,
  encodePkcs12TrustStore,
  type KeyEncoding,
  type ParsedCertificate,
} from '#pki'
import { generatedPasswordKey, needsGeneratedPassword } from '#plan'
import type { SecretFiles } from '../own-secret.ts'
import type { NamedPasswords } from './passwords.ts'

/** What outputs are made of. */
export interface Ingredients {
  /** Undefined where it is kept elsewhere. */
  readonly key: KeyObject | undefined
  readonly encoding: KeyEncoding
  readonly certificate: ParsedCertificate
  readonly intermediates: readonly ParsedCertificate[]
  /** All that are to be trusted. */
  readonly roots: readonly ParsedCertificate[]
  readonly passwords: NamedPasswords
  /** The password that was made before; undefined: none was. */
  readonly generated: string | undefined
}

const defaultAlias = 'certificate'
const passwordOctets = 24

/**
 * The files of the outputs that are asked for, and the password made for them, which stays the same from one
 * certificate to the next.
 * @throws PkiError
 */
export async function renderOutputs(
  outputs: NonNullable<CertificateSpec['outputs']>,
  made: Ingredients,
  clock: Clock,
): Promise<SecretFiles> {
  const { pkcs12, jks, der, combinedPEM } = outputs
  const { key, certificate, intermediates, encoding, passwords } = made
  const generated = needsGeneratedPassword(outputs) ? (made.generated ?? newPassword()) : undefined
  const own = generated === undefined ? {} : { [generatedPasswordKey]: generated }
  const named = { pkcs12: passwords.pkcs12?.password.expose(), jks: passwords.jks?.password.expose() }
  return {
    ...own,
    ...(key && pkcs12 && (await pkcs12Files(key, pkcs12, made, named.pkcs12 ?? generated))),
    ...(key && jks && jksFiles(key, jks, made, { password: named.jks ?? generated ?? '', createdAt: clock.now() })),
    ...(der && derFiles({ certificate, ...(key && { key }) })),
    ...(key && combinedPEM && { 'tls-combined.pem': combinedPem({ key, certificate, intermediates }, encoding) }),
  }
}

/** The password that was made before, among the files of a Secret; one that we cannot have made is none. */
export function generatedPasswordIn(files: Readonly<Record<string, string>>): string | undefined {
  const found = files[generatedPasswordKey]
  return found !== undefined && /^[A-Za-z0-9_-]{32}$/.test(found) ? found : undefined
}

const newPassword = (): string => randomBytes(passwordOctets).toString('base64url')

type Wanted = NonNullable<CertificateSpec['outputs']>

async function pkcs12Files(
  key: KeyObject,
  { profile = 'Modern', password: kind, alias = defaultAlias }: NonNullable<Wanted['pkcs12']>,
  { certificate, intermediates, roots }: Ingredients,
  secret: string | undefined,
): Promise<SecretFiles> {
  const lock = { profile, password: kind === 'None' ? undefined : secret }
  return {
    'keystore.p12': await encodePkcs12KeyStore({ key, certificate, intermediates, roots, alias, ...lock }),
    'truststore.p12': await encodePkcs12TrustStore({ roots, alias, ...lock }),
  }
}

function jksFiles(
  key: KeyObject,
  { alias = defaultAlias }: NonNullable<Wanted['jks']>,
  { certificate, intermediates, roots }: Ingredients,
  lock: { readonly password: string; readonly createdAt: number },
): SecretFiles {
  return {
    'keystore.jks': encodeJksKeyStore({ key, certificate, intermediates, roots, alias, ...lock }),
    'truststore.jks': encodeJksTrustStore({ roots, alias, ...lock }),
  }
}
