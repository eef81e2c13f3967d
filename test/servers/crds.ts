import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { customResourceDefinition, kinds } from '#api'

const binary = new URL('../../bin/controlplane', import.meta.url).pathname

/**
 * Installs the CustomResourceDefinitions of all kinds and waits until they are served. Several test files may do so at
 * once on one API server: what they apply is the same.
 */
export async function installCrds(kubeconfig: string): Promise<void> {
  const items = kinds.map(customResourceDefinition)
  const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items })
  await kubectl(kubeconfig, ['apply', '--server-side', '--force-conflicts', '-f', '-'], list)
  const names = items.map(({ metadata }) => `crd/${metadata.name}`)
  await kubectl(kubeconfig, ['wait', '--for=condition=Established', '--timeout=30s', ...names])
}

/**
 * Runs kubectl with `input` and returns what it prints.
 * @throws Error with what kubectl writes to stderr, when it does not end with 0
 */
export async function kubectl(kubeconfig: string, args: readonly string[], input = ''): Promise<string> {
  const child = spawn(binary, ['kubectl', '--kubeconfig', kubeconfig, ...args])
  child.stdin.end(input)
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  if (code !== 0) throw new Error(`kubectl ${args[0]} ended with ${code}: ${stderr}`)
  return stdout
}
