import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { type ControlPlane, kubectl } from '#test/servers'

/** Somebody with no rights but those that are given in a test. */
export class Person {
  readonly name: string
  readonly #plane: ControlPlane
  readonly #groups: readonly string[]

  constructor(plane: ControlPlane, name: string, groups: readonly string[] = []) {
    this.#plane = plane
    this.name = `${name}-${randomBytes(3).toString('hex')}`
    this.#groups = groups
  }

  /** Gives a ClusterRole, in one namespace. */
  async gets(role: string, namespace: string): Promise<this> {
    const binding = ['create', 'rolebinding', `${this.name}-${role}`, '--clusterrole', role, '--user', this.name]
    await kubectl(this.#plane.kubeconfig, [...binding, '--namespace', namespace])
    return this
  }

  run(namespace: string, args: readonly string[], input?: string): Promise<string> {
    const groups = this.#groups.flatMap((group) => ['--as-group', group])
    const as = ['--as', this.name, ...groups, '--namespace', namespace]
    return kubectl(this.#plane.kubeconfig, [...as, ...args], input)
  }

  apply(namespace: string, object: object): Promise<string> {
    return this.run(namespace, ['apply', '-f', '-'], JSON.stringify(object))
  }

  /** Whether RBAC permits `verb resource` in the namespace. */
  async may(namespace: string, verb: string, resource: string): Promise<boolean> {
    return this.run(namespace, ['auth', 'can-i', verb, resource]).then(
      () => true,
      () => false,
    )
  }
}

/**
 * Policies and aggregated roles count a moment after they are there.
 * @throws Error when they do not within 40 s
 */
export async function eventually(isSo: () => Promise<boolean>): Promise<void> {
  for (let tries = 200; tries > 0; tries--) {
    if (await isSo()) return
    await sleep(200)
  }
  throw new Error('it has not become so in 40 s')
}
