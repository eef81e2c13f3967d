import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { AuthoritySpec } from '#api'
import { day, hour } from '#base'
import { backdateMs } from '#pki'
import { authority, caWorld, noon } from '#test/make'
import { type CaPlan, planCa } from './ca.ts'
import { caSpecHash } from './generations.ts'
import type { CaWorld, ParentView } from './world.ts'

type Options = NonNullable<AuthoritySpec['internal']>

const internal = (options: Options) => authority({ spec: { internal: options } })
const fresh: Partial<CaWorld> = { generations: [], lastActive: 0 }
const plan = (parts: Partial<CaWorld>, options: Options, now = noon): CaPlan =>
  planCa(internal(options), caWorld({ ...fresh, ...parts }), now)

const below: Options = { parentRef: { name: 'root' } }
const ready = (notAfter = noon + 9000 * day): ParentView => ({
  state: 'ready',
  notAfter,
  generation: 1,
  distrusted: [],
  roots: [],
})

suite('what is created', () => {
  const ecdsa = { algorithm: 'ECDSA', size: 256 }
  const bare = { subject: undefined, pathLength: undefined, nameConstraints: undefined }
  const cases: readonly [name: string, options: Options, parent: ParentView, notAfter: number, other: object][] = [
    ['a root lives ten years', {}, { state: 'none' }, noon + 3650 * day, {}],
    ['a subordinate lives five years', below, ready(), noon + 1825 * day, {}],
    ['it ends with its parent', below, ready(noon + 30 * day), noon + 30 * day, {}],
    ['it lives as long as asked for', { duration: '24h' }, { state: 'none' }, noon + day, {}],
    ['in whole seconds', { duration: '1h999ms' }, { state: 'none' }, noon + hour, {}],
    [
      'with all that is asked for',
      {
        commonName: 'Shop CA',
        subject: { organizations: ['Shop'] },
        privateKey: { algorithm: 'RSA', size: 4096 },
        pathLength: 1,
        nameConstraints: { permitted: { dnsDomains: ['example.com'] } },
      },
      { state: 'none' },
      noon + 3650 * day,
      {
        key: { algorithm: 'RSA', size: 4096 },
        profile: {
          commonName: 'Shop CA',
          subject: { organizations: ['Shop'] },
          pathLength: 1,
          nameConstraints: { permitted: { dnsDomains: ['example.com'] } },
        },
      },
    ],
    [
      'a key of the usual size',
      { privateKey: { algorithm: 'RSA' } },
      { state: 'none' },
      noon + 3650 * day,
      {
        key: { algorithm: 'RSA', size: 2048 },
      },
    ],
    [
      'a key of another size',
      { privateKey: { size: 384 } },
      { state: 'none' },
      noon + 3650 * day,
      {
        key: { algorithm: 'ECDSA', size: 384 },
      },
    ],
  ]
  for (const [name, options, parent, notAfter, other] of cases) {
    test(name, () => {
      const { profile, key = ecdsa } = { profile: {}, key: ecdsa, ...other }
      assert.deepEqual(plan({ parent }, options, noon + 999), {
        do: 'create',
        generation: 1,
        key,
        profile: { commonName: 'ca', ...bare, notBefore: noon - backdateMs, notAfter, ...profile },
        source: parent.state === 'none' ? 'itself' : 'parent',
        caSpec: caSpecHash(internal(options)),
      })
    })
  }

  test('with a spec of another type all defaults hold', () => {
    const made = planCa({ ...authority(), spec: {} }, caWorld(fresh), noon)
    assert.ok(made.do === 'create' && made.profile.commonName === 'ca')
  })
})

test('a request is for what the spec says', () => {
  const asked = plan({}, { external: {}, commonName: 'Issuing CA', privateKey: { size: 384 }, pathLength: 0 })
  assert.ok(asked.do === 'request')
  assert.deepEqual(asked.key, { algorithm: 'ECDSA', size: 384 })
  assert.partialDeepStrictEqual(asked.profile, { commonName: 'Issuing CA', pathLength: 0 })
})
