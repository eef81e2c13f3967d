import { type Authority, type AuthoritySpec, type AuthorityStatus, apiVersion, type ObjectMeta } from '#api'

/** What a test says about an Authority; all else is filled in. */
export interface AuthorityParts {
  readonly metadata?: Partial<ObjectMeta>
  readonly spec?: Partial<AuthoritySpec>
  readonly status?: AuthorityStatus | undefined
}

/** Authority `shop/ca`, a root of its own, generation 1, new. */
export function authority({ metadata, spec, status }: AuthorityParts = {}): Authority {
  return {
    apiVersion,
    kind: 'Authority',
    metadata: { namespace: 'shop', name: 'ca', uid: 'uid-ca', resourceVersion: '50', generation: 1, ...metadata },
    spec: { internal: {}, ...spec },
    ...(status && { status }),
  }
}
