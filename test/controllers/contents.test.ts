import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { CertificateSpec, Secret } from '#api'
import { authorities, messageOf, type Namespace, textOf } from './namespace.ts'
import { Openssl } from './openssl.ts'
import { Sandbox } from './sandbox.ts'

/** What a certificate says beyond names, key and usages: from the spec into the Secret, and as OpenSSL reads it. */
let sandbox: Sandbox
let namespace: Namespace
let openssl: Openssl

before(async () => {
  sandbox = await Sandbox.open()
  openssl = await Openssl.open()
  namespace = await sandbox.namespace('contents')
  await sandbox.operator({ namespaces: [namespace] })
  await namespace.createAuthority('root', { internal: {}, allowedSubordinates: { from: 'Same' } })
  await namespace.createAuthority('narrow', { internal: {} })
})

after(async () => {
  await openssl?.close()
  await sandbox?.close()
})

const issued = async (name: string, spec: Partial<CertificateSpec>): Promise<Secret> => {
  await namespace.createCertificate(name, { dnsNames: [], ...spec })
  await namespace.certificateReady(name)
  return namespace.secret(name)
}

const shown = async (name: string): Promise<string> => {
  await openssl.write(`${name}.pem`, textOf(await namespace.secret(name), 'tls.crt'))
  return openssl.run('x509', '-in', `${name}.pem`, '-noout', '-text', '-nameopt', 'RFC2253')
}

const root = { authorityRef: { name: 'root' } }

describe('a certificate', { concurrency: 2 }, () => {
  test('says all that its spec says, and no longer what is taken out of it', async () => {
    await issued('whole', {
      ...root,
      literalSubject: 'CN=web,O=Shop\\, Inc.,DC=example,DC=com',
      otherNames: [{ oid: '1.3.6.1.4.1.311.20.2.3', utf8Value: 'jo@example.com' }],
      registeredIDs: ['1.2.3.4'],
      extensions: {
        mustStaple: true,
        custom: [{ oid: '1.3.6.1.4.1.32473.1', critical: true, value: 'DAVoZWxsbw==' }],
      },
    })
    const text = await shown('whole')
    for (const about of [
      /Subject: CN=web,O=Shop\\, Inc\.,DC=example,DC=com\n/,
      /DNS:web, othername: UPN:+jo@example\.com, Registered ID:1\.2\.3\.4\n/,
      /TLS Feature: \n\s+status_request\n/,
      /1\.3\.6\.1\.4\.1\.32473\.1: critical\s+\.\.hello/,
      /CA:FALSE/,
    ]) {
      assert.match(text, about)
    }
    await namespace.changeSpec('whole', { extensions: { custom: null } })
    await namespace.certificateReady('whole', 2)
    const plain = await shown('whole')
    assert.doesNotMatch(plain, /32473/)
    assert.match(plain, /status_request/)
  })

  test('of a CA signs, as an Authority of its own, what verifies up to the root', async () => {
    const nameConstraints = { permitted: { dnsDomains: ['example.com'] } }
    await issued('team', { ...root, commonName: 'Team CA', isCA: true, nameConstraints })
    const text = await shown('team')
    assert.match(text, /Basic Constraints: critical\s+CA:TRUE, pathlen:0\n/)
    assert.match(text, /Key Usage: critical\s+Certificate Sign, CRL Sign\n/)
    assert.doesNotMatch(text, /Alternative Name|Extended Key Usage/)
    await namespace.createAuthority('team', { internal: { secretRef: { name: 'team' } } })
    await namespace.authorityReady('team')
    const team = { authorityRef: { name: 'team' } }
    const leaf = await issued('leaf', { ...team, dnsNames: ['a.example.com'] })
    assert.equal(await openssl.verify(leaf), 'OK')
    await namespace.createCertificate('outside', { ...team, dnsNames: ['a.example.org'] })
    const outside = await namespace.certificateRefused('outside', 'NameConstraintsViolated')
    assert.match(messageOf(outside), /a\.example\.org is not permitted by the name constraints of CN=Team CA/)
  })

  test('of a CA is had only with the consent of the Authority, and then at once', async () => {
    const authorityRef = { name: 'narrow' }
    await namespace.createCertificate('denied', { authorityRef, dnsNames: [], commonName: 'CA', isCA: true })
    const denied = await namespace.certificateRefused('denied', 'PolicyDenied')
    assert.match(messageOf(denied), /a CA certificate is not permitted to namespace .*spec\.allowedSubordinates/)
    await namespace.patch(authorities, 'narrow', { spec: { allowedSubordinates: { from: 'Same' } } })
    await namespace.certificateReady('denied')
  })

  test('that cannot be is refused with what is wrong with it, and issued once it is mended', async () => {
    const one = { oid: '1.3.6.1.4.1.32473.1', value: 'BQA=' }
    const cases: readonly [name: string, spec: Partial<CertificateSpec>, about: RegExp][] = [
      ['literal', { literalSubject: 'example.com' }, /an attribute such as CN=name is expected/],
      ['value', { extensions: { custom: [{ ...one, value: 'BQAF' }] } }, /not exactly one DER element/],
      ['poison', { extensions: { custom: [{ ...one, oid: '1.3.6.1.4.1.11129.2.4.3' }] } }, /RFC 6962/],
    ]
    for (const [name, spec, about] of cases) {
      await namespace.createCertificate(name, { ...root, ...spec })
      assert.match(messageOf(await namespace.certificateRefused(name, 'InvalidRequest')), about)
      await namespace.changeSpec(name, { literalSubject: null, extensions: null })
      await namespace.certificateReady(name)
    }
  })
})
