import assert from 'node:assert/strict'
import { apiVersion, type Certificate, type CertificateSpec, type Secret } from '#api'
import { keyOf } from '#base'
import { isNotFound } from '#kube'
import { kubectl } from '#test/servers'
import { certificates, isReady, isRefused, type Namespace, trueConditions, until } from '../controllers/namespace.ts'
import type { Openssl } from '../controllers/openssl.ts'
import type { Sandbox, SandboxOperator } from '../controllers/sandbox.ts'
import { assertConforms } from './conforms.ts'
import type { IssuerUnderTest } from './issuers.ts'
import type { ReadCertificate } from './read-certificate.ts'
import type { Sight } from './sight.ts'

/** Many certificates are made at once, and the machine may be shared. */
const patienceMs = 180_000

/** A certificate that conforms, and the Secret it is in. */
interface Conforming {
  readonly certificate: Certificate
  readonly secret: Secret
  readonly read: ReadCertificate
}

interface BenchParts {
  readonly issuer: IssuerUnderTest
  readonly team: Namespace
  readonly sandbox: Sandbox
  readonly sight: Sight
  readonly operator: SandboxOperator
  readonly openssl: Openssl
}

/** One issuer with its namespace, and what its certificates are judged with. */
export class Bench {
  readonly team: Namespace
  readonly sandbox: Sandbox
  readonly openssl: Openssl
  /** Every Secret that was judged. */
  readonly judged: Secret[] = []
  readonly #parts: BenchParts

  constructor(parts: BenchParts) {
    this.#parts = parts
    this.team = parts.team
    this.sandbox = parts.sandbox
    this.openssl = parts.openssl
  }

  /** Creates a Certificate of Authority `ca` that says just this. */
  create(name: string, spec: Partial<CertificateSpec>): Promise<Certificate> {
    const metadata = { namespace: this.team.name, name }
    const whole: CertificateSpec = { authorityRef: { name: 'ca' }, ...spec }
    const certificate: Certificate = { apiVersion, kind: 'Certificate', metadata, spec: whole }
    return this.sandbox.client.create(certificates, certificate)
  }

  /** Creates a Certificate, and holds its first certificate against all that holds for every one. */
  async issued(name: string, spec: Partial<CertificateSpec>): Promise<Conforming> {
    await this.create(name, spec)
    return this.conforming(name, 1)
  }

  /** Waits for a certificate of the Certificate, and holds it against all that holds for every one. */
  async conforming(name: string, revision: number): Promise<Conforming> {
    const isIt = (seen: Certificate): boolean => isReady(seen) && seen.status?.revision === revision
    await this.certificateUntil(name, isIt)
    return this.judge(name, isIt)
  }

  /** Holds what a Certificate has against all that holds for every one, as soon as it is as wanted. */
  async judge(name: string, isWanted: (certificate: Certificate) => boolean): Promise<Conforming> {
    const { issuer, sight } = this.#parts
    // What the watch has shown may be over already.
    const certificate = await this.team.certificateUntil(name, isWanted, patienceMs)
    const { revision = 0 } = certificate.status ?? {}
    const events = await until(
      () => sight.events(this.#keyOf(name)),
      (seen) => seen.filter(({ reason }) => reason === 'Issued').length >= revision,
      `the events of ${name}`,
      patienceMs,
    )
    const secret = await this.team.secret(certificate.spec.secretName ?? name)
    const read = await assertConforms({ certificate, secret, events }, issuer, this.openssl)
    this.judged.push(secret)
    return { certificate, secret, read }
  }

  /** Waits until the Certificate is ready or stalled. */
  settled(name: string): Promise<Certificate> {
    const isSettled = (seen: Certificate): boolean =>
      isReady(seen) ||
      (seen.status?.observedGeneration === seen.metadata.generation && trueConditions(seen).includes('Stalled'))
    return this.certificateUntil(name, isSettled)
  }

  /** Waits until the Certificate is seen as wanted. */
  certificateUntil(name: string, isWanted: (certificate: Certificate) => boolean): Promise<Certificate> {
    return seen(() => this.#parts.sight.certificates.get(this.#keyOf(name)), isWanted, `Certificate ${name}`)
  }

  /** Waits until the Certificate is not ready for this reason. */
  refused(name: string, reason: string): Promise<Certificate> {
    return this.certificateUntil(name, (certificate) => isRefused(certificate, reason))
  }

  /** Waits until the Secret is seen as wanted. */
  secretUntil(name: string, isWanted: (secret: Secret) => boolean): Promise<Secret> {
    return seen(() => this.#parts.sight.secrets.get(this.#keyOf(name)), isWanted, `Secret ${name}`)
  }

  /** Another field manager than ours sets fields of a Secret, by server-side apply. */
  async applyToSecret(name: string, fields: object): Promise<void> {
    const manifest = { apiVersion: 'v1', kind: 'Secret', ...fields }
    const metadata = { ...Object(manifest).metadata, namespace: this.team.name, name }
    const apply = ['apply', '--server-side', '--field-manager', 'somebody', '-f', '-']
    await kubectl(this.sandbox.kubeconfig, apply, JSON.stringify({ ...manifest, metadata }))
  }

  async deleteInForeground(name: string): Promise<void> {
    const what = ['delete', 'certificates.sifaka.dev', name, '--namespace', this.team.name]
    await kubectl(this.sandbox.kubeconfig, [...what, '--cascade=foreground', '--wait=false'])
  }

  /** The Secret, if there is one. */
  secretIfAny(name: string): Promise<Secret | undefined> {
    return this.team.secret(name).catch((error) => (isNotFound(error) ? undefined : Promise.reject(error)))
  }

  /** How many certificates have been released to the Certificate's Secret, by the audit stream. */
  releasesOf(name: string): number {
    const isOf = (object: unknown): boolean => keyIn(object) === this.#keyOf(name)
    const lines = this.#parts.operator.audit()
    return lines.filter(({ event, object }) => event === 'CertificateRelease' && isOf(object)).length
  }

  #keyOf(name: string): string {
    return keyOf({ namespace: this.team.name, name })
  }
}

/** Looks until there is something as wanted. */
async function seen<T>(look: () => T | undefined, isWanted: (found: T) => boolean, what: string): Promise<T> {
  const found = await until(look, (each) => each !== undefined && isWanted(each), what, patienceMs)
  return found ?? assert.fail()
}

const keyIn = (object: unknown): string => keyOf({ namespace: Object(object).namespace, name: Object(object).name })
