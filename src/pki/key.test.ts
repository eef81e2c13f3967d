import assert from 'node:assert/strict'
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { test } from 'node:test'
import { day } from '#base'
import { verifyChain } from './chain.ts'
import { implicit, integer, octetString, sequence } from './der.ts'
import { PkiError } from './error.ts'
import { checkPublicKey, encodePrivateKey, generateKey, keySatisfies, parsePrivateKey, sameKey } from './key.ts'
import { algorithmNames, defaultKeySize, traitsOf } from './key-algorithm.ts'
import { parseCertificate } from './parsed-certificate.ts'
import { encodePem } from './pem.ts'
import { newSerialNumber, signRoot } from './sign.ts'
import { mlDsa } from './signature-algorithm.ts'
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

test('a private key is read in every form in which OpenSSL writes it', async () => {
  const read = (contents: Uint8Array, size: 44 | 65 | 87): KeyObject => {
    const der = sequence(integer(Uint8Array.of(0)), mlDsa(size).identifier, octetString(contents))
    return parsePrivateKey(encodePem(der, 'PRIVATE KEY'))
  }
  for (const [size, privateOctets, publicOctets] of [
    [44, 2560, 1312],
    [65, 4032, 1952],
    [87, 4896, 2592],
  ] as const) {
    const key = await generateKey({ algorithm: 'ML-DSA', size })
    const der = key.export({ format: 'der', type: 'pkcs8' })
    const secret = der.subarray(-privateOctets)
    const seed = der.subarray(-privateOctets - 36, -privateOctets - 4)
    const open = createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(-publicOctets)
    const forms = [
      sequence(octetString(seed), octetString(secret)),
      octetString(secret),
      implicit(0, seed),
      seed,
      secret,
      octetString(Buffer.concat([secret, open])),
    ]
    for (const form of forms) assert.ok(sameKey(read(form, size), key), `${size}, ${form.length} octets`)
  }
})

test('an RSA key of 8192 bits fits', () => {
  // Such a key takes many seconds to make; numbers of the same length take as much room.
  const number = (octets: number): string => Buffer.alloc(octets, 0xfd).toString('base64url')
  const half = number(512)
  const halves = { p: half, q: half, dp: half, dq: half, qi: half }
  const jwk = { kty: 'RSA', e: 'AQAB', n: number(1024), d: number(1024), ...halves }
  const key = createPrivateKey({ key: jwk, format: 'jwk' })
  for (const encoding of ['PKCS8', 'PKCS1'] as const) {
    assert.ok(keySatisfies(parsePrivateKey(encodePrivateKey(key, encoding)), { algorithm: 'RSA', size: 8192 }))
  }
})

test('what an algorithm signs, a certificate carries', async () => {
  const at = Date.parse('2026-11-22T12:00:00Z')
  for (const algorithm of algorithmNames) {
    const size = defaultKeySize(algorithm)
    const [signer, other] = [
      keySigner(await generateKey({ algorithm, size })),
      keySigner(await generateKey({ algorithm, size })),
    ]
    const profile = { commonName: 'Root', notBefore: at, notAfter: at + day }
    const certificate = parseCertificate(await signRoot(profile, signer, newSerialNumber()))
    assert.ok(certificate.isSignedBy(signer.publicKey), algorithm)
    assert.ok(!certificate.isSignedBy(other.publicKey), algorithm)
    verifyChain({ leaf: certificate, intermediates: [], roots: [certificate], at })
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

/** A SEC 1 key on P-256 whose number has 33 octets: OpenSSL reads it, but cannot write it. */
const aboveTheOrder = `-----BEGIN EC PRIVATE KEY-----
MHgCAQEEIQjJsamuWHtRKjk8W4XeDD5U5MKTjk9UKATWbBjjybnycqAKBggqhkjO
PQMBB6FEA0IABOMFDc6+Nyl2Qu255mB7Gr5ZbTVTBNHNukKnecyoC1gG28pF9MzA
hb8x6Mpinp/XJBJln2Tu+e3uh3yLCHXawCk=
-----END EC PRIVATE KEY-----
`

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
    ['above the order of its curve', aboveTheOrder, /not the PEM text/],
  ]
  for (const [name, pem, about] of table) assert.throws(() => parsePrivateKey(pem), invalidKey(about), name)
})

test('an RSA public key of 16384 bits is refused before it is used', () => {
  const modulus = Buffer.alloc(2048, 0xff).toString('base64url')
  const key = createPublicKey({ key: { kty: 'RSA', n: modulus, e: 'AQAB' }, format: 'jwk' })
  assert.throws(() => checkPublicKey(key, 'InvalidKey'), invalidKey(/16384 bits/))
})

test('an RSA public key whose exponent is 1 or even is refused', () => {
  for (const e of ['AQ', 'BA']) {
    const key = createPublicKey({
      key: { kty: 'RSA', n: Buffer.alloc(256, 0xff).toString('base64url'), e },
      format: 'jwk',
    })
    assert.throws(() => checkPublicKey(key, 'InvalidKey'), invalidKey(/odd number from 3/))
  }
})

test('a key whose halves do not belong together does not become a signer', () => {
  const [a, b] = [0, 1].map(() => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey)
  const secret = (key: typeof a): Buffer => Buffer.from(key?.export({ format: 'jwk' }).d ?? '', 'base64url')
  const mixed = Buffer.from(a?.export({ format: 'der', type: 'pkcs8' }) ?? '')
  secret(b).copy(mixed, mixed.indexOf(secret(a)))
  const pem = `-----BEGIN PRIVATE KEY-----\n${mixed.toString('base64')}\n-----END PRIVATE KEY-----\n`
  assert.throws(() => keySigner(parsePrivateKey(pem)), invalidKey(/damaged|not the PEM text/))
})
