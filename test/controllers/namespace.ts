import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  type Authority,
  type AuthoritySpec,
  annotations,
  apiVersion,
  authorityKind,
  type Certificate,
  type CertificateSpec,
  certificateKind,
  findCondition,
  isTrue,
  type KubeObject,
  type Secret,
} from '#api'
import { isNotFound, type KubeClient, type Resource, resourceOf, resources } from '#kube'

export const authorities = resourceOf(authorityKind)
export const certificates = resourceOf(certificateKind)
export const { secrets } = resources

/** Events of the API server, as far as tests read them. */
export interface SeenEvent extends KubeObject {
  readonly type: string
  readonly reason: string
  readonly note: string
  readonly regarding: { readonly name: string }
}

/** One namespace, written and read with all rights and no fault in between. */
export class Namespace {
  readonly name: string
  readonly #client: KubeClient

  constructor(client: KubeClient, name: string) {
    this.#client = client
    this.name = name
  }

  createAuthority(name: string, spec: AuthoritySpec = { internal: {} }): Promise<Authority> {
    const metadata = { namespace: this.name, name }
    return this.#client.create<Authority>(authorities, { apiVersion, kind: 'Authority', metadata, spec })
  }

  createCertificate(name: string, spec: Partial<CertificateSpec> = {}): Promise<Certificate> {
    const metadata = { namespace: this.name, name }
    const whole: CertificateSpec = { authorityRef: { name: 'ca' }, dnsNames: ['www.example.com'], ...spec }
    return this.#client.create<Certificate>(certificates, { apiVersion, kind: 'Certificate', metadata, spec: whole })
  }

  createSecret(secret: Pick<Secret, 'metadata' | 'data'> & Partial<Secret>): Promise<Secret> {
    const metadata = { ...secret.metadata, namespace: this.name }
    return this.#client.create<Secret>(secrets, { apiVersion: 'v1', kind: 'Secret', ...secret, metadata })
  }

  certificate(name: string): Promise<Certificate> {
    return this.#client.get<Certificate>(certificates, { namespace: this.name, name })
  }

  authority(name: string): Promise<Authority> {
    return this.#client.get<Authority>(authorities, { namespace: this.name, name })
  }

  secret(name: string): Promise<Secret> {
    return this.#client.get<Secret>(secrets, { namespace: this.name, name })
  }

  /** Merge patch. */
  patch<T extends KubeObject>(resource: Resource, name: string, patch: object, subresource?: 'status'): Promise<T> {
    return this.#client.mergePatch<T>(resource, { namespace: this.name, name }, patch, { subresource })
  }

  /** Changes a Certificate's spec; returns it as it is then. */
  changeSpec(name: string, spec: object): Promise<Certificate> {
    return this.patch(certificates, name, { spec })
  }

  remove(resource: Resource, name: string): Promise<void> {
    return this.#client.delete(resource, { namespace: this.name, name })
  }

  /** Removes the namespace's Certificates, so that none of them is renewed any more. */
  async removeCertificates(): Promise<void> {
    const { items } = await this.#client.list(certificates, { namespace: this.name })
    await Promise.all(items.map(({ metadata }) => this.remove(certificates, metadata.name)))
  }

  async events(about: string): Promise<SeenEvent[]> {
    const { items } = await this.#client.list<SeenEvent>(resources.events, { namespace: this.name })
    return items.filter(({ regarding }) => regarding.name === about)
  }

  /** Waits until the Certificate is as wanted. */
  certificateUntil(name: string, isWanted: (certificate: Certificate) => boolean, ms?: number): Promise<Certificate> {
    return until(() => this.certificate(name), isWanted, `Certificate ${name}`, ms)
  }

  authorityUntil(name: string, isWanted: (authority: Authority) => boolean, ms?: number): Promise<Authority> {
    return until(() => this.authority(name), isWanted, `Authority ${name}`, ms)
  }

  /** Waits until the Authority is ready. */
  authorityReady(name: string, ms?: number): Promise<Authority> {
    return this.authorityUntil(name, isReady, ms)
  }

  /** Waits until the Certificate is ready for its present spec; with a revision: with that one. */
  certificateReady(name: string, revision?: number, ms?: number): Promise<Certificate> {
    const isWanted = (certificate: Certificate): boolean =>
      isReady(certificate) && (revision === undefined || certificate.status?.revision === revision)
    return this.certificateUntil(name, isWanted, ms)
  }

  /** Waits until the Certificate is not ready for this reason. */
  certificateRefused(name: string, reason: string, ms?: number): Promise<Certificate> {
    return this.certificateUntil(name, (certificate) => isRefused(certificate, reason), ms)
  }

  secretUntil(name: string, isWanted: (secret: Secret) => boolean, ms?: number): Promise<Secret> {
    return until(() => this.secret(name), isWanted, `Secret ${name}`, ms)
  }
}

type WithConditions = KubeObject & Pick<Certificate | Authority, 'status'>

/** Whether the object is ready, by a status that speaks of its present spec. */
export function isReady({ metadata, status }: WithConditions): boolean {
  return status?.observedGeneration === metadata.generation && isTrue(status?.conditions, 'Ready')
}

export function isRefused({ metadata, status }: WithConditions, reason: string): boolean {
  const ready = findCondition(status?.conditions, 'Ready')
  return status?.observedGeneration === metadata.generation && ready?.status === 'False' && ready.reason === reason
}

/** What the Ready condition says. */
export const messageOf = ({ status }: WithConditions): string =>
  findCondition(status?.conditions, 'Ready')?.message ?? ''

/** The types of the conditions that are True, sorted. */
export const trueConditions = ({ status }: WithConditions): string[] =>
  (status?.conditions ?? []).flatMap(({ type, status: is }) => (is === 'True' ? [type] : [])).sort()

/** A value of a Secret as text. */
export const textOf = ({ data = {} }: Secret, entry: string): string =>
  Buffer.from(data[entry] ?? '', 'base64').toString()

/** The first certificate in `tls.crt`. */
export const leafOf = (secret: Secret): X509Certificate => new X509Certificate(textOf(secret, 'tls.crt'))

export const revisionOf = ({ metadata }: KubeObject): string | undefined => metadata.annotations?.[annotations.revision]

/**
 * Looks again and again until what is seen is as wanted; an object that does not exist is waited for.
 * @throws AssertionError that shows what was seen last, after `ms`, 15 s unless told
 */
export async function until<T>(
  look: () => Promise<T> | T,
  isWanted: (seen: T) => boolean,
  what: string,
  ms = 15_000,
): Promise<T> {
  const deadline = performance.now() + ms
  let seen: T | undefined
  for (;;) {
    try {
      seen = await look()
      if (isWanted(seen)) return seen
    } catch (error) {
      if (!isNotFound(error)) throw error
      seen = undefined
    }
    if (performance.now() > deadline) assert.fail(`${what} is not as wanted after ${ms} ms: ${JSON.stringify(seen)}`)
    await sleep(40)
  }
}
