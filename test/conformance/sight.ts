import type { Certificate, KubeObject, Secret } from '#api'
import { silentLogger, systemClock } from '#base'
import { Cache, resources } from '#kube'
import { certificates, type Namespace, type SeenEvent } from '../controllers/namespace.ts'
import type { Sandbox } from '../controllers/sandbox.ts'

/** What is in some namespaces, kept up to date by watches: however many tests wait for something, nobody is asked. */
export class Sight {
  readonly certificates: Cache<Certificate>
  readonly secrets: Cache<Secret>
  readonly #events: Cache<SeenEvent>

  private constructor({ client }: Sandbox, teams: readonly Namespace[]) {
    const namespaces = teams.map(({ name }) => name)
    const common = { client, namespaces, clock: systemClock, logger: silentLogger }
    const whole = <T extends KubeObject>(object: KubeObject): T => object as T
    const indexes = {
      about: ({ metadata, regarding }: SeenEvent): string[] => [`${metadata.namespace}/${regarding.name}`],
    }
    this.certificates = new Cache<Certificate>({ ...common, resource: certificates, project: whole })
    this.secrets = new Cache<Secret>({ ...common, resource: resources.secrets, project: whole })
    this.#events = new Cache<SeenEvent>({ ...common, resource: resources.events, project: whole, indexes })
  }

  static async open(sandbox: Sandbox, teams: readonly Namespace[]): Promise<Sight> {
    const sight = new Sight(sandbox, teams)
    for (const cache of sight.#all) cache.start()
    await Promise.all(sight.#all.map(({ synced }) => synced))
    return sight
  }

  /** The events about objects of that name. */
  events(key: string): readonly SeenEvent[] {
    return this.#events.byIndex('about', key)
  }

  async close(): Promise<void> {
    await Promise.all(this.#all.map((cache) => cache.stop()))
  }

  get #all(): readonly { start(): void; stop(): Promise<void>; readonly synced: Promise<void> }[] {
    return [this.certificates, this.secrets, this.#events]
  }
}
