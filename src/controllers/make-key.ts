import type { KeyObject } from 'node:crypto'
import { generateKey, type KeySpec } from '#pki'
import { Executor } from '#runtime'

/**
 * Makes a private key.
 * @throws Failure Waiting `TargetBusy` when too many RSA keys are being made already
 */
export type MakeKey = (spec: KeySpec, signal: AbortSignal) => Promise<KeyObject>

/**
 * An RSA key takes up to seconds, and libuv's four threads serve all else too: two are made at a time, and two more may
 * wait. The others give their worker to somebody whose key is quick, and come back.
 */
const limits = { perTarget: 2, waitingMax: 2 }

export function createMakeKey(): MakeKey {
  const executor = new Executor(limits)
  return (spec, signal) =>
    spec.algorithm === 'RSA' ? executor.run('RSA keys', signal, () => generateKey(spec)) : generateKey(spec)
}
