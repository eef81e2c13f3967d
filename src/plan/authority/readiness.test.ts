import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Authority, ConditionStatus } from '#api'
import { authority } from '#test/make'
import { whyNotReady } from './readiness.ts'

const ready = (status: ConditionStatus) =>
  ({
    type: 'Ready',
    status,
    reason: 'CAReady',
    message: 'said',
    observedGeneration: 1,
    lastTransitionTime: '2026-11-22T12:00:00Z',
  }) as const

const ca = {
  ...{ generation: 2, subject: 'CN=ca', serialNumber: '01', fingerprint: 'ff', secretName: 'ca-ca-2' },
  ...{ notBefore: '2026-11-22T12:00:00Z', notAfter: '2036-11-22T12:00:00Z' },
}

const cases: readonly (readonly [what: string, parts: Pick<Authority, 'spec' | 'status'>, why: string | undefined])[] =
  [
    ['a new one', { spec: { internal: {} } }, 'it is new'],
    ['one that says why', { spec: { internal: {} }, status: { conditions: [ready('False')] } }, 'said'],
    ['one that is', { spec: { internal: {} }, status: { conditions: [ready('True')], ca } }, undefined],
    ['one without a CA', { spec: { plugin: { name: 'x' } }, status: { conditions: [ready('True')] } }, undefined],
    [
      'one whose earlier CA is trusted no longer',
      { spec: { internal: { distrustedGenerations: [1] } }, status: { conditions: [ready('True')], ca } },
      undefined,
    ],
    [
      'one whose CA is trusted no longer, before its status follows',
      { spec: { internal: { distrustedGenerations: [2] } }, status: { conditions: [ready('True')], ca } },
      'generation 2 of its CA is trusted no longer',
    ],
  ]

for (const [what, { spec, status }, why] of cases) {
  test(`${what}: ${why ?? 'ready'}`, () => {
    assert.equal(whyNotReady({ ...authority(), spec, ...(status && { status }) }), why)
  })
}
