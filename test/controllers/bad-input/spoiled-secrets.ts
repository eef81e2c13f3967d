import type { Authority, CertificateSpec, Secret } from '#api'
import { type Namespace, textOf } from '../namespace.ts'
import { pem } from './der.ts'
import { disguisedKey, encryptedKey, rsaKey } from './foreign-keys.ts'

/** What somebody puts into a Secret of ours. */
export interface Spoiled {
  /** Also the name of the Certificate. */
  readonly name: string
  readonly spec?: Partial<CertificateSpec>
  readonly values: (own: Secret, team: Namespace) => Promise<Readonly<Record<string, string | Uint8Array>>>
  /** What the spec says from then on. */
  readonly change?: object
  /** Whether the certificate stays, as only what lies beside it was spoiled. */
  readonly isKept?: boolean
}

const spoiled = (name: string, values: Readonly<Record<string, string | Uint8Array>>): Spoiled => ({
  name,
  values: async () => values,
})

const filesOf = (secret: Secret, ...keys: readonly string[]): Readonly<Record<string, string>> =>
  Object.fromEntries(
    (keys.length === 0 ? ['tls.key', 'tls.crt', 'ca.crt'] : keys).map((key) => [key, textOf(secret, key)]),
  )

const fromOther = (name: string, ...keys: readonly string[]): Spoiled => ({
  name,
  values: async (_, team) => filesOf(await team.secret('good'), ...keys),
})

const megabyte = 900_000

/** Keys that nobody may work with: nothing is decrypted, and no key that is too large is used. */
export const costlyKeys: readonly Spoiled[] = [
  spoiled('key-encrypted', { 'tls.key': encryptedKey() }),
  spoiled('key-disguised', { 'tls.key': disguisedKey() }),
  spoiled('key-encrypted-never', { 'tls.key': encryptedKey() }),
  spoiled('key-rsa-16384', { 'tls.key': rsaKey(16_384) }),
].map((each) => (each.name.endsWith('never') ? { ...each, spec: { privateKey: { rotation: 'Never' } } } : each))

/** What heals without anybody's help. */
export const spoiledSecrets: readonly Spoiled[] = [
  spoiled('crt-megabyte', { 'tls.crt': 'x'.repeat(megabyte) }),
  spoiled('crt-one-block', { 'tls.crt': pem(Buffer.alloc(600_000), 'CERTIFICATE') }),
  {
    name: 'crt-many',
    values: async (own) => ({ 'tls.crt': textOf(own, 'tls.crt').repeat(megabyte / textOf(own, 'tls.crt').length) }),
  },
  spoiled('crt-empty', { 'tls.crt': '' }),
  fromOther('crt-of-another', 'tls.crt'),
  { ...fromOther('pair-of-another', 'tls.crt', 'tls.key'), spec: { dnsNames: ['pair.example.com'] } },
  {
    name: 'all-of-another-ca',
    spec: { dnsNames: ['www.example.org'] },
    values: async (_, team) => filesOf(await team.secret('of-another-ca')),
  },
  spoiled('key-binary', { 'tls.key': Buffer.alloc(1024, 0xff) }),
  spoiled('key-megabyte', { 'tls.key': 'x'.repeat(megabyte) }),
  fromOther('key-of-another', 'tls.key'),
  {
    name: 'key-never',
    spec: { privateKey: { rotation: 'Never' } },
    values: async () => ({ 'tls.key': 'damaged' }),
    change: { privateKey: { algorithm: 'RSA' } },
  },
  {
    isKept: true,
    name: 'roots-of-another',
    async values(_, team) {
      const { status }: Authority = await team.authority('strict')
      return { 'ca.crt': status?.caBundle ?? '' }
    },
  },
  spoiled('roots-megabyte', { 'ca.crt': 'x'.repeat(megabyte) }),
  {
    isKept: true,
    ...spoiled('keystore-megabyte', { 'keystore.p12': 'x'.repeat(megabyte) }),
    spec: { outputs: { pkcs12: {} } },
  },
  { isKept: true, ...spoiled('keystore-password', { 'keystore-password': '' }), spec: { outputs: { pkcs12: {} } } },
]
