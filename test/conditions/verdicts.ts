import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'

/** What others make of an object. */
export interface Verdict {
  readonly kstatus: string
  readonly argoCD: { readonly status: string; readonly message: string }
}

const root = new URL('../..', import.meta.url).pathname
const program = `${root}.cache/bin/kstatus`
const script = `${root}config/argocd/health.lua`

/**
 * The verdicts of the kstatus library and of the health script for Argo CD, in the order of the objects.
 * @throws Error when the program that asks them is missing or fails
 */
export function verdictsOn(objects: readonly object[]): Verdict[] {
  if (!existsSync(program)) throw new Error(`${program} is missing: run make judges`)
  const { status, stdout, stderr } = spawnSync(program, [script], { input: JSON.stringify(objects), encoding: 'utf8' })
  if (status !== 0) throw new Error(`kstatus ended with ${status}: ${stderr}`)
  return JSON.parse(stdout)
}
