import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { customResourceDefinition, group, kinds } from '#api'

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
  await discovered(
    kubeconfig,
    items.map(({ metadata }) => metadata.name),
  )
}

/** A kind is served a moment before the API server tells of it, and kubectl asks for what it tells. */
async function discovered(kubeconfig: string, names: readonly string[]): Promise<void> {
  for (let tries = 100; tries > 0; tries--) {
    const told = (await kubectl(kubeconfig, ['api-resources', '--api-group', group, '-o', 'name'])).split('\n')
    if (names.every((name) => told.includes(name))) return
    await sleep(100)
  }
  throw new Error(`the API server does not tell of ${names.join(', ')}`)
}

/**
 * Runs kubectl with `input` and returns what it prints.
 * @throws Error with what kubectl writes to stderr, when it does not end with 0
 */
export async function kubectl(kubeconfig: string, args: readonly string[], input = ''): Promise<string> {
  // What kubectl remembers of a server belongs to its address, and addresses come again with other servers.
  const cache = mkdtempSync(join(tmpdir(), 'sifaka-kubectl-'))
  const child = spawn(binary, ['kubectl', '--kubeconfig', kubeconfig, '--cache-dir', cache, ...args])
  child.stdin.end(input)
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  rmSync(cache, { recursive: true, force: true })
  if (code !== 0) throw new Error(`kubectl ${args[0]} ended with ${code}: ${stderr}`)
  return stdout
}
