import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { createPrivateKey } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { createSecureContext } from 'node:tls'
import { promisify } from 'node:util'
import { noon, testCa } from '#test/make'
import type { Bundle } from '../bundle.ts'
import type { KeySpec } from '../key.ts'
import { type ParsedCertificate, parseCertificates } from '../parsed-certificate.ts'
import { encodeJksKeyStore, encodeJksTrustStore } from './jks.ts'
import { encodePkcs12KeyStore, encodePkcs12TrustStore } from './pkcs12.ts'
import type { Pkcs12Profile } from './pkcs12-profile.ts'

const run = promisify(execFile)

const keySpecs = {
  ECDSA: { algorithm: 'ECDSA', size: 256 },
  RSA: { algorithm: 'RSA', size: 2048 },
  Ed25519: { algorithm: 'Ed25519', size: 255 },
  'ML-DSA': { algorithm: 'ML-DSA', size: 65 },
} satisfies Record<string, KeySpec>
type KeyName = keyof typeof keySpecs
const keyNames = Object.keys(keySpecs) as KeyName[]

const profiles: readonly Pkcs12Profile[] = ['Modern', 'ModernPBMAC1', 'Legacy3DES']
const ascii = 'p~ !"$\\ changeit'
const beyondAscii = 'pässwörd€'

/** What not every reader can have; each names the first version that can, or Infinity while none is known. */
type Feature = 'PBMAC1' | 'ML-DSA key' | 'password beyond ASCII' | '3DES by such a password'

interface Reader {
  /** What it prints its version with. */
  readonly version: readonly [command: string, ...args: string[]]
  readonly since: Partial<Record<Feature, number>>
  /** Reads the key and its chain, leaf first, as PEM; rejects when it cannot. */
  read(file: string, password: string): Promise<string>
}

const readers = {
  openssl: {
    version: ['openssl', 'version'],
    since: { PBMAC1: 3.4, 'ML-DSA key': 3.5 },
    read: (file, password) => opensslRead(file, password),
  },
  keytool: {
    version: ['keytool', '-J-version'],
    since: {
      // JDK-8343232; 25 was tried.
      PBMAC1: 26,
      // 17 knows no such keys; 25 does, and reads none that have their seed beside the expanded key (RFC 9881).
      'ML-DSA key': Number.POSITIVE_INFINITY,
      // JDK-8348732.
      'password beyond ASCII': 25,
      // 25 takes it for the MAC and for AES only.
      '3DES by such a password': Number.POSITIVE_INFINITY,
    },
    read: keytoolRead,
  },
} satisfies Record<string, Reader>

let folder: string
const bundles = new Map<KeyName, Bundle>()
const versions = new Map<Reader, number>()

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'keystore-'))
  for (const [name, key] of Object.entries(keySpecs)) bundles.set(name as KeyName, await makeBundle(key))
  for (const reader of Object.values(readers)) versions.set(reader, await versionOf(reader))
})

after(() => rm(folder, { recursive: true }))

/** Three tiers; that the last could sign too makes no difference to a store. */
async function makeBundle(key: KeySpec): Promise<Bundle> {
  const root = await testCa({ commonName: 'Root', key })
  const intermediate = await testCa({ commonName: 'Intermediate', key, parent: root })
  return testCa({ commonName: 'Leaf', key, parent: intermediate })
}

async function versionOf({ version: [command, ...args] }: Reader): Promise<number> {
  const { stdout, stderr } = await run(command, args)
  return Number(/\d+(\.\d+)?/.exec(stdout + stderr)?.[0])
}

/**
 * What the program prints; rejects with it when it fails. Passwords go by the environment: what stands on a command
 * line is seen by everybody on the machine.
 */
async function ask(command: string, args: readonly string[], password: string): Promise<string> {
  const env = { ...process.env, LC_ALL: 'C.UTF-8', STORE: password, COPY: 'changeit' }
  try {
    return (await run(command, args, { env })).stdout
  } catch (error) {
    // keytool tells what is wrong on stdout, openssl on stderr.
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string }
    throw new Error(stdout + stderr, { cause: error })
  }
}

const opensslRead = (file: string, password: string, variable = 'STORE'): Promise<string> =>
  ask('openssl', ['pkcs12', '-in', file, '-nodes', '-passin', `env:${variable}`], password)

const keytool = (args: readonly string[], password: string): Promise<string> =>
  ask('keytool', ['-J-Xshare:auto', '-J-XX:TieredStopAtLevel=1', '-J-Duser.language=en', ...args], password)

const keytoolList = (file: string, password: string): Promise<string> =>
  keytool(['-list', '-v', '-keystore', file, '-storepass:env', 'STORE'], password)

/** Java reads the store and writes one of its own, which openssl shows. */
async function keytoolRead(file: string, password: string): Promise<string> {
  const copy = `${file}.copy`
  const from = ['-srckeystore', file, '-srcstorepass:env', 'STORE']
  const to = ['-destkeystore', copy, '-deststoretype', 'PKCS12', '-deststorepass:env', 'COPY']
  await keytool(['-importkeystore', '-noprompt', ...from, ...to], password)
  return opensslRead(copy, password, 'COPY')
}

const bundleOf = (name: KeyName): Bundle => bundles.get(name) ?? assert.fail(name)

let files = 0
async function save(content: Uint8Array): Promise<string> {
  const file = join(folder, `${files++}`)
  await writeFile(file, content)
  return file
}

/** Whether all of the features can be had from this version of the reader. */
const can = (reader: Reader, features: readonly Feature[]): boolean =>
  features.every((feature) => (reader.since[feature] ?? 0) <= (versions.get(reader) ?? 0))

/** Reads the bundle out of the store, or fails to where the table says so. */
async function check(reader: Reader, file: string, password: string, bundle: Bundle, needs: readonly Feature[]) {
  if (!can(reader, needs)) return assert.rejects(reader.read(file, password), `now reads ${needs}: correct the table`)
  const pem = await reader.read(file, password)
  const { key, certificate, intermediates, roots } = bundle
  const chain = [certificate, ...intermediates, ...roots]
  assert.equal(chain.length, 3)
  assert.deepEqual(fingerprints(parseCertificates(pem)), fingerprints(chain))
  const block = /-----BEGIN PRIVATE KEY-----[^-]+-----END PRIVATE KEY-----/.exec(pem)?.[0]
  assert.ok(createPrivateKey(block ?? '').equals(key))
}

const fingerprints = (certificates: readonly ParsedCertificate[]) => certificates.map((each) => each.fingerprint)

const profileFeatures: Readonly<Record<Pkcs12Profile, readonly Feature[]>> = {
  Modern: [],
  ModernPBMAC1: ['PBMAC1'],
  Legacy3DES: [],
}

const keyFeatures = (name: KeyName): readonly Feature[] => (name === 'ML-DSA' ? ['ML-DSA key'] : [])

suite('a PKCS #12 key store', () => {
  const locks: readonly (readonly [title: string, password: string | undefined, profile: Pkcs12Profile])[] = [
    ...profiles.map((profile) => [profile, ascii, profile] as const),
    ['without a password', undefined, 'Modern'],
  ]
  for (const [title, password, profile] of locks) {
    for (const name of keyNames) {
      const store = () => encodePkcs12KeyStore({ ...bundleOf(name), alias: 'Web', password, profile })
      for (const [program, reader] of Object.entries(readers)) {
        test(`${title}, ${name}: ${program}`, async () => {
          const features = [...profileFeatures[profile], ...keyFeatures(name)]
          await check(reader, await save(await store()), password ?? '', bundleOf(name), features)
        })
      }
      test(`${title}, ${name}: OpenSSL 3.5, as it is in Node`, async () => {
        // It compares the key with the first certificate, too.
        createSecureContext({ pfx: Buffer.from(await store()), ...(password && { passphrase: password }) })
      })
    }
  }

  for (const profile of profiles) {
    test(`${profile} with a password beyond ASCII`, async () => {
      const store = await encodePkcs12KeyStore({ ...bundleOf('RSA'), alias: 'Web', password: beyondAscii, profile })
      const needs: Feature[] = [...profileFeatures[profile], 'password beyond ASCII']
      if (profile === 'Legacy3DES') needs.push('3DES by such a password')
      createSecureContext({ pfx: Buffer.from(store), passphrase: beyondAscii })
      for (const reader of Object.values(readers)) {
        await check(reader, await save(store), beyondAscii, bundleOf('RSA'), needs)
      }
    })

    test(`${profile} opens with no other password`, async () => {
      const store = await encodePkcs12KeyStore({ ...bundleOf('ECDSA'), alias: 'Web', password: ascii, profile })
      const file = await save(store)
      const refusal = profile === 'ModernPBMAC1' ? Error : /invalid password|password was incorrect/
      assert.throws(() => createSecureContext({ pfx: Buffer.from(store), passphrase: 'other' }), /mac verify failure/)
      for (const reader of Object.values(readers)) await assert.rejects(reader.read(file, 'other'), refusal)
    })
  }

  test('without roots has a chain that ends before the root', async () => {
    const { roots, ...rest } = bundleOf('ECDSA')
    const file = await save(await encodePkcs12KeyStore({ ...rest, alias: 'Web', password: ascii, profile: 'Modern' }))
    assert.match(await keytoolList(file, ascii), /chain length: 2/)
  })

  test('has one entry of the alias, whose key and leaf carry the same identifier', async () => {
    const store = { ...bundleOf('ECDSA'), alias: 'Wéb', password: ascii, profile: 'Modern' } as const
    const file = await save(await encodePkcs12KeyStore(store))
    const list = await keytoolList(file, ascii)
    assert.match(list, /contains 1 entry\n\nAlias name: wéb\n/)
    assert.match(list, /Entry type: PrivateKeyEntry\nCertificate chain length: 3\n/)
    const identifiers = (await opensslRead(file, ascii)).match(/localKeyID: .*/g)
    assert.equal(identifiers?.length, 2)
    assert.equal(identifiers?.[0], identifiers?.[1])
  })
})

suite('a PKCS #12 trust store has an entry for each root', () => {
  for (const [password, profile] of [
    ...profiles.map((each) => [ascii, each] as const),
    [undefined, 'Modern'] as const,
  ]) {
    test(password === undefined ? 'without a password' : profile, async () => {
      const [first, second] = [bundleOf('ECDSA').roots[0], bundleOf('ML-DSA').roots[0]]
      const roots = [first ?? assert.fail(), second ?? assert.fail()]
      const store = await encodePkcs12TrustStore({ roots, alias: 'Web', password, profile })
      const file = await save(store)
      const needs = profileFeatures[profile]
      if (can(readers.keytool, needs)) checkTrust(await keytoolList(file, password ?? ''), roots)
      else await assert.rejects(keytoolList(file, ascii), 'now reads PBMAC1: correct the table')
      if (can(readers.openssl, needs)) {
        const found = parseCertificates(await opensslRead(file, password ?? ''))
        assert.deepEqual(fingerprints(found), fingerprints(roots))
      }
    })
  }
})

function checkTrust(list: string, roots: Bundle['roots']): void {
  assert.deepEqual(list.match(/(?<=Alias name: ).*/g)?.sort(), ['web', 'web-1'])
  assert.equal(list.match(/Entry type: trustedCertEntry/g)?.length, roots.length, list)
  const digits = list.replaceAll(':', '').toLowerCase()
  for (const { fingerprint } of roots) assert.ok(digits.includes(fingerprint))
}

suite('a JKS key store', () => {
  for (const name of keyNames) {
    test(`${name}: keytool`, async () => {
      const store = encodeJksKeyStore({ ...bundleOf(name), alias: 'Web', password: ascii, createdAt: noon })
      await check(readers.keytool, await save(store), ascii, bundleOf(name), keyFeatures(name))
    })
  }

  test('has one entry in lower case, of its date, with the whole chain', async () => {
    const store = { ...bundleOf('ECDSA'), alias: 'Wéb', password: beyondAscii, createdAt: Date.UTC(2027, 1, 3, 12) }
    const list = await keytoolList(await save(encodeJksKeyStore(store)), beyondAscii)
    assert.match(list, /Keystore type: JKS\n/)
    assert.match(list, /Alias name: wéb\nCreation date: Feb 3, 2027\nEntry type: PrivateKeyEntry\n.*length: 3\n/)
  })

  test('opens with no other password', async () => {
    const store = encodeJksKeyStore({ ...bundleOf('ECDSA'), alias: 'Web', password: ascii, createdAt: noon })
    await assert.rejects(keytoolRead(await save(store), 'other'), /password was incorrect/)
  })
})

test('a JKS trust store has an entry for each root', async () => {
  const roots = [...bundleOf('RSA').roots, ...bundleOf('ECDSA').roots]
  const store = encodeJksTrustStore({ roots, alias: 'Web', password: ascii, createdAt: noon })
  checkTrust(await keytoolList(await save(store), ascii), roots)
})

test('no two stores are alike, for salts are random', async () => {
  const store = { ...bundleOf('ECDSA'), alias: 'Web', password: ascii, profile: 'Modern', createdAt: noon } as const
  assert.notDeepEqual(await encodePkcs12KeyStore(store), await encodePkcs12KeyStore(store))
  assert.notDeepEqual(encodeJksKeyStore(store), encodeJksKeyStore(store))
})

test('nothing of the key can be read in any store', async () => {
  const bundle = bundleOf('RSA')
  const secret = bundle.key.export({ format: 'der', type: 'pkcs8' }).subarray(-40)
  const jks = encodeJksKeyStore({ ...bundle, alias: 'Web', password: ascii, createdAt: noon })
  const pkcs12 = profiles.map((profile) => encodePkcs12KeyStore({ ...bundle, alias: 'Web', password: ascii, profile }))
  for (const store of [jks, ...(await Promise.all(pkcs12))]) assert.ok(!Buffer.from(store).includes(secret))
})
