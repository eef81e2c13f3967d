import assert from 'node:assert/strict'
import { day, hour, second } from '#base'
import { refusals } from '#issuers'
import { normalizeNames } from '#pki'
import { assertAccepted, assertChain, type Change, never, obtain, wish } from './obtain.ts'
import type { Tests } from './trial.ts'

/** Much at once. An issuer that lacks something of one takes another. */
const rich: readonly Change[] = [
  {
    commonName: 'a.example.com',
    subject: { organizations: ['Example'] },
    names: normalizeNames({
      dnsNames: ['a.example.com', '*.example.org'],
      ipAddresses: ['192.0.2.7'],
      uris: ['spiffe://example.org/a'],
      emailAddresses: ['a@example.com'],
    }),
    usages: ['digitalSignature', 'serverAuth', 'clientAuth'],
    key: { algorithm: 'ECDSA', size: 384 },
  },
  {
    commonName: 'a.example.com',
    names: normalizeNames({ dnsNames: ['a.example.com', '*.example.org'], ipAddresses: ['192.0.2.7'] }),
    key: { algorithm: 'RSA', size: 2048 },
  },
  { names: normalizeNames({ dnsNames: Array.from({ length: 50 }, (_, at) => `n${at}.example.com`) }) },
]

export const issuanceTests: Tests = {
  'what it supports goes together': async (trial, context) => {
    for (const change of rich) {
      const { request, wanted } = await wish(trial, change)
      const refused = refusals(trial.description, wanted)
      if (refused.length > 0) context.diagnostic(`refused: ${refused.join('; ')}`)
      else assertAccepted(trial, request, await obtain(trial, request))
    }
  },

  'the end is as asked for, to the second, unless the issuer decides it': async (trial, context) => {
    const decided = trial.description.decides.includes('notAfter')
    if (decided) context.diagnostic('the issuer decides: notAfter')
    const now = Math.floor(trial.now() / second) * second
    for (const notAfter of [now + 10 * hour + second, now + 90 * day]) {
      const { request } = await wish(trial, { notAfter })
      const certificate = assertAccepted(trial, request, await obtain(trial, request))
      if (!decided) assert.equal(certificate.notAfter, notAfter)
    }
  },

  'each certificate has a serial number of its own, too long to be guessed': async (trial) => {
    const serials = new Set<string>()
    for (let count = 0; count < 5; count++) {
      const { certificate } = await obtain(trial, (await wish(trial)).request)
      assert.ok(certificate.serialNumber.replace(/^(00)+/, '').length >= 14, certificate.serialNumber)
      serials.add(certificate.serialNumber)
    }
    assert.equal(serials.size, 5)
  },

  'its own certificates verify what it issues': async (trial) => {
    const { certificate } = await obtain(trial, (await wish(trial)).request)
    assertChain(trial, { certificate, ...(await trial.issuer.caChain(never)) })
  },

  'a quota is a count, if it has one': async ({ issuer }) => {
    const quota = await issuer.quota?.(never)
    if (quota === undefined) return
    assert.ok(Number.isInteger(quota.remaining) && quota.remaining >= 0, String(quota.remaining))
    assert.ok(quota.resetsAt === undefined || Number.isFinite(quota.resetsAt))
  },
}
