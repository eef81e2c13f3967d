import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import type { KeyObject } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { promisify } from 'node:util'
import fc from 'fast-check'
import { decryptCms, encryptCms } from './cms.ts'
import { PkiError } from './error.ts'
import { generateKey, parsePrivateKey } from './key.ts'
import { type ParsedCertificate, parseCertificate } from './parsed-certificate.ts'
import { encodePem } from './pem.ts'

const run = promisify(execFile)

/** Each recipient with the arguments that make its key. */
const algorithms = {
  rsa: ['rsa:2048'],
  'other-rsa': ['rsa:2048'],
  p256: ['ec', '-pkeyopt', 'ec_paramgen_curve:P-256'],
  'other-p256': ['ec', '-pkeyopt', 'ec_paramgen_curve:P-256'],
  p384: ['ec', '-pkeyopt', 'ec_paramgen_curve:P-384'],
  p521: ['ec', '-pkeyopt', 'ec_paramgen_curve:P-521'],
}
type Name = keyof typeof algorithms
const names = Object.keys(algorithms) as Name[]

const content = Buffer.from('{"keys":"all of them"}\n'.repeat(100))
const certificates = new Map<string, ParsedCertificate>()
const keys = new Map<string, KeyObject>()
let folder: string

const openssl = (...args: readonly string[]) => run('openssl', args, { cwd: folder })

async function makeRecipient(name: string, algorithm: readonly string[]): Promise<ParsedCertificate> {
  const files = ['-keyout', `${name}.key`, '-out', `${name}.pem`]
  await openssl('req', '-x509', '-nodes', '-newkey', ...algorithm, '-subj', `/CN=${name}`, ...files)
  return parseCertificate(await readFile(join(folder, `${name}.pem`), 'utf8'))
}

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cms-'))
  for (const [name, algorithm] of Object.entries(algorithms)) {
    certificates.set(name, await makeRecipient(name, algorithm))
    keys.set(name, parsePrivateKey(await readFile(join(folder, `${name}.key`), 'utf8')))
  }
})

after(() => rm(folder, { recursive: true }))

const keyOf = (name: Name): KeyObject => keys.get(name) ?? assert.fail(name)
const encryptTo = (...to: readonly Name[]): string =>
  encryptCms(
    content,
    to.map((name) => certificates.get(name) ?? assert.fail(name)),
  )

const derOf = (pem: string): Buffer => Buffer.from(pem.replace(/-----.*-----/g, ''), 'base64')

const refusal = (reason: string, about: RegExp) => (error: unknown) =>
  error instanceof PkiError && error.kind === 'Terminal' && error.reason === reason && about.test(error.message)

suite('what is encrypted to all recipients is read by each of them', () => {
  for (const name of names) {
    test(`${name}, here`, () => assert.deepEqual(decryptCms(encryptTo(...names), keyOf(name)), content))

    test(`${name}, by openssl with nothing but the key`, async () => {
      const [file, out] = [`to-all-for-${name}.cms`, `${name}.out`]
      await writeFile(join(folder, file), encryptTo(...names))
      await openssl('cms', '-decrypt', '-inform', 'PEM', '-in', file, '-inkey', `${name}.key`, '-out', out)
      assert.deepEqual(await readFile(join(folder, out)), content)
    })
  }
})

suite('what openssl has encrypted is read', () => {
  const options: readonly [name: Name, keyOptions: readonly string[]][] = [
    ['rsa', ['rsa_padding_mode:oaep', 'rsa_oaep_md:sha256']],
    ['p256', ['ecdh_kdf_md:sha256']],
    ['p521', ['ecdh_kdf_md:sha256']],
  ]
  for (const [name, keyOptions] of options) {
    test(name, async () => {
      const source = `${name}.in`
      await writeFile(join(folder, source), content)
      const to = ['-recip', `${name}.pem`, ...keyOptions.flatMap((option) => ['-keyopt', option])]
      const form = ['-binary', '-aes-256-gcm', '-outform', 'PEM', '-in', source]
      const { stdout } = await openssl('cms', '-encrypt', ...form, ...to)
      assert.deepEqual(decryptCms(stdout, keyOf(name)), content)
    })
  }

  test('but not what could be altered unnoticed', async () => {
    await writeFile(join(folder, 'plain'), content)
    const form = ['-binary', '-aes-256-cbc', '-outform', 'PEM', '-in', 'plain']
    const { stdout } = await openssl('cms', '-encrypt', ...form, '-recip', 'p256.pem')
    assert.throws(() => decryptCms(stdout, keyOf('p256')), refusal('InvalidCms', /and not AuthEnvelopedData/))
  })
})

test('the same content never looks the same twice', () => {
  assert.notEqual(encryptTo('p256'), encryptTo('p256'))
})

test('a key of somebody else opens nothing', async () => {
  for (const [to, other] of [
    ['rsa', 'other-rsa'],
    ['p256', 'other-p256'],
    ['p256', 'p384'],
    ['rsa', 'p256'],
  ] as const) {
    assert.throws(() => decryptCms(encryptTo(to), keyOf(other)), refusal('InvalidCms', /none of its 1 recipients has/))
  }
  const key = await generateKey({ algorithm: 'Ed25519', size: 255 })
  assert.throws(() => decryptCms(encryptTo('p256'), key), refusal('InvalidCms', /none of its 1 recipients/))
})

suite('refuses recipients', () => {
  const weak: readonly [name: string, algorithm: readonly string[], about: RegExp][] = [
    ['rsa-1024', ['rsa:1024'], /key of CN=rsa-1024 \(rsa with 1024 bits\): use RSA with at least 2048 bits, or EC/],
    ['ed25519', ['ed25519'], /\(ed25519\): use RSA/],
    ['secp256k1', ['ec', '-pkeyopt', 'ec_paramgen_curve:secp256k1'], /\(secp256k1\): use RSA/],
  ]
  for (const [name, algorithm, about] of weak) {
    test(name, async () => {
      const recipient = await makeRecipient(name, algorithm)
      assert.throws(() => encryptCms(content, [recipient]), refusal('InvalidCertificate', about))
    })
  }

  test('none at all', () => assert.throws(() => encryptTo(), refusal('InvalidCms', /between 1 and 100 recipients/)))
})

suite('refuses, with a reason,', () => {
  const larger = Buffer.alloc(8 * 1024 * 1024 + 1)
  const key = () => keyOf('p256')
  test('a text without CMS', () => {
    assert.throws(() => decryptCms('a shopping list', key()), refusal('InvalidCms', /holds no PEM block CMS/))
  })
  test('a text that is cut off', () => {
    assert.throws(() => decryptCms(encryptTo('p256').slice(0, 900), key()), refusal('InvalidCms', /BEGIN and an END/))
  })
  test('DER that is cut off', () => {
    const pem = encodePem(derOf(encryptTo('p256')).subarray(0, -40), 'CMS')
    assert.throws(() => decryptCms(pem, key()), refusal('InvalidCms', /it may be cut off/))
  })
  test('an altered content', () => {
    const der = derOf(encryptTo('p256'))
    der.writeUInt8(der.readUInt8(der.length - 40) ^ 1, der.length - 40)
    assert.throws(() => decryptCms(encodePem(der, 'CMS'), key()), refusal('InvalidCms', /it was altered/))
  })
  test('what is too large, in both directions', () => {
    const recipient = certificates.get('p256') ?? assert.fail()
    assert.throws(() => encryptCms(larger, [recipient]), refusal('InvalidCms', /more than 8 MiB/))
    assert.throws(
      () => decryptCms(' '.repeat(16 * 1024 * 1024 + 1), key()),
      refusal('InvalidCms', /larger than 16 MiB/),
    )
    const largest = larger.subarray(1)
    assert.ok(decryptCms(encryptCms(largest, [recipient]), key()).equals(largest))
  })
})

test('whatever is altered, it is refused as a failure or reads as it was', () => {
  const original = derOf(encryptTo('p256', 'rsa'))
  const places = fc.array(fc.tuple(fc.nat(original.length - 1), fc.integer({ min: 1, max: 255 })), { minLength: 1 })
  const lengths = fc.oneof(fc.constant(original.length), fc.nat(original.length))
  fc.assert(
    fc.property(places, lengths, fc.constantFrom<Name>('p256', 'rsa'), (changes, length, name) => {
      const der = Buffer.from(original)
      for (const [place, mask] of changes) der.writeUInt8(der.readUInt8(place) ^ mask, place)
      try {
        assert.deepEqual(decryptCms(encodePem(der.subarray(0, length), 'CMS'), keyOf(name)), content)
      } catch (error) {
        assert.ok(error instanceof PkiError, `${error}`)
      }
    }),
    { numRuns: 300 },
  )
})
