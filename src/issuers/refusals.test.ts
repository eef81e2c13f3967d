import assert from 'node:assert/strict'
import { test } from 'node:test'
import { normalizeNames } from '#pki'
import type { IssuerDescription, IssuerFeature } from './contract.ts'
import { passedReason, refusals, type WantedCertificate } from './refusals.ts'

const describe = (unsupported: IssuerDescription['unsupported']): IssuerDescription => ({
  isLocal: false,
  decides: [],
  unsupported,
  revocationReasons: ['keyCompromise'],
})

const wanted = (change: Partial<WantedCertificate['profile']> = {}): WantedCertificate => ({
  keyAlgorithm: 'ECDSA',
  profile: { commonName: undefined, names: normalizeNames({}), usages: [], ...change },
})

const cases: readonly [feature: IssuerFeature, needs: WantedCertificate, not: WantedCertificate][] = [
  ['RSA', { ...wanted(), keyAlgorithm: 'RSA' }, wanted()],
  ['clientAuth', wanted({ usages: ['serverAuth', 'clientAuth'] }), wanted({ usages: ['serverAuth'] })],
  [
    'dnsNames',
    wanted({ names: normalizeNames({ dnsNames: ['a.example.com'] }) }),
    wanted({ names: normalizeNames({ dnsNames: ['*.example.com'] }) }),
  ],
  [
    'wildcards',
    wanted({ names: normalizeNames({ dnsNames: ['*.example.com'] }) }),
    wanted({ names: normalizeNames({ dnsNames: ['a.example.com'] }) }),
  ],
  ['ipAddresses', wanted({ names: normalizeNames({ ipAddresses: ['192.0.2.1'] }) }), wanted()],
  ['uris', wanted({ names: normalizeNames({ uris: ['spiffe://example.org/a'] }) }), wanted()],
  ['emailAddresses', wanted({ names: normalizeNames({ emailAddresses: ['a@example.com'] }) }), wanted()],
  ['commonName', wanted({ commonName: 'a' }), wanted()],
  [
    'subject',
    wanted({ subject: { organizations: ['Example'] } }),
    wanted({ subject: { organizations: [], serialNumber: undefined } }),
  ],
  ['otherNames', wanted({ names: normalizeNames({ otherNames: ['1.2.3=a'] }) }), wanted()],
  ['registeredIDs', wanted({ names: normalizeNames({ registeredIDs: ['1.2.3'] }) }), wanted()],
  ['literalSubject', wanted({ literalSubject: 'O=a' }), wanted()],
  [
    'customExtensions',
    wanted({ customExtensions: [{ oid: '1.2.3', critical: false, value: new Uint8Array() }] }),
    wanted({ customExtensions: [] }),
  ],
  ['isCA', wanted({ ca: {} }), wanted()],
  ['mustStaple', wanted({ mustStaple: true }), wanted({ mustStaple: false })],
]

for (const [feature, needs, not] of cases) {
  test(`${feature} is refused with the reason where it is needed, and only there`, () => {
    const description = describe({ [feature]: 'the authority says so' })
    assert.deepEqual(refusals(description, needs), [`${feature}: the authority says so`])
    assert.deepEqual(refusals(description, not), [])
    assert.deepEqual(refusals(describe({}), needs), [])
  })
}

test('all that is needed and not there is told at once; what concerns no request is not', () => {
  const unsupported = { commonName: 'a', clientAuth: 'b', ECDSA: 'c', pending: 'd', revoke: 'e' }
  const request = wanted({ commonName: 'x', usages: ['clientAuth'] })
  assert.deepEqual(refusals(describe(unsupported), request), ['ECDSA: c', 'commonName: a', 'clientAuth: b'])
})

test('a reason that the authority does not take becomes unspecified', () => {
  assert.equal(passedReason(describe({}), 'keyCompromise'), 'keyCompromise')
  assert.equal(passedReason(describe({}), 'superseded'), 'unspecified')
})
