import assert from 'node:assert/strict'
import { day } from '#base'
import { generateKey, publicKeyOf } from '#pki'
import { assertAccepted, assertFails, assertFailure, never, obtain, wish } from './obtain.ts'
import { canary, type RunTrial, type Tests, type Trial } from './trial.ts'

type Call = (signal: AbortSignal) => Promise<unknown> | undefined

/** A call of every method that is there, and whose feature is. */
async function callsOf(trial: Trial): Promise<Readonly<Record<string, Call>>> {
  const { issuer, description } = trial
  const { request } = await wish(trial)
  const revocation = { serialNumber: '0102030405060708', reason: 'unspecified' } as const
  const now = Math.floor(trial.now() / 1000) * 1000
  const profile = { commonName: 'Subordinate', notBefore: now, notAfter: now + day }
  const publicKey = publicKeyOf(await generateKey({ algorithm: 'ECDSA', size: 256 }))
  const crl = { crlNumber: 1, thisUpdate: now, nextUpdate: now + day, revoked: [] }
  const calls: Readonly<Record<string, Call>> = {
    issue: (signal) => issuer.issue(request, signal),
    poll: (signal) => issuer.poll('none', request, signal),
    cancel: (signal) => issuer.cancel('none', signal),
    revoke: (signal) => issuer.revoke(revocation, signal),
    caChain: (signal) => issuer.caChain(signal),
    deactivate: (signal) => issuer.deactivate?.(revocation, signal),
    signSubordinate: (signal) => issuer.signSubordinate?.({ profile, publicKey }, signal),
    signCrl: (signal) => issuer.signCrl?.(crl, signal),
    quota: (signal) => issuer.quota?.(signal),
  }
  const featureOf: Readonly<Record<string, string>> = { poll: 'pending', cancel: 'cancel', revoke: 'revoke' }
  const isThere = (method: string): boolean =>
    Reflect.get(issuer, method) !== undefined && !((featureOf[method] ?? '') in description.unsupported)
  return Object.fromEntries(Object.entries(calls).filter(([method]) => isThere(method)))
}

/** A test of the Secrets that the issuer reads. */
const withSecrets =
  (run: (trial: Trial) => Promise<void>): RunTrial =>
  async (trial, context) => {
    if (trial.authority.secrets === undefined) return context.diagnostic('the issuer reads no Secret')
    await run(trial)
  }

/** The failure says which Secret it is about, and passes once the Secret is right again. */
async function assertHeals(trial: Trial): Promise<void> {
  const attempts = [await wish(trial), await wish(trial)].map(({ request }) => obtain(trial, request))
  for (const outcome of await Promise.allSettled(attempts)) {
    assert.ok(outcome.status === 'rejected', 'it did not fail')
    assertFailure(trial, outcome.reason, ['Retryable'])
    assert.match(String(outcome.reason), /Secret/)
  }
  trial.replaceSecrets(trial.authority.secrets)
  const { request } = await wish(trial)
  assertAccepted(trial, request, await obtain(trial, request))
}

export const troubleTests: Tests = {
  'every method gives up when it is told to': async (trial) => {
    const reason = new Error('the operator is stopping')
    for (const [method, call] of Object.entries(await callsOf(trial))) {
      await assert.rejects(
        async () => call(AbortSignal.abort(reason)),
        (error) => error === reason,
        method,
      )
    }
  },

  'options that are none are refused for good': async (trial) => {
    for (const options of [null, 42, canary, [canary]]) {
      let thrown: unknown
      try {
        trial.create(options)
      } catch (error) {
        thrown = error
      }
      assertFailure(trial, thrown, ['Terminal'])
    }
  },

  'a Secret that is missing is a failure that passes with it': withSecrets(async (trial) => {
    trial.replaceSecrets(undefined)
    await assertHeals(trial)
  }),

  'a Secret that is damaged is a failure that passes with it': withSecrets(async (trial) => {
    const { secrets = {} } = trial.authority
    const damaged = Object.entries(secrets).map(([name, files]) => [
      name,
      Object.fromEntries(Object.keys(files).map((file) => [file, canary])),
    ])
    trial.replaceSecrets(Object.fromEntries(damaged))
    await assertHeals(trial)
  }),

  'what is no certificate is a failure that may pass': async (trial, context) => {
    const { authority, issuer, description } = trial
    if (!authority.garble) return context.diagnostic('the authority of this suite cannot answer with garbage')
    const { request } = await wish(trial)
    if ('pending' in description.unsupported) {
      await authority.garble()
      return assertFails(trial, issuer.issue(request, never), ['Retryable'])
    }
    const order = await issuer.issue(request, never)
    assert.ok(order.state === 'pending')
    await authority.garble()
    await assertFails(trial, issuer.poll(order.handle, request, never), ['Retryable'])
  },
}
