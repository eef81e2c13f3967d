import { randomBytes } from 'node:crypto'
import { credentialHeaders, openPool, readKubeconfig } from './kubeconfig.ts'

export interface PlainAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: { readonly metadata: { readonly resourceVersion: string }; readonly [field: string]: unknown }
}

/** What has come from a watch so far. */
export interface PlainWatch {
  bytes: Buffer
  /** `open`, `ended` in order, or `broken`. */
  state: 'open' | 'ended' | 'broken'
}

/** Speaks to an API server without any care of its own: no retry, no resume. */
export class PlainClient {
  readonly #access
  readonly #pool

  constructor(kubeconfig: string) {
    this.#access = readKubeconfig(kubeconfig)
    this.#pool = openPool(this.#access)
  }

  /** @throws Error when the connection breaks before the answer is whole */
  async call(method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE', path: string, body?: object): Promise<PlainAnswer> {
    const type = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json'
    const response = await this.#pool.request({
      method,
      path,
      headers: { ...credentialHeaders(this.#access), accept: 'application/json', 'content-type': type },
      ...(body ? { body: JSON.stringify(body) } : {}),
    })
    const text = await response.body.text()
    const json = response.headers['content-type'] === 'application/json' ? JSON.parse(text) : { text }
    return { status: response.statusCode, headers: response.headers, body: json }
  }

  async watch(path: string): Promise<PlainWatch> {
    const { body } = await this.#pool.request({ method: 'GET', path, headers: credentialHeaders(this.#access) })
    const watch: PlainWatch = { bytes: Buffer.alloc(0), state: 'open' }
    body.on('data', (chunk: Buffer) => {
      watch.bytes = Buffer.concat([watch.bytes, chunk])
    })
    body.on('end', () => {
      watch.state = 'ended'
    })
    body.on('error', () => {
      watch.state = 'broken'
    })
    return watch
  }

  /** Makes a namespace with a name of its own. */
  async newNamespace(): Promise<string> {
    const name = `faults-${randomBytes(4).toString('hex')}`
    await this.call('POST', '/api/v1/namespaces', { metadata: { name } })
    return name
  }

  close(): Promise<void> {
    return this.#pool.destroy()
  }
}

/** Type and name of each whole event, such as `ADDED a`. */
export function eventsOf({ bytes }: PlainWatch): string[] {
  const lines = bytes.toString().split('\n').slice(0, -1)
  return lines.map((line) => {
    const { type, object } = JSON.parse(line)
    return `${type} ${object.metadata?.name ?? object.code}`
  })
}
