import type { Authority } from '#api'
import {
  day,
  type Failure,
  fromRfc3339,
  type Instant,
  minute,
  parseDuration,
  second,
  terminal,
  toRfc3339,
  waiting,
} from '#base'
import { backdateMs, type CaProfile, type KeySpec } from '#pki'
import type { AuthorityWorld } from './world.ts'

/** What to do about an Authority. */
export type AuthorityPlan =
  /** The CA is there; look again when it ends. */
  | { readonly do: 'keep'; readonly recheckAt: Instant }
  /** Make a key and a certificate for it: a root signs itself, a subordinate is signed by its parent. */
  | {
      readonly do: 'create'
      readonly key: KeySpec
      readonly profile: CaProfile
      readonly signedBy: 'itself' | 'parent'
    }
  | { readonly do: 'refuse'; readonly failure: Failure }

const rootDurationMs = 3650 * day
const subordinateDurationMs = 1825 * day
/** How long to wait for a parent or a Secret if no event comes. */
const recheckMs = 10 * minute

/** Decides what to do about an Authority. Pure: the same world and time give the same plan. */
export function planAuthority(world: AuthorityWorld, now: Instant): AuthorityPlan {
  const { ca, hasSigned } = world
  const secretName = caSecretName(world.authority)
  switch (ca.state) {
    case 'held':
      return keep(ca.held.notAfter, now)
    case 'foreign':
      return refuse('SecretNotOurs', ca.why)
    case 'damaged':
      return refuse('CAKeyDamaged', `Secret ${secretName} cannot be used: ${ca.why}. Restore it from a backup`)
    case 'absent':
      // A new CA in place of a lost one would make all certificates worthless without anybody having decided it.
      return hasSigned
        ? refuse('CAKeyMissing', `Secret ${secretName} with the CA key is missing. Restore it from a backup`)
        : create(world, now)
  }
}

function keep(notAfter: Instant, now: Instant): AuthorityPlan {
  if (notAfter > now) return { do: 'keep', recheckAt: notAfter }
  return refuse('CAExpired', `the CA certificate expired at ${toRfc3339(notAfter)}. Create another Authority`)
}

function create(world: AuthorityWorld, now: Instant): AuthorityPlan {
  const { authority, parent } = world
  const parentName = parentKeyOf(authority)
  switch (parent.state) {
    case 'absent': {
      const message = `Authority ${parentName} does not exist, or its allowedSubordinates do not permit this one`
      return { do: 'refuse', failure: waiting('ParentNotFound', message, recheckMs) }
    }
    case 'cycle':
      return refuse('ParentCycle', `the parents form a cycle and never end in a root: ${parent.path.join(' -> ')}`)
    case 'notReady':
      return parentNotReady(parentName, parent.why)
    case 'none':
      return signing(authority, now, undefined)
    case 'ready':
      // The parent's own status may be late.
      return parent.notAfter > now
        ? signing(authority, now, parent.notAfter)
        : parentNotReady(parentName, `its CA certificate expired at ${toRfc3339(parent.notAfter)}`)
  }
}

const parentNotReady = (name: string | undefined, why: string): AuthorityPlan => ({
  do: 'refuse',
  failure: waiting('ParentNotReady', `Authority ${name} is not ready: ${why}`, recheckMs),
})

function signing({ spec, metadata }: Authority, now: Instant, parentNotAfter: Instant | undefined): AuthorityPlan {
  const { commonName = metadata.name, privateKey = {}, duration } = spec.internal ?? {}
  const algorithm = privateKey.algorithm ?? 'ECDSA'
  const size = privateKey.size ?? (algorithm === 'RSA' ? 2048 : 256)
  const defaultMs = parentNotAfter === undefined ? rootDurationMs : subordinateDurationMs
  const start = Math.floor(now / second) * second
  const lifetime = duration === undefined ? defaultMs : parseDuration(duration)
  const wanted = start + Math.floor(lifetime / second) * second
  return {
    do: 'create',
    key: { algorithm, size },
    profile: {
      commonName,
      notBefore: start - backdateMs,
      notAfter: Math.min(wanted, parentNotAfter ?? wanted),
    },
    signedBy: parentNotAfter === undefined ? 'itself' : 'parent',
  }
}

const refuse = (
  reason: 'CAKeyMissing' | 'CAKeyDamaged' | 'CAExpired' | 'ParentCycle' | 'SecretNotOurs',
  message: string,
): AuthorityPlan => ({
  do: 'refuse',
  failure: terminal(reason, message),
})

/** The CA key in use. Keys are numbered, because a later one never overwrites an earlier one. */
export const caGeneration = 1

/** Name of the Secret that holds the CA key. */
export function caSecretName({ metadata }: Authority): string {
  return `${metadata.name}-ca-${caGeneration}`
}

/** `namespace/name` of the parent, or undefined for a root. */
export function parentKeyOf({ spec, metadata }: Authority): string | undefined {
  const parent = spec.internal?.parentRef
  return parent && `${metadata.namespace}/${parent.name}`
}

/** End of the CA certificate in use, as the status says. */
export function caNotAfter({ status }: Authority): Instant | undefined {
  return fromRfc3339(status?.ca?.notAfter)
}
