import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { type AuthorityStatus, annotations, type CertificateStatus, type ObjectMeta, secretLabel } from '#api'
import { day, toRfc3339 } from '#base'
import { authority, certificate, noon, secretMetadata } from '#test/make'
import { entriesOfAuthority, entriesOfCertificate, entryOfSecret } from './rebuild.ts'

const notAfter = noon + 90 * day
const fingerprint = 'f1'.repeat(32)
const inUse = {
  [annotations.serialNumber]: '4a01',
  [annotations.fingerprint]: fingerprint,
  [annotations.caGeneration]: '2',
  [annotations.revision]: '3',
  [annotations.issuedAt]: toRfc3339(noon),
  [annotations.notAfter]: toRfc3339(notAfter),
}
const secret = (said: Record<string, string> = {}): ObjectMeta => secretMetadata({ annotations: { ...inUse, ...said } })
const entry = {
  authority: 'shop/ca',
  serialNumber: '4a01',
  fingerprint,
  generation: 2,
  kind: 'Certificate',
  holder: 'shop/web',
  revision: 3,
  names: [],
  issuedAt: noon,
  notAfter,
} as const

suite('what a Secret says', () => {
  const caSecret: ObjectMeta = {
    ...{ namespace: 'shop', name: 'ca-ca-1', labels: { [secretLabel]: 'ca' } },
    annotations: {
      ...inUse,
      [annotations.authority]: 'ca',
      [annotations.issuedBy]: 'pki/root',
      [annotations.parentGeneration]: '4',
    },
  }
  const rows: readonly [string, ObjectMeta, object | undefined][] = [
    ['of a certificate', secret(), entry],
    [
      'of a CA that another one signed',
      caSecret,
      { ...entry, authority: 'pki/root', kind: 'Authority', holder: 'shop/ca', generation: 4, revision: 2 },
    ],
    [
      'of a root: nothing',
      { ...caSecret, annotations: { ...caSecret.annotations, [annotations.issuedBy]: 'shop/ca' } },
      undefined,
    ],
    ['without a serial number: nothing', secretMetadata(), undefined],
    ['with a generation that is none: nothing', secret({ [annotations.caGeneration]: '-1' }), undefined],
    ['with a time that is none: nothing', secret({ [annotations.notAfter]: 'soon' }), undefined],
    ['of no annotations: nothing', { name: 'x', namespace: 'shop' }, undefined],
  ]
  for (const [name, metadata, expected] of rows) test(name, () => assert.deepEqual(entryOfSecret(metadata), expected))
})

suite('what a Certificate says', () => {
  const status: CertificateStatus = { serialNumber: '4a01', fingerprint, caGeneration: 2 }
  const ready = {
    type: 'Ready',
    status: 'True',
    reason: 'Issued',
    message: 'x',
    lastTransitionTime: toRfc3339(noon),
  } as const
  const say = (parts: CertificateStatus, metadata: ObjectMeta | undefined = secret()) =>
    entriesOfCertificate(
      certificate({ status: parts, spec: { owner: 'shop@example.com', commonName: 'www.example.com' } }),
      metadata,
    )

  test('counts where its status agrees with the Secret', () => assert.partialDeepStrictEqual(say(status), [entry]))
  test('has names as long as the certificate is what the spec asks for', () => {
    assert.partialDeepStrictEqual(say({ ...status, conditions: [ready], observedGeneration: 1 }), [
      { ...entry, names: ['www.example.com'], owner: 'shop@example.com' },
    ])
    assert.deepEqual(say({ ...status, conditions: [ready], observedGeneration: 0 })[0]?.names, [])
  })

  test('is not cut: whoever records it does that, once', () => {
    const dnsNames = Array.from({ length: 25 }, (_, at) => `www-${at}.example.com`)
    const object = certificate({
      status: { ...status, conditions: [ready], observedGeneration: 1 },
      spec: { dnsNames },
    })
    assert.deepEqual(entriesOfCertificate(object, secret())[0]?.names, dnsNames)
  })

  test('has the names of every kind, and a literal subject as it is written', () => {
    const spec = {
      literalSubject: 'O=Shop,DC=example',
      dnsNames: [],
      otherNames: [{ oid: '1.2.3', utf8Value: 'jo@example.com' }],
      registeredIDs: ['1.2.4'],
    }
    const object = certificate({ status: { ...status, conditions: [ready], observedGeneration: 1 }, spec })
    const names = ['O=Shop,DC=example', '1.2.3=jo@example.com', '1.2.4']
    assert.deepEqual(entriesOfCertificate(object, secret())[0]?.names, names)
  })

  const forged: readonly [string, CertificateStatus, ObjectMeta | undefined][] = [
    ['without a status', {}, secret()],
    ['without a Secret', status, undefined],
    ['with the serial number of another certificate', status, secret({ [annotations.serialNumber]: '4a02' })],
    ['with the fingerprint of another certificate', status, secret({ [annotations.fingerprint]: 'f2'.repeat(32) })],
    ['with another generation', status, secret({ [annotations.caGeneration]: '1' })],
    ['with the Secret of another Certificate', status, secret({ [annotations.certificate]: 'db' })],
    ['with a Secret of another namespace', status, { ...secret(), namespace: 'bank' }],
  ]
  for (const [name, parts, metadata] of forged) {
    test(`${name} it says nothing`, () => {
      const object = certificate({ status: parts })
      assert.deepEqual(entriesOfCertificate(object, metadata), [])
    })
  }

  test('tells of revocations, and of earlier certificates whose generation is known', () => {
    const times = { issuedAt: toRfc3339(noon - day), notAfter: toRfc3339(notAfter - day) }
    const earlier = { ...times, revision: 2, serialNumber: '4a00', fingerprint: 'f0'.repeat(32), issuedBy: 'shop/ca' }
    const revocations = [{ serialNumber: '4a00', reason: 'superseded' as const, revokedAt: toRfc3339(noon) }]
    const known = [
      { ...earlier, caGeneration: 1 },
      { ...earlier, serialNumber: '49ff' },
    ]
    const found = say({ ...status, earlierRevisions: known, revocations })
    assert.deepEqual(
      found.map(({ serialNumber }) => serialNumber),
      ['4a01', '4a00'],
    )
    assert.deepEqual(found[1]?.revoked, { at: noon, reason: 'superseded' })
    assert.equal(found[1]?.generation, 1)
  })
})

suite('what an Authority says', () => {
  const metadata: ObjectMeta = {
    ...{ namespace: 'shop', name: 'ca-ca-2', labels: { [secretLabel]: 'ca' } },
    annotations: {
      ...inUse,
      [annotations.authority]: 'ca',
      [annotations.issuedBy]: 'pki/root',
      [annotations.parentGeneration]: '1',
    },
  }
  const times = { notBefore: toRfc3339(noon), notAfter: toRfc3339(notAfter) }
  const ca = { generation: 2, subject: 'CN=ca', serialNumber: '4a01', fingerprint, secretName: 'ca-ca-2', ...times }
  const retiring = { generation: 2, state: 'Retiring' as const, fingerprint, notAfter: times.notAfter }
  const rows: readonly [string, AuthorityStatus, object[]][] = [
    ['of the CA in use', { ca }, [{ authority: 'pki/root', holder: 'shop/ca', kind: 'Authority', names: ['CN=ca'] }]],
    ['of an earlier CA', { generations: [retiring] }, [{ authority: 'pki/root', names: [] }]],
    ['nothing that its status does not know', { ca: { ...ca, fingerprint: 'f2'.repeat(32) } }, []],
  ]
  for (const [name, status, expected] of rows) {
    test(name, () => {
      const found = entriesOfAuthority(authority({ status }), (name) => (name === 'ca-ca-2' ? metadata : undefined))
      assert.equal(found.length, expected.length)
      assert.partialDeepStrictEqual(found, expected)
    })
  }
})
