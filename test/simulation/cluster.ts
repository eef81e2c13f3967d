import type { Certificate } from '#api'
import { day, type Instant } from '#base'
import {
  type AuthorityView,
  type CertificateRequest,
  certificateRequest,
  type planAuthority,
  requestHash,
  type SecretView,
} from '#plan'
import { certificate } from '#test/make'
import { AuthorityModel, caLifetimes } from './authority-model.ts'
import type { Signing } from './signing.ts'
import { specOf, type Wish, wishOf } from './wishes.ts'

/** One Certificate with its Secret, and what the simulation itself knows. */
export interface Subject {
  readonly index: number
  readonly wish: Wish
  readonly authority: AuthorityModel
  request: CertificateRequest
  requestHash: string
  certificate: Certificate
  secret: SecretView
  issuedLately: readonly Instant[]
  refreshedLately: readonly Instant[]
  /** Until then it is suspended. */
  quietFrom: Instant
  /** The Authority as it was seen last. */
  view: AuthorityView | undefined
  /** An expiry that has been judged. */
  expired: string | undefined
}

/** A root, a CA below it, one that holds the rules of public trust, and one whose certificates end on no weekend. */
export function makeAuthorities({ makeCa }: Signing, plan?: typeof planAuthority): readonly AuthorityModel[] {
  const common = { makeCa, longestIssuedMs: 90 * day, ...(plan && { plan }) }
  const rootSpec = { internal: { duration: caLifetimes.root } }
  const root = new AuthorityModel({ ...common, name: 'root', spec: rootSpec, longestIssuedMs: 500 * day })
  const internal = { parentRef: { name: 'root' }, duration: caLifetimes.subordinate }
  const publicSpec = { ...rootSpec, publicTrust: true, reissueWithin: '48h' }
  const weekendSpec = { internal: { duration: '17520h' }, weekendExpiry: 'MoveEarlier' } as const
  return [
    root,
    new AuthorityModel({ ...common, name: 'subordinate', spec: { internal }, parent: root }),
    new AuthorityModel({ ...common, name: 'public', spec: publicSpec }),
    new AuthorityModel({ ...common, name: 'weekend', spec: weekendSpec }),
  ]
}

/** The Certificate of a number: its wish and its Authority are the next ones of each. */
export function makeSubject(index: number, authorities: readonly AuthorityModel[]): Subject {
  const wish = wishOf(index)
  const authority = authorities[(index + Math.floor(index / authorities.length)) % authorities.length]
  if (!authority) throw new RangeError('there is no Authority')
  const name = `web-${index}`
  const spec = { authorityRef: { name: authority.key.slice('shop/'.length) }, ...specOf(wish) }
  const request = certificateRequest(certificate({ spec }).spec)
  return {
    ...{ index, wish, authority },
    certificate: certificate({ metadata: { name, uid: `uid-${name}` }, spec }),
    ...{ request, requestHash: requestHash(request) },
    secret: { state: 'absent' },
    issuedLately: [],
    refreshedLately: [],
    quietFrom: 0,
    view: undefined,
    expired: undefined,
  }
}
