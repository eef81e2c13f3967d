import assert from 'node:assert/strict'
import { hour, minute, second } from '#base'
import type { IssuedCertificate, RevocationRequest } from '#issuers'
import { parseCrl, type RevocationReason } from '#pki'
import { assertFails, never, obtain, wish } from './obtain.ts'
import { opensslVerify } from './openssl.ts'
import type { RunTrial, Tests, Trial } from './trial.ts'

const issue = async (trial: Trial): Promise<IssuedCertificate> => obtain(trial, (await wish(trial)).request)

const revocationOf = ({ certificate }: IssuedCertificate, reason: RevocationReason): RevocationRequest => ({
  serialNumber: certificate.serialNumber,
  certificate,
  reason,
})

/** A test of revocation; where there is none, it is refused. */
const ifItRevokes =
  (run: RunTrial): RunTrial =>
  async (trial, context) => {
    const why = trial.description.unsupported.revoke
    if (why === undefined) return run(trial, context)
    context.diagnostic(`declared unsupported: ${why}`)
    await assertFails(trial, trial.issuer.revoke(revocationOf(await issue(trial), 'unspecified'), never), ['Terminal'])
  }

export const revocationTests: Tests = {
  'it revokes for each reason that it passes on, and without one': ifItRevokes(async (trial) => {
    const { issuer, description, authority } = trial
    for (const reason of new Set<RevocationReason>(['unspecified', ...description.revocationReasons])) {
      const issued = await issue(trial)
      await issuer.revoke(revocationOf(issued, reason), never)
      const revoked = await authority.revoked?.()
      if (revoked) assert.equal(revoked.get(issued.certificate.serialNumber), reason)
    }
  }),

  'revoking again is no failure, nor is it without the certificate at hand': ifItRevokes(async (trial) => {
    const request = revocationOf(await issue(trial), 'unspecified')
    await trial.issuer.revoke(request, never)
    await trial.issuer.revoke(request, never)
    await trial.restarted().revoke({ serialNumber: request.serialNumber, reason: 'unspecified' }, never)
  }),

  'what is taken out of use may be so already': async (trial, context) => {
    const { issuer, description } = trial
    if (!issuer.deactivate) return context.diagnostic(`declared unsupported: ${description.unsupported.deactivate}`)
    const request = revocationOf(await issue(trial), 'unspecified')
    await issuer.deactivate(request, never)
    await issuer.deactivate(request, never)
  },

  'openssl finds on its list what is revoked, and only that': async (trial, context) => {
    const { issuer } = trial
    if (!issuer.signCrl) return context.diagnostic('the authority publishes its own list, or none')
    const [good, bad] = [await issue(trial), await issue(trial)]
    const now = Math.floor(trial.now() / second) * second
    const { serialNumber } = bad.certificate
    const revoked = [{ serialNumber, revokedAt: now - minute, reason: 'keyCompromise' }] as const
    const request = { crlNumber: 7, thisUpdate: now - minute, nextUpdate: now + hour, revoked }
    const crl = await issuer.signCrl(request, never)
    assert.equal(parseCrl(crl).entries.length, 1)
    assert.equal(opensslVerify(good, now, crl), undefined)
    assert.match(opensslVerify(bad, now, crl) ?? '', /certificate revoked/)
  },
}
