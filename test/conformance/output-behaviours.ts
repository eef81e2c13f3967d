import assert from 'node:assert/strict'
import type { Secret } from '#api'
import { secrets } from '../controllers/namespace.ts'
import type { Behaviours } from './behaviour.ts'
import { reissue } from './reissue.ts'

const dnsNames = ['www.example.com']
const outputs = { der: {}, combinedPEM: {} }

const has = (key: string) => (secret: Secret) => secret.data?.[key] !== undefined
const hasNo = (key: string) => (secret: Secret) => !has(key)(secret)

/** The cases of cert-manager's suite for its additional output formats. */
export const outputBehaviours: Behaviours = {
  'outputs: appear when they are asked for, and nothing is issued': async (bench) => {
    await bench.issued('output-added', { dnsNames })
    await bench.team.changeSpec('output-added', { outputs })
    await bench.secretUntil('output-added', has('tls-combined.pem'))
    await bench.conforming('output-added', 1)
  },

  'outputs: go when they are asked for no more, and nothing is issued': async (bench) => {
    await bench.issued('output-dropped', { dnsNames, outputs })
    await bench.team.changeSpec('output-dropped', { outputs: { combinedPEM: null } })
    await bench.secretUntil('output-dropped', hasNo('tls-combined.pem'))
    await bench.conforming('output-dropped', 1)
    await bench.team.changeSpec('output-dropped', { outputs: null })
    await bench.secretUntil('output-dropped', hasNo('key.der'))
    await bench.conforming('output-dropped', 1)
  },

  'outputs: are made anew when somebody changes or removes them': async (bench) => {
    const { secret } = await bench.issued('output-drift', { dnsNames, outputs })
    await bench.team.patch(secrets, 'output-drift', { data: { 'key.der': null, 'tls-combined.pem': 'AAAA' } })
    const isBack = ({ metadata, data = {} }: Secret): boolean =>
      metadata.resourceVersion !== secret.metadata.resourceVersion &&
      data['key.der'] !== undefined &&
      data['tls-combined.pem'] === secret.data?.['tls-combined.pem']
    await bench.secretUntil('output-drift', isBack)
    await bench.conforming('output-drift', 1)
  },

  'outputs: follow the certificate when it is issued anew': async (bench) => {
    const wanted = { ...outputs, pkcs12: {}, jks: {} }
    const first = await bench.issued('output-renewed', { dnsNames, outputs: wanted })
    await reissue(bench, 'output-renewed')
    const { secret } = await bench.conforming('output-renewed', 2)
    assert.notEqual(secret.data?.['tls.der'], first.secret.data?.['tls.der'])
    assert.equal(secret.data?.['keystore-password'], first.secret.data?.['keystore-password'])
  },

  'outputs: that somebody else has put there stay, also when the certificate is issued anew': async (bench) => {
    await bench.issued('output-of-others', { dnsNames, outputs: { der: {} } })
    await bench.applyToSecret('output-of-others', { data: { 'tls-combined.pem': 'AAAA' } })
    await reissue(bench, 'output-of-others')
    const { secret } = await bench.conforming('output-of-others', 2)
    assert.equal(secret.data?.['tls-combined.pem'], 'AAAA')
  },
}
