import { annotations, type ObjectMeta, type Secret } from '#api'
import { type Namespace, secrets } from '../namespace.ts'
import { type BadInput, type BadSpec, dataOf, put } from './bad-input.ts'

/** Stands in for a password: no log, event or status may have it. */
export const secretWord = 'correct-horse-battery'

const passwordSecret = (name: string): string => `${name}-password`
const password = (name: string): BadSpec => ({
  outputs: { pkcs12: { passwordSecretRef: { name: passwordSecret(name) } } },
})

const createPassword = (team: Namespace, name: string, values: Readonly<Record<string, string | Uint8Array>>) =>
  team.createSecret({ metadata: { name: passwordSecret(name) }, data: dataOf(values) })

/** A Certificate whose keystore has no password, as the Secret has only this. */
const unusable = (name: string, value: string | Uint8Array, message: RegExp): BadInput => ({
  name,
  before: (team) => createPassword(team, name, { password: value }),
  spec: password(name),
  reason: 'PasswordNotFound',
  message,
  mend: (team) => put(team, passwordSecret(name), { password: secretWord }),
})

const passwords: readonly BadInput[] = [
  {
    name: 'password-later',
    spec: password('password-later'),
    reason: 'PasswordNotFound',
    message: /Secret password-later-password does not exist: put the password/,
    mend: (team, name) => createPassword(team, name, { password: secretWord }),
  },
  {
    name: 'password-elsewhere',
    before: (team, name) => createPassword(team, name, { passphrase: secretWord }),
    spec: password('password-elsewhere'),
    reason: 'PasswordNotFound',
    message: /has no key password/,
    mend: (team, name) => put(team, passwordSecret(name), { password: secretWord }),
  },
  unusable('password-empty', '', /the keystore password is empty/),
  unusable('password-line-break', `${secretWord}\n`, /often it is a line break at its end/),
  unusable('password-long', secretWord.repeat(60), /has more than 1024 characters/),
  unusable('password-megabyte', secretWord.repeat(48_000), /has more than 1024 characters/),
  unusable('password-binary', Uint8Array.of(0xff, 0xfe, 0x00, 0xc3), /it is not UTF-8/),
  unusable('password-emoji', `${secretWord}🦫`, /beyond U\+FFFF/),
  {
    name: 'password-of-sifaka',
    spec: { outputs: { jks: { passwordSecretRef: { name: 'good', key: 'tls.key' } } } },
    reason: 'PasswordNotFound',
    message: /Secret good is one that Sifaka writes/,
    mend: { outputs: { jks: { passwordSecretRef: null } } },
  },
]

/** Somebody else's Secret under the name of the Certificate. */
const foreign = (secret: Partial<Secret>, metadata: Partial<ObjectMeta> = {}) => ({
  before: (team: Namespace, name: string) =>
    team.createSecret({ data: dataOf({ chart: 'web' }), ...secret, metadata: { ...metadata, name } }),
})

const removeSecret = (team: Namespace, name: string): Promise<void> => team.remove(secrets, name)
const ofHelm = {
  labels: { 'app.kubernetes.io/managed-by': 'Helm' },
  annotations: { 'meta.helm.sh/release-name': 'web', 'meta.helm.sh/release-namespace': 'web' },
}
const ofController = {
  labels: { app: 'web' },
  ownerReferences: [{ apiVersion: 'example.com/v1', kind: 'Web', name: 'web', uid: 'b9a4', controller: true }],
}
const offered = (name: string) => ({ annotations: { [annotations.adoptBy]: name } })
const pair = { type: 'kubernetes.io/tls', data: dataOf({ 'tls.crt': 'a', 'tls.key': 'b' }) }

const others: readonly BadInput[] = [
  {
    name: 'secret-of-helm',
    ...foreign({}, ofHelm),
    spec: {},
    reason: 'SecretNotOurs',
    message: /Secret secret-of-helm was not made for it, and cannot be taken over, as it is of type/,
    mend: removeSecret,
  },
  {
    name: 'secret-of-controller',
    ...foreign({}, ofController),
    spec: {},
    reason: 'SecretNotOurs',
    message: /Secret secret-of-controller was not made for it/,
    mend: { secretName: 'secret-of-ours' },
  },
  {
    name: 'adopt-without-consent',
    ...foreign(pair),
    spec: { adopt: true },
    reason: 'SecretNotOurs',
    message: /put the annotation sifaka\.dev\/adopt-by: adopt-without-consent on it\. Its key and certificate/,
    mend: (team, name) => team.patch(secrets, name, { metadata: offered(name) }),
  },
  {
    name: 'adopt-opaque',
    ...foreign({}, offered('adopt-opaque')),
    spec: { adopt: true },
    reason: 'SecretNotUsable',
    message: /Secret adopt-opaque is of type Opaque, .* of type kubernetes\.io\/tls.*Delete Secret adopt-opaque/,
    mend: removeSecret,
  },
  {
    name: 'adopt-immutable',
    ...foreign({ ...pair, immutable: true }, offered('adopt-immutable')),
    spec: { adopt: true },
    reason: 'SecretNotUsable',
    message: /Secret adopt-immutable is immutable/,
    mend: removeSecret,
  },
  {
    name: 'adopt-ca',
    before: (team, name) => team.patch(secrets, 'ca-ca-1', { metadata: offered(name) }),
    spec: { adopt: true, secretName: 'ca-ca-1' },
    reason: 'SecretTaken',
    message: /Secret ca-ca-1 is where a CA key of Authority ca lies/,
    mend: { secretName: null },
  },
  {
    name: 'secret-of-order',
    spec: { secretName: 'ordered-pending' },
    reason: 'SecretTaken',
    message: /Secret ordered-pending is where the key of an order of Certificate ordered lies/,
    mend: { secretName: null },
  },
  {
    name: 'secret-taken',
    spec: { secretName: 'good' },
    reason: 'SecretTaken',
    message: /Secret good is that of Certificate good,/,
    mend: { secretName: null },
  },
]

/** Makes the Certificate's Secret anew as one of another type, with all that was in it, before Sifaka can make it. */
async function retype(team: Namespace, name: string): Promise<void> {
  const { metadata, data = {} } = await team.secret(name)
  const { labels = {}, annotations: said = {} } = metadata
  await team.changeSpec(name, { suspend: true })
  await team.certificateReady(name)
  await team.remove(secrets, name)
  await team.createSecret({ metadata: { name, labels, annotations: said }, type: 'Opaque', data })
  await team.changeSpec(name, { suspend: null, dnsNames: ['new.example.com'] })
}

const wide = (names: number, value: string) =>
  Object.fromEntries(Array.from({ length: names }, (_, index) => [`example.com/note-${index}`, value]))

const own: readonly BadInput[] = [
  {
    name: 'own-opaque',
    spec: {},
    spoil: retype,
    reason: 'SecretNotUsable',
    message: /Secret own-opaque is of type Opaque, .* of type kubernetes\.io\/tls.*Delete Secret own-opaque/,
    mend: removeSecret,
  },
  {
    name: 'own-immutable',
    spec: {},
    async spoil(team, name) {
      await team.patch(secrets, name, { immutable: true })
      await team.changeSpec(name, { dnsNames: ['new.example.com'] })
    },
    reason: 'SecretNotUsable',
    message: /Secret own-immutable is immutable\. Delete Secret own-immutable/,
    mend: removeSecret,
  },
  {
    name: 'own-immutable-template',
    spec: {},
    shownIn: 'Issuing',
    async spoil(team, name) {
      await team.patch(secrets, name, { immutable: true })
      await team.changeSpec(name, { secretTemplate: { labels: { team: 'shop' } } })
    },
    reason: 'SecretNotUsable',
    message: /Secret own-immutable-template is immutable/,
    mend: { secretTemplate: null },
  },
  {
    name: 'template-key',
    spec: { secretTemplate: { annotations: { 'a..b/note': 'x' } } },
    reason: 'KubernetesRefused',
    message: /a\.\.b\/note/,
    mend: { secretTemplate: null },
  },
  {
    name: 'template-large',
    spec: { secretTemplate: { annotations: wide(32, '🦫'.repeat(4096)) } },
    reason: 'KubernetesRefused',
    message: /may not be more than 262144 bytes/,
    mend: { secretTemplate: null },
  },
]

const revocations: readonly BadInput[] = [
  {
    name: 'suspended',
    spec: { suspend: true, revocation: { serials: ['00a1'] } },
    reason: 'Suspended',
    message: /set spec\.suspend to false/,
    mend: { suspend: null, revocation: null },
  },
  {
    name: 'revokes-others',
    spec: { revocation: { serials: ['00a1'] } },
    shownIn: 'Revoked',
    reason: 'NotRevocable',
    message: /00a1/,
    mend: { revocation: null },
  },
]

/** Secrets that are not there, not ours, or nothing to write to. */
export const badSecrets: readonly BadInput[] = [...passwords, ...others, ...own, ...revocations]
