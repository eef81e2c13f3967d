import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { annotations, type CertificateSpec } from '#api'
import { type Failure, minute, waiting } from '#base'
import { certificate, secretMetadata } from '#test/make'
import { areOutputsRight, outputKeys, outputsFound, outputsHash, outputsMark, outputsSaid } from './outputs.ts'
import type { PasswordVersions } from './world.ts'

type Outputs = NonNullable<CertificateSpec['outputs']>

suite('keys of the data', () => {
  const ref = { passwordSecretRef: { name: 'mine' } }
  const stores = (end: string) => [`keystore.${end}`, `truststore.${end}`]
  const cases: readonly [name: string, outputs: Outputs, keys: readonly string[]][] = [
    ['nothing', {}, []],
    ['PKCS #12', { pkcs12: {} }, [...stores('p12'), 'keystore-password']],
    ['PKCS #12 for anybody', { pkcs12: { password: 'None' } }, stores('p12')],
    ['PKCS #12 with a named password', { pkcs12: ref }, stores('p12')],
    ['JKS', { jks: {} }, [...stores('jks'), 'keystore-password']],
    ['both, one password named', { pkcs12: ref, jks: {} }, [...stores('p12'), ...stores('jks'), 'keystore-password']],
    ['DER', { der: {} }, ['tls.der', 'key.der']],
    ['PEM', { combinedPEM: {} }, ['tls-combined.pem']],
  ]
  for (const [name, outputs, keys] of cases) test(name, () => assert.deepEqual(outputKeys({ outputs }), keys))

  test('DER of a certificate whose key is elsewhere', () => {
    assert.deepEqual(outputKeys({ outputs: { der: {} }, csr: 'PEM' }), ['tls.der'])
  })
})

suite('what outputs are made of', () => {
  const held = { fingerprint: 'f1', trust: 't1' }
  const hash = (outputs: Outputs, of: object = {}, passwords: PasswordVersions | Failure = {}) =>
    outputsHash({ certificate: certificate({ spec: { outputs } }), passwords }, { ...held, ...of })

  test('is nothing where none are asked for', () => assert.equal(hash({}), undefined))

  const stores: readonly Outputs[] = [{ pkcs12: {} }, { jks: {} }]
  const plain: readonly Outputs[] = [{ der: {} }, { combinedPEM: {} }]
  for (const outputs of [...stores, ...plain]) {
    const [kind] = Object.keys(outputs)
    test(`${kind}: the certificate counts`, () => {
      assert.equal(hash(outputs), hash(outputs))
      assert.notEqual(hash(outputs), hash(outputs, { fingerprint: 'f2' }))
    })
  }
  for (const outputs of stores)
    test('roots count', () => assert.notEqual(hash(outputs), hash(outputs, { trust: 't2' })))
  for (const outputs of plain)
    test('roots are not in it', () => assert.equal(hash(outputs), hash(outputs, { trust: 't2' })))

  const jks = { jks: { passwordSecretRef: { name: 'mine' } } }
  const failure = waiting('PasswordNotFound', 'Secret mine does not exist', minute)

  test('the spec counts, and the version of a password', () => {
    assert.notEqual(hash({ pkcs12: {} }), hash({ pkcs12: { alias: 'web' } }))
    assert.notEqual(hash(jks, {}, { jks: 'u/1/password' }), hash(jks, {}, { jks: 'u/2/password' }))
  })

  test('is not known without the password', () => {
    assert.equal(hash(jks, {}, failure), failure)
    assert.equal(hash({}, {}, failure), undefined)
  })

  for (const [what, passwords] of [
    ['is missing', failure],
    ['is not looked at', undefined],
  ] as const) {
    test(`while the password ${what}, all else tells whether they are right`, () => {
      const made = hash(jks, {}, { jks: 'u/1/password' })
      assert.ok(typeof made === 'string')
      const areRight = (outputs: string | undefined, of: object = {}, asked: Outputs = jks) =>
        areOutputsRight(
          { certificate: certificate({ spec: { outputs: asked } }), passwords },
          { ...held, outputs, ...of },
        )
      assert.ok(areRight(made))
      assert.ok(!areRight(made, { fingerprint: 'f2' }))
      assert.ok(!areRight(made, { trust: 't2' }))
      assert.ok(!areRight(made, {}, { jks: { passwordSecretRef: { name: 'other' } } }))
      assert.ok(!areRight(made, {}, {}))
      assert.ok(!areRight(undefined))
      assert.ok(!areRight(''))
      assert.ok(areRight(undefined, {}, {}))
    })
  }
})

suite('the mark', () => {
  const data = { 'keystore.p12': 'AAAA', 'keystore-password': 'BBBB' }
  const keys = ['tls.key', ...Object.keys(data)]
  const metadata = secretMetadata({ annotations: { [annotations.outputs]: outputsMark('0a', data) } })

  test('says what they were made of', () => {
    assert.equal(outputsSaid(metadata), '0a')
    assert.equal(outputsSaid(secretMetadata()), undefined)
  })

  test('holds for as long as they are what was written', () => {
    assert.equal(outputsFound(metadata, keys, { ...data, 'tls.key': 'KEY', 'extra.txt': 'x' }), '0a')
    assert.equal(outputsFound(metadata, keys, { ...data, 'keystore.p12': 'AAAB' }), '')
    assert.equal(outputsFound(metadata, keys, { 'keystore.p12': 'AAAA' }), '')
    assert.equal(outputsFound(metadata, ['tls.key'], data), '')
    assert.equal(outputsFound(secretMetadata(), keys, data), undefined)
  })

  test('of a stranger is not believed', () => {
    const forged = secretMetadata({ annotations: { [annotations.outputs]: 'x' } })
    assert.equal(outputsFound(forged, keys, data), '')
  })
})
