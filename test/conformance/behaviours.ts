import assert from 'node:assert/strict'
import { createPublicKey } from 'node:crypto'
import type { Certificate, Secret } from '#api'
import { certificates, isRefused, messageOf, secrets, textOf, trueConditions } from '../controllers/namespace.ts'
import { about } from '../controllers/sandbox.ts'
import type { Behaviours } from './behaviour.ts'
import { nameBehaviours } from './name-behaviours.ts'
import { outputBehaviours } from './output-behaviours.ts'
import { reissue } from './reissue.ts'
import { templateBehaviours } from './template-behaviours.ts'

const dnsNames = ['www.example.com']

/** The public key in the Secret, as PEM. */
const publicKeyIn = (secret: Secret): string =>
  String(createPublicKey(textOf(secret, 'tls.key')).export({ type: 'spki', format: 'pem' }))

const issuingAnew: Behaviours = {
  'rotation Never: without tls.crt it is issued anew, with the same key': async (bench) => {
    const first = await bench.issued('never', { dnsNames, privateKey: { rotation: 'Never' } })
    await bench.team.patch(secrets, 'never', { data: { 'tls.crt': '' } })
    const second = await bench.conforming('never', 2)
    assert.equal(publicKeyIn(second.secret), publicKeyIn(first.secret))
    assert.notEqual(second.read.serial, first.read.serial)
  },

  'rotation Always: without tls.crt it is issued anew, with another key': async (bench) => {
    const first = await bench.issued('always', { dnsNames })
    await bench.team.patch(secrets, 'always', { data: { 'tls.crt': '' } })
    const second = await bench.conforming('always', 2)
    assert.notEqual(publicKeyIn(second.secret), publicKeyIn(first.secret))
  },

  'another DNS name in the spec: it is issued anew': async (bench) => {
    const first = await bench.issued('one-more-name', { dnsNames })
    await bench.team.changeSpec('one-more-name', { dnsNames: [...dnsNames, 'more.example.com'] })
    const second = await bench.conforming('one-more-name', 2)
    assert.deepEqual(second.read.names, ['DNS:more.example.com', 'DNS:www.example.com'])
    assert.equal(second.secret.metadata.uid, first.secret.metadata.uid)
  },

  'a Secret that is gone is made anew': async (bench) => {
    await bench.issued('secret-gone', { dnsNames })
    await bench.team.remove(secrets, 'secret-gone')
    await bench.conforming('secret-gone', 2)
  },

  'on request: it is issued anew, for the same names': async (bench) => {
    const first = await bench.issued('requested', { dnsNames })
    await reissue(bench, 'requested')
    const second = await bench.conforming('requested', 2)
    assert.deepEqual(second.read.names, first.read.names)
  },
}

const severalForOneSecret: Behaviours = {
  'several Certificates for one Secret: one has it, the others say whose it is, and one certificate is issued': async (
    bench,
  ) => {
    const names = Array.from({ length: 5 }, (_, index) => `twin-${index}`)
    await Promise.all(names.map((name) => bench.create(name, { dnsNames, secretName: 'twins' })))
    const isSettled = (seen: Certificate): boolean => isRefused(seen, 'SecretTaken') || seen.status?.revision === 1
    const all = await Promise.all(names.map((name) => bench.certificateUntil(name, isSettled)))
    const [holder, ...more] = all.filter(({ status }) => status?.revision !== undefined)
    assert.ok(holder && more.length === 0)
    const { name } = holder.metadata
    // Which of them it will be, those that look first may not see yet.
    const knows = (seen: Certificate): boolean => messageOf(seen).includes(`Certificate ${name},`)
    for (const other of names.filter((each) => each !== name)) {
      assert.deepEqual(trueConditions(await bench.certificateUntil(other, knows)), ['Stalled'])
    }
    await bench.conforming(name, 1)
    assert.deepEqual(
      names.map((each) => bench.releasesOf(each)).filter((count) => count > 0),
      [1],
    )
  },
}

const deletion: Behaviours = {
  'deletion in the foreground: while it lasts nothing is made': async (bench) => {
    await bench.issued('foreground', { dnsNames })
    await bench.team.patch(certificates, 'foreground', { metadata: { finalizers: ['example.com/wait'] } })
    await bench.deleteInForeground('foreground')
    const { metadata } = await bench.team.certificate('foreground')
    assert.ok(metadata.deletionTimestamp)
    await bench.team.remove(secrets, 'foreground')
    await bench.team.changeSpec('foreground', { dnsNames: ['another.example.com'] })
    const written = await bench.sandbox.writesWithin(700, about(bench.team, 'foreground'))
    assert.deepEqual(
      written.filter(({ resource }) => resource === 'secrets'),
      [],
    )
    assert.deepEqual([await bench.secretIfAny('foreground'), bench.releasesOf('foreground')], [undefined, 1])
    await bench.team.patch(certificates, 'foreground', { metadata: { finalizers: null } })
  },
}

/** All of them. */
export const behaviours: Behaviours = {
  ...issuingAnew,
  ...nameBehaviours,
  ...templateBehaviours,
  ...outputBehaviours,
  ...severalForOneSecret,
  ...deletion,
}
