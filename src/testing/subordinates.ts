import assert from 'node:assert/strict'
import { day, minute, second } from '#base'
import { type CaProfile, generateKey, publicKeyOf, sameKey } from '#pki'
import { assertChain, never } from './obtain.ts'
import type { RunTrial, Tests, Trial } from './trial.ts'

const ifItSigns =
  (run: (trial: Trial, profile: CaProfile) => Promise<void>): RunTrial =>
  async (trial, context) => {
    const why = trial.description.unsupported.subordinates
    if (why !== undefined) return context.diagnostic(`declared unsupported: ${why}`)
    const now = Math.floor(trial.now() / second) * second
    await run(trial, { commonName: 'Subordinate', notBefore: now - 5 * minute, notAfter: now + 200 * day })
  }

async function sign({ issuer }: Trial, profile: CaProfile) {
  const publicKey = publicKeyOf(await generateKey({ algorithm: 'ECDSA', size: 256 }))
  assert.ok(issuer.signSubordinate)
  const issued = await issuer.signSubordinate({ profile, publicKey }, never)
  assert.ok(sameKey(issued.certificate.publicKey, publicKey))
  return issued
}

export const subordinateTests: Tests = {
  'a subordinate verifies, and may sign': ifItSigns(async (trial, profile) => {
    const issued = await sign(trial, profile)
    const { isCA, mayCertSign, commonName, notAfter } = issued.certificate
    assert.deepEqual([isCA, mayCertSign, commonName, notAfter], [true, true, 'Subordinate', profile.notAfter])
    assertChain(trial, issued)
  }),

  'a subordinate has the path length and the name constraints that it was given': ifItSigns(async (trial, profile) => {
    const nameConstraints = { permitted: { dnsDomains: ['example.com'] } }
    const { certificate } = await sign(trial, { ...profile, pathLength: 0, nameConstraints })
    assert.equal(certificate.pathLength, 0)
    assert.deepEqual(certificate.nameConstraints?.permitted?.dnsDomains, ['example.com'])
  }),
}
