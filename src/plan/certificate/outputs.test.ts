import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { annotations, type CertificateSpec } from '#api'
import { type Failure, minute, Sensitive, waiting } from '#base'
import { certificate, secretMetadata } from '#test/make'
import { outputKeys, outputsFound, outputsHash, outputsMark, outputsSaid } from './outputs.ts'
import type { NamedPasswords } from './world.ts'

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
  const named = (version: string): NamedPasswords => ({ jks: { version, password: new Sensitive('changeit') } })
  const hash = (outputs: Outputs, of: object = {}, passwords: NamedPasswords | Failure = {}) =>
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

  test('the spec counts, and the version of a password, but never the password itself', () => {
    const jks = { jks: { passwordSecretRef: { name: 'mine' } } }
    assert.notEqual(hash({ pkcs12: {} }), hash({ pkcs12: { alias: 'web' } }))
    assert.notEqual(hash(jks, {}, named('u/1/password')), hash(jks, {}, named('u/2/password')))
    const other = { jks: { version: 'u/1/password', password: new Sensitive('another') } }
    assert.equal(hash(jks, {}, named('u/1/password')), hash(jks, {}, other))
  })

  test('is not known without the password', () => {
    const failure = waiting('PasswordNotFound', 'Secret mine does not exist', minute)
    assert.equal(hash({ jks: { passwordSecretRef: { name: 'mine' } } }, {}, failure), failure)
    assert.equal(hash({}, {}, failure), undefined)
  })
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
