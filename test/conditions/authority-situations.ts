import assert from 'node:assert/strict'
import type { Authority, AuthoritySpec, ObjectMeta } from '#api'
import { day, type Failure, retryable, terminal } from '#base'
import { type AuthorityWorld, authorityStatus, type CaWorld, planAuthority, type RequestView } from '#plan'
import { authority, authorityWorld, caGeneration, caWorld, checkConditions, noon } from '#test/make'

type Parts = Partial<AuthorityWorld>

const { metadata: marked } = authorityWorld().authority
const saying = (spec: Partial<AuthoritySpec>, metadata: Partial<ObjectMeta> = {}): Parts => ({
  authority: authority({ metadata: { ...marked, ...metadata }, spec }),
})
const withCa = (parts: Partial<CaWorld>): Parts => ({ ca: caWorld(parts) })
const newCa = (parts: Partial<CaWorld> = {}): Parts => withCa({ generations: [], lastActive: 0, ...parts })

/** The Authority after a visit. */
function after(parts: Parts, failure?: Failure): Authority {
  const world = authorityWorld(parts)
  const status = authorityStatus(world, failure, noon)
  const visited: Authority = JSON.parse(JSON.stringify({ ...world.authority, status }))
  checkConditions(visited)
  return visited
}

/** After a visit in which something stood in the way. */
function hindered(...parts: Parts[]): Authority {
  const all: Parts = Object.assign({}, ...parts)
  const plan = planAuthority(authorityWorld(all), noon)
  assert.ok(plan.do === 'refuse', `${plan.do} instead of refuse`)
  return after(all, plan.failure)
}

const path = Array.from({ length: 11 }, (_, i) => `pki/ca-${i}`)
const damaged = { state: 'damaged', why: 'tls.key is missing' } as const
const foreign = { state: 'foreign', why: 'Secret ca-ca-1 was not made for it' } as const
const requested = (answer: Extract<RequestView, { state: 'made' }>['answer']): RequestView => ({
  state: 'made',
  metadata: { name: 'ca-ca-request', uid: 'uid-request' },
  generation: 1,
  csr: 'PEM of a request',
  answer,
})
const parentDown = retryable('ParentNotReady', 'the parent does not answer')

/** How to come into each situation of the truth table for Authorities. */
export const authoritySituations: Readonly<Record<string, () => Authority>> = {
  signs: () => after({}),
  'signs, and its successor cannot be had': () => after({}, parentDown),
  'signs, and there is no backup of its key': () =>
    after(withCa({ generations: [caGeneration({ backedUpAt: undefined })] })),
  suspended: () => after(saying({ suspend: true })),
  'new, issuance is frozen': () => hindered(newCa(), { isFrozen: true }),
  'parent missing or not allowed': () => hindered(newCa({ parent: { state: 'absent' } })),
  'parent not ready': () => hindered(newCa({ parent: { state: 'notReady', why: 'it is new' } })),
  'the parents form a circle': () => hindered(newCa({ parent: { state: 'cycle', path } })),
  'more than ten parents': () => hindered(newCa({ parent: { state: 'tooLong', path } })),
  'the CA key is gone, and it has signed before': () => hindered(withCa({ generations: [] })),
  'the CA Secret is damaged': () => hindered(withCa({ generations: [caGeneration({ secret: damaged })] })),
  'the CA certificate has expired, rotation is Manual': () =>
    hindered(
      saying({ internal: { rotation: 'Manual' } }),
      withCa({ generations: [caGeneration({}, { notBefore: noon - 9 * day, notAfter: noon })] }),
    ),
  '`secretRef`: there is no such Secret': () =>
    hindered(saying({ internal: { secretRef: { name: 'mine' } } }), newCa({ source: { state: 'absent' } })),
  '`secretRef`: what it holds is no CA': () =>
    hindered(
      saying({ internal: { secretRef: { name: 'mine' } } }),
      newCa({ source: { state: 'invalid', why: 'tls.crt is no CA certificate' } }),
    ),
  '`external`: the CSR waits for its certificate': () =>
    hindered(saying({ internal: { external: {} } }), newCa({ request: requested(undefined) })),
  '`external`: the chain is not what was asked for': () =>
    hindered(
      saying({ internal: { external: { chain: 'PEM' } } }),
      newCa({ request: requested({ state: 'refused', why: 'its key is another one' }) }),
    ),
  '`plugin`: there is none of that name': () =>
    hindered({ ca: undefined, issuerProblem: terminal('IssuerNotFound', 'the operator has no such issuer') }),
  '`plugin`: its options are wrong': () =>
    hindered({ ca: undefined, issuerProblem: terminal('InvalidOptions', 'folder is missing') }),
  "a Secret of that name is somebody else's": () =>
    hindered(withCa({ generations: [caGeneration({ secret: foreign })] })),
  'being deleted, and in use': () =>
    after({
      ...saying({}, { deletionTimestamp: '2026-11-22T11:00:00Z' }),
      dependents: { certificates: 1, authorities: 0 },
    }),
}
