import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

/** A real API server on loopback. */
export interface ControlPlane {
  /** Path of a kubeconfig with all rights. */
  readonly kubeconfig: string
  /** Stops it, if this call of `controlPlane` has started it. */
  stop(): Promise<void>
}

const binary = new URL('../../bin/controlplane', import.meta.url).pathname

/**
 * The control plane that the test run shares, named by SIFAKA_TEST_KUBECONFIG; without one (a single file run by hand)
 * a new one. Tests keep apart by namespaces.
 */
export async function controlPlane(): Promise<ControlPlane> {
  const shared = process.env.SIFAKA_TEST_KUBECONFIG
  return shared ? { kubeconfig: shared, stop: async () => {} } : startControlPlane()
}

/** Starts a control plane of its own on a free port, in a temporary folder that goes when it stops. */
export async function startControlPlane(flags: readonly string[] = []): Promise<ControlPlane> {
  if (!existsSync(binary)) throw new Error('bin/controlplane is missing: run `make controlplane`')
  const data = mkdtempSync(join(tmpdir(), 'sifaka-controlplane-'))
  const child = spawn(binary, ['start', '--data', data, '--port', '0', '--temporary', ...flags], {
    // Open as long as this process lives: whatever ends it, the control plane ends too and takes its folder with it.
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  await ready(child)
  return {
    kubeconfig: join(data, 'kubeconfig'),
    async stop() {
      // Ctrl-C in a terminal reaches the child as well: it may have ended already.
      const isRunning = child.exitCode === null && child.signalCode === null
      const ended = isRunning ? once(child, 'exit') : undefined
      child.kill('SIGTERM')
      await ended
    },
  }
}

async function ready(child: ChildProcess): Promise<void> {
  if (!child.stdout) throw new Error('the control plane has no output')
  for await (const line of createInterface({ input: child.stdout })) if (line === 'ready') return
  throw new Error('the control plane ended before it was ready')
}
