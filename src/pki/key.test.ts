import assert from 'node:assert/strict'
import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { test } from 'node:test'
import { PkiError } from './error.ts'
import { checkPublicKey, encodePrivateKey, generateKey, keySatisfies, parsePrivateKey, sameKey } from './key.ts'
import { algorithmNames, traitsOf } from './key-algorithm.ts'
import { keySigner } from './signer.ts'

const invalidKey = (about: RegExp) => (error: unknown) =>
  error instanceof PkiError && error.kind === 'Terminal' && error.reason === 'InvalidKey' && about.test(error.message)

const pkcs8 = (pair: { privateKey: KeyObject }): string =>
  pair.privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()

test('keys of every algorithm survive each of their encodings', async () => {
  for (const algorithm of algorithmNames) {
    const { sizes, encodings } = traitsOf(algorithm)
    for (const size of sizes.filter((each) => each < 3000)) {
      const key = await generateKey({ algorithm, size })
      for (const encoding of encodings) {
        const read = parsePrivateKey(encodePrivateKey(key, encoding))
        assert.ok(sameKey(key, read), `${algorithm} ${size} ${encoding}`)
        assert.ok(keySatisfies(read, { algorithm, size }))
        assert.ok(keySatisfies(createPublicKey(read), { algorithm, size }))
      }
    }
  }
})

test('a key satisfies only its own algorithm and size', async () => {
  const key = await generateKey({ algorithm: 'ECDSA', size: 256 })
  assert.equal(keySatisfies(key, { algorithm: 'ECDSA', size: 384 }), false)
  assert.equal(keySatisfies(key, { algorithm: 'RSA', size: 256 }), false)
  assert.equal(sameKey(key, await generateKey({ algorithm: 'ECDSA', size: 256 })), false)
})

test('what cannot be made is refused', async () => {
  await assert.rejects(generateKey({ algorithm: 'RSA', size: 1024 }), invalidKey(/2048, 3072, 4096/))
  await assert.rejects(generateKey({ algorithm: 'ECDSA', size: 255 }), invalidKey(/256, 384, 521/))
  const key = await generateKey({ algorithm: 'ECDSA', size: 256 })
  assert.throws(() => encodePrivateKey(key, 'PKCS1'), invalidKey(/PKCS1/))
})

test('what is no usable private key is refused with its reason', () => {
  const passphrase = { format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' } as const
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const good = pkcs8(generateKeyPairSync('ec', { namedCurve: 'P-256' }))
  const table: [string, string, RegExp][] = [
    ['empty', '', /not the PEM text/],
    ['garbage', 'a'.repeat(1000), /not the PEM text/],
    ['too large', good + ' '.repeat(17_000), /larger than/],
    ['truncated', good.slice(0, 100), /not the PEM text/],
    ['public key', rsa.publicKey.export({ format: 'pem', type: 'spki' }).toString(), /not the PEM text/],
    ['encrypted PKCS #8', rsa.privateKey.export({ ...passphrase, type: 'pkcs8' }).toString(), /encrypted/],
    ['encrypted PKCS #1', rsa.privateKey.export({ ...passphrase, type: 'pkcs1' }).toString(), /encrypted/],
    ['1024 bits', pkcs8(generateKeyPairSync('rsa', { modulusLength: 1024 })), /fewer than 2048/],
    ['another curve', pkcs8(generateKeyPairSync('ec', { namedCurve: 'secp256k1' })), /secp256k1/],
    ['another algorithm', pkcs8(generateKeyPairSync('x25519')), /x25519/],
  ]
  for (const [name, pem, about] of table) assert.throws(() => parsePrivateKey(pem), invalidKey(about), name)
})

test('an RSA public key of 16384 bits is refused before it is used', () => {
  const modulus = Buffer.alloc(2048, 0xff).toString('base64url')
  const key = createPublicKey({ key: { kty: 'RSA', n: modulus, e: 'AQAB' }, format: 'jwk' })
  assert.throws(() => checkPublicKey(key, 'InvalidKey'), invalidKey(/16384 bits/))
})

test('a key whose halves do not belong together does not become a signer', () => {
  const [a, b] = [0, 1].map(() => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey)
  const secret = (key: typeof a): Buffer => Buffer.from(key?.export({ format: 'jwk' }).d ?? '', 'base64url')
  const mixed = Buffer.from(a?.export({ format: 'der', type: 'pkcs8' }) ?? '')
  secret(b).copy(mixed, mixed.indexOf(secret(a)))
  const pem = `-----BEGIN PRIVATE KEY-----\n${mixed.toString('base64')}\n-----END PRIVATE KEY-----\n`
  assert.throws(() => keySigner(parsePrivateKey(pem)), invalidKey(/damaged|not the PEM text/))
})
