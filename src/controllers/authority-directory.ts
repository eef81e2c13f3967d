import { type Authority, findCondition, isTrue } from '#api'
import { keyOf, retryable } from '#base'
import type { Issuer } from '#issuers'
import { type AuthorityView, caNotAfter, caSecretName, mayBeParent, mayRefer } from '#plan'
import { readSecret, secretFiles } from './own-secret.ts'
import type { ControllerTools } from './tools.ts'

interface OpenIssuer {
  readonly version: string
  readonly issuer: Issuer
}

/** Finds Authorities on behalf of those that refer to them, and keeps their issuers open. */
export class AuthorityDirectory {
  readonly #tools: ControllerTools
  readonly #open = new Map<string, OpenIssuer>()

  constructor(tools: ControllerTools) {
    this.#tools = tools
  }

  /** The Authority, or undefined when it does not exist or does not allow the namespace: the referrer cannot tell. */
  find(key: string, namespace: string): Authority | undefined {
    const { authorities, namespaces } = this.#tools.caches
    const authority = authorities.get(key)
    if (!authority) return undefined
    const known = namespaces.get(keyOf({ namespace: '', name: namespace }))
    const labels = known && (known.metadata.labels ?? {})
    const target = { metadata: authority.metadata, allowedNamespaces: authority.spec.allowedNamespaces }
    return mayRefer(target, { name: namespace, labels }) ? authority : undefined
  }

  /** The Authority as a parent of one in the namespace, or undefined when it does not exist or does not allow that. */
  findParent(key: string, namespace: string): Authority | undefined {
    const authority = this.#tools.caches.authorities.get(key)
    if (!authority) return undefined
    const target = { metadata: authority.metadata, allowedSubordinates: authority.spec.allowedSubordinates }
    return mayBeParent(target, namespace) ? authority : undefined
  }

  /** What a referrer in the namespace sees of the Authority. */
  view(key: string, namespace: string): AuthorityView | undefined {
    const authority = this.find(key, namespace)
    return authority && viewOf(authority)
  }

  /**
   * The issuer of an Authority. It stays open as long as the CA in use is the same.
   * @throws Failure Retryable when the Authority's type has no issuer here
   */
  issuerOf(authority: Authority): Issuer {
    const { namespace = '', name, uid } = authority.metadata
    const key = keyOf({ namespace, name })
    const version = `${uid}/${authority.metadata.generation}/${authority.status?.ca?.fingerprint}`
    const open = this.#open.get(key)
    if (open?.version === version) return open.issuer
    const issuer = this.#create(authority, namespace)
    this.#open.set(key, { version, issuer })
    return issuer
  }

  /** Closes what is open for an Authority that is gone. */
  forget(key: string): void {
    this.#open.delete(key)
  }

  #create(authority: Authority, namespace: string): Issuer {
    const { client, issuers, clock, logger } = this.#tools
    const type = authorityType(authority)
    const plugin = issuers.find(type)
    if (!plugin) throw retryable('AuthorityNotReady', `this operator has no issuer of type ${type}`)
    return plugin.create(
      { secretName: caSecretName(authority) },
      {
        clock,
        logger,
        async readSecret(name) {
          const secret = await readSecret(client, { namespace, name })
          if (!secret) throw retryable('CAKeyMissing', `Secret ${name} of the authority does not exist`)
          return secretFiles(secret)
        },
      },
    )
  }
}

function viewOf(authority: Authority): AuthorityView {
  const { spec, status } = authority
  const isReady = isTrue(status?.conditions, 'Ready')
  return {
    notReady: isReady ? undefined : (findCondition(status?.conditions, 'Ready')?.message ?? 'it is new'),
    notAfter: caNotAfter(authority),
    policy: spec.policy,
  }
}

/** The member of the spec that says what signs. */
export function authorityType({ spec }: Authority): string {
  return spec.internal ? 'internal' : 'unknown'
}
