import { setTimeout as sleep } from 'node:timers/promises'
import { type Authority, annotations, type CertificateSpec } from '#api'
import { second, toRfc3339 } from '#base'
import { resources } from '#kube'
import type { Recorder } from '#test/faults'
import { certificates, isReady, type Namespace, until } from '../controllers/namespace.ts'
import type { Sandbox, SandboxOperator } from '../controllers/sandbox.ts'

/** A namespace made ready for a workload, and all that is recorded of it. */
export interface Stage {
  readonly sandbox: Sandbox
  readonly namespace: Namespace
  /** Every version of its Secrets. */
  readonly secrets: Recorder
  /** All operators that have worked on it, in the order of their start. */
  readonly operators: SandboxOperator[]
  /** When it was made ready, on the monotonic clock. */
  readonly readyAtMs: number
}

/** A piece of work whose every write is struck by every fault. */
export interface Workload {
  readonly name: string
  /** Flags that its operators need. */
  readonly args?: readonly string[]
  /** Done with an operator at work, which is stopped afterwards. */
  prepare(stage: Stage): Promise<unknown>
  /** What the operator finds to do. */
  begin(stage: Stage): Promise<unknown>
  /** What people do while it is at work. */
  meanwhile?(stage: Stage): Promise<unknown>
  /** Whether it is done. */
  isDone(stage: Stage): Promise<boolean>
  /**
   * All writes of a run without faults, as `writePoint` calls them. Two of the same kind are told apart by a number:
   * `patch secrets web #2`.
   */
  readonly writes: readonly string[]
  /** Those of them that faults strike; all unless told. */
  readonly struck?: readonly string[]
  /** How often each comes depends on the moment: those of one kind count once. */
  readonly isOfTheMoment?: boolean
  /** Registers and CRLs, which are written beside all else and later, count too. */
  readonly withRegister?: boolean
  /** Each certificate has the key of the one before. */
  readonly keepsKey?: boolean
  /** Certificates that are signed for nothing, without any fault of ours; 0 unless told. */
  readonly wastes?: number
  /** @throws AssertionError when what it was for is not so in the end */
  holds?(stage: Stage): Promise<void>
}

/**
 * Makes a CA, and waits until all that comes of it is done. A root is activated untrusted after seven times as long as
 * trust takes to spread, and some faults blind an operator for longer than seven seconds.
 */
export async function readyAuthority({ namespace, sandbox }: Stage, trustPropagation = '3s'): Promise<void> {
  await namespace.createAuthority('ca', { internal: { trustPropagation } })
  await namespace.authorityReady('ca', 40_000)
  await hasMark(namespace, 1)
  for (const name of ['ca-ca', 'ca-crl-1']) {
    await until(() => sandbox.client.get(resources.configMaps, { namespace: namespace.name, name }), Boolean, name)
  }
}

/** Waits for the last write about a generation: the Authority says that it has it. */
export const hasMark = (namespace: Namespace, generation: number): Promise<Authority> =>
  namespace.authorityUntil('ca', ({ metadata }) => metadata.annotations?.[annotations.hasCA] === String(generation))

/** Makes a CA and a certificate of it. */
export async function readyCertificate(stage: Stage, spec: Partial<CertificateSpec> = {}, name = 'web'): Promise<void> {
  await readyAuthority(stage)
  await stage.namespace.createCertificate(name, spec)
  await stage.namespace.certificateReady(name, 1, 30_000)
}

/** Whether the Certificate is ready with this revision. */
export const isIssued =
  (revision: number, name = 'web') =>
  async ({ namespace }: Stage): Promise<boolean> => {
    const certificate = await namespace.certificate(name)
    return isReady(certificate) && certificate.status?.revision === revision
  }

/** Has the certificate issued anew; asked for in the second in which it was issued, that would have no effect. */
export async function reissue({ namespace, readyAtMs }: Stage): Promise<void> {
  await sleep(Math.max(0, readyAtMs + 1.1 * second - performance.now()))
  const asked = { [annotations.reissueRequestedAt]: toRfc3339(Date.now()) }
  await namespace.patch(certificates, 'web', { metadata: { annotations: asked } })
}
