import { type Authority, annotations, type Certificate, findCondition, secretLabel } from '#api'
import { type Failure, fromRfc3339, type Instant, isFailure, keyOf, retryable, terminal } from '#base'
import { type Issuer, readCertificates } from '#issuers'
import { storeKeyOf } from '#kube'
import {
  type AuthorityView,
  bundleName,
  caNotAfter,
  caSecretName,
  defaultAmong,
  type IssuerChoice,
  issuerOf,
  mayBeParent,
  mayRefer,
  type Root,
  secretNameOf,
  trustHash,
  whyNotReady,
} from '#plan'
import { readSecret, secretFiles } from './own-secret.ts'
import { type ControllerTools, index } from './tools.ts'

/** CAs in a chain of parents; more is refused. */
export const chainMax = 10

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
    const authority = this.#tools.caches.authorities.get(key)
    if (!authority) return undefined
    const target = { metadata: authority.metadata, allowedNamespaces: authority.spec.allowedNamespaces }
    return mayRefer(target, { name: namespace, labels: this.labelsOf(namespace) }) ? authority : undefined
  }

  /** The Authority as a parent of one in the namespace, or undefined when it does not exist or does not allow that. */
  findParent(key: string, namespace: string): Authority | undefined {
    const authority = this.#tools.caches.authorities.get(key)
    if (!authority) return undefined
    const target = { metadata: authority.metadata, allowedSubordinates: authority.spec.allowedSubordinates }
    return mayBeParent(target, { name: namespace, labels: this.labelsOf(namespace) }) ? authority : undefined
  }

  /** Labels of a namespace; undefined while it is not known. */
  labelsOf(namespace: string): Readonly<Record<string, string>> | undefined {
    const known = this.#tools.caches.namespaces.get(keyOf({ namespace: '', name: namespace }))
    return known && (known.metadata.labels ?? {})
  }

  /** Whether the namespace is being deleted, and all in it. */
  isTerminating(namespace: string): boolean {
    const known = this.#tools.caches.namespaces.get(keyOf({ namespace: '', name: namespace }))
    return known?.metadata.deletionTimestamp !== undefined
  }

  /** What a referrer in the namespace sees of the Authority. */
  view(key: string, namespace: string): AuthorityView | undefined {
    const authority = this.find(key, namespace)
    return authority && this.#viewOf(authority)
  }

  /** `namespace/name` of the Authority that a Certificate of the namespace gets when it names none. */
  defaultFor(namespace: string): string | undefined {
    const candidates = [...new Set([namespace, this.#tools.systemNamespace])]
    for (const each of candidates) {
      const key = this.#oldestDefault(each, namespace)
      if (key !== undefined) return key
    }
    return undefined
  }

  /** The Authority of the same namespace that is the default rather than this one. */
  olderDefault({ spec, metadata }: Authority): string | undefined {
    if (spec.default !== true) return undefined
    const { namespace = '', name } = metadata
    const oldest = this.#oldestDefault(namespace, namespace)
    return oldest === keyOf({ namespace, name }) ? undefined : oldest
  }

  #oldestDefault(namespace: string, referrer: string): string | undefined {
    const candidates = this.#tools.caches.authorities.byIndex(index.byDefault, namespace)
    const found = defaultAmong(candidates, { name: referrer, labels: this.labelsOf(referrer) })
    return found && storeKeyOf(found)
  }

  /** Certificates that use the Authority. One that it does not allow may name it, and counts for nothing. */
  certificatesOf(key: string): readonly Certificate[] {
    const named = this.#tools.caches.certificates.byIndex(index.byAuthority, key)
    return named.filter(({ metadata }) => this.find(key, metadata.namespace ?? '') !== undefined)
  }

  /** Authorities whose CA this one signs; again only those that it allows. */
  subordinatesOf(key: string): readonly Authority[] {
    const named = this.#tools.caches.authorities.byIndex(index.byParent, key)
    return named.filter(({ metadata }) => this.findParent(key, metadata.namespace ?? '') !== undefined)
  }

  /** The highest number of a CA generation that the Authority's own namespace shows: it has signed. */
  generationInUse(key: string): number {
    // Anybody may write an annotation into a namespace of theirs; only this one's speaks about this Authority.
    const { caches } = this.#tools
    const authority = caches.authorities.get(key)
    const { namespace = '' } = authority?.metadata ?? {}
    const bundle = authority && caches.configMaps.get(keyOf({ namespace, name: bundleName(authority) }))
    const leaves = caches.secrets
      .byIndex(index.byIssuer, key)
      .filter(({ metadata }) => metadata.namespace === namespace && metadata.labels?.[secretLabel] === 'certificate')
    return [...leaves, ...(bundle ? [bundle] : [])]
      .map(({ metadata }) => Number(metadata.annotations?.[annotations.caGeneration] ?? 1))
      .filter(Number.isSafeInteger)
      .reduce((highest, each) => Math.max(highest, each), 0)
  }

  /** End of the last certificate of a generation that may be in use, subordinate CAs among them. */
  liveUntil(key: string, generation: number): Instant | undefined {
    const { register, caches, clock } = this.#tools
    const now = clock.now()
    if (!register.isLoaded()) return undefined
    // What the register says of a subordinate counts, until its own Secret says that it is over.
    const subordinates = caches.authorities.byIndex(index.byParent, key).flatMap((each) => {
      const retired = caches.secrets
        .byIndex(index.byCa, storeKeyOf(each))
        .map(({ metadata }) => metadata.annotations ?? {})
        .filter((said) => said[annotations.retiredAt] !== undefined)
        .map((said) => said[annotations.serialNumber])
      return register
        .ofHolder(key, 'Authority', storeKeyOf(each))
        .filter((entry) => entry.generation === generation && !entry.revoked && !retired.includes(entry.serialNumber))
        .map(({ notAfter }) => notAfter)
    })
    const latest = Math.max(register.liveUntil(key, generation, now) ?? 0, ...subordinates)
    return latest > now ? latest : undefined
  }

  /** How many `ca.crt` and bundles below an Authority do not hold these roots yet. */
  lacking(key: string, roots: readonly Root[], depth = 0): number {
    const authority = this.#tools.caches.authorities.get(key)
    const bundle = authority?.status?.caBundle ?? ''
    if (!authority || !roots.every(({ pem }) => bundle.includes(pem))) return 1
    const trust = trustHash(bundle)
    // Only what Certificates have: anybody may write our annotations onto a Secret of theirs.
    const leaves = this.certificatesOf(key).filter((each) => {
      const { namespace = '', name } = each.metadata
      const secretKey = keyOf({ namespace, name: secretNameOf(each) })
      const said = this.#tools.caches.secrets.get(secretKey)?.metadata.annotations ?? {}
      const isOurs = said[annotations.certificate] === name && said[annotations.issuedBy] === key
      return isOurs && said[annotations.trust] !== trust && !isHeldOut(each)
    })
    const published = this.#isPublished(authority, bundle) ? 0 : 1
    const below = depth < chainMax ? this.subordinatesOf(key) : []
    return below.reduce(
      (sum, each) => sum + this.lacking(storeKeyOf(each), roots, depth + 1),
      leaves.length + published,
    )
  }

  /** Whether the ConfigMap of an Authority, if it has one, holds the bundle. */
  #isPublished(authority: Authority, bundle: string): boolean {
    const { namespace = '', name } = authority.metadata
    const published = this.#tools.caches.configMaps.get(keyOf({ namespace, name: bundleName(authority) }))
    const isOurs = published?.metadata.annotations?.[annotations.authority] === name
    return !isOurs || published.data?.['ca.crt'] === bundle
  }

  /** Why there is no issuer for an Authority. */
  problemOf(authority: Authority): Failure | undefined {
    try {
      this.issuerOf(authority)
      return undefined
    } catch (error) {
      if (isFailure(error)) return error
      throw error
    }
  }

  /**
   * The issuer of an Authority. It stays open as long as the CA in use and the spec are the same.
   * @throws Failure Terminal when there is none
   */
  issuerOf(authority: Authority): Issuer {
    const { namespace = '', name, uid, generation } = authority.metadata
    const key = keyOf({ namespace, name })
    const version = `${uid}/${generation}/${authority.status?.ca?.fingerprint}`
    const open = this.#open.get(key)
    if (open?.version === version) return open.issuer
    const issuer = this.openIssuer(authority, issuerOf(authority))
    this.#open.set(key, { version, issuer })
    return issuer
  }

  /** An issuer that nobody keeps open. */
  openIssuer(authority: Authority, { type, isPackaged, options }: IssuerChoice): Issuer {
    const { issuers } = this.#tools
    const plugin = isPackaged ? issuers.findPackaged(type) : issuers.find(type)
    if (plugin) return plugin.create(options, this.#toolsFor(authority))
    const message = `this operator has no issuer of type ${type}: name its package with --issuer-plugins`
    throw terminal('IssuerNotFound', message)
  }

  /** Closes what is open for an Authority that is gone. */
  forget(key: string): void {
    this.#open.delete(key)
  }

  #toolsFor({ metadata: { namespace = '' } }: Authority) {
    const { client, clock, logger } = this.#tools
    return {
      clock,
      logger,
      readCertificates,
      async readSecret(name: string) {
        const secret = await readSecret(client, { namespace, name })
        if (!secret) throw retryable('CAKeyMissing', `Secret ${name} of the authority does not exist`)
        return secretFiles(secret)
      },
    }
  }

  #viewOf(authority: Authority): AuthorityView {
    const { spec, status, metadata } = authority
    const active = status?.generations?.find(({ generation }) => generation === status.ca?.generation)
    return {
      notReady: whyNotReady(authority),
      notAfter: caNotAfter(authority),
      spec,
      generation: status?.ca?.generation,
      activeFrom: fromRfc3339(active?.activeFrom),
      caFingerprints: caFingerprints(authority),
      // Also one whose Secret is gone, and which the status does not list any more.
      distrusted: [
        ...(spec.internal?.distrustedGenerations ?? []),
        ...(status?.generations ?? [])
          .filter(({ state }) => state === 'Distrusted')
          .map(({ generation }) => generation),
      ],
      reissueRequestedAt: fromRfc3339(metadata.annotations?.[annotations.reissueRequestedAt]),
      caBundle: status?.caBundle,
      restoredUntil: this.#restoredUntil(authority),
      version: `${metadata.uid}/${metadata.generation}/${status?.ca?.fingerprint}`,
    }
  }

  /** An Authority that did not make the CA that it has was restored: its certificates' Secrets may still be to come. */
  #restoredUntil(authority: Authority): Instant | undefined {
    const { namespace = '', uid, creationTimestamp } = authority.metadata
    const generation = authority.status?.ca?.generation
    if (generation === undefined) return undefined
    const key = keyOf({ namespace, name: caSecretName(authority, generation) })
    const madeBy = this.#tools.caches.secrets.get(key)?.metadata.annotations?.[annotations.authorityUid]
    if (madeBy === undefined || madeBy === uid) return undefined
    const restoredAt = fromRfc3339(creationTimestamp)
    return restoredAt === undefined ? undefined : restoredAt + this.#tools.restoreGraceMs
  }
}

/** Whether its own people keep the Secret from being changed: nobody else's rotation waits for that. */
const isHeldOut = ({ status }: Certificate): boolean =>
  ['Ready', 'Issuing'].some((type) => {
    const reason = findCondition(status?.conditions, type)?.reason
    return reason === 'SecretNotUsable' || reason === 'SecretContested'
  })

const fingerprintDigits = 16

/** Of all generations that are known, the one in use first. */
function caFingerprints({ status }: Authority): string[] {
  const all = [status?.ca?.fingerprint, ...(status?.generations ?? []).map(({ fingerprint }) => fingerprint)]
  return [...new Set(all.filter((each) => each !== undefined).map((each) => each.slice(0, fingerprintDigits)))]
}
