import type { RequestOptions } from 'node:https'
import { plainText, Sensitive, terminal } from '#base'
import type { KubeconfigContext } from './kubeconfig.ts'

/** What a credential plugin answers. */
interface PluginCredentials {
  readonly token: Sensitive<string> | undefined
  readonly clientCert: string | undefined
  readonly clientKey: Sensitive<string> | undefined
}

/**
 * Credentials of a kubeconfig user with `exec` or `auth-provider`. The official client knows these plugins; it takes a
 * second to load and is loaded only here. Its answers are kept until they expire, or until `forget`.
 */
export function pluginCredentials(context: KubeconfigContext): {
  read(): Promise<PluginCredentials>
  forget(): void
} {
  let config: Promise<{ applyToHTTPSOptions(options: RequestOptions): Promise<void> }> | undefined
  const load = async () => {
    const { KubeConfig } = await import('@kubernetes/client-node')
    const loaded = new KubeConfig()
    loaded.loadFromString(JSON.stringify(fileOf(context)))
    return loaded
  }
  return {
    async read() {
      config ??= load()
      const options: RequestOptions & { headers: Record<string, string> } = { headers: {} }
      await (await config).applyToHTTPSOptions(options).catch((error: unknown) => {
        const why = error instanceof Error ? plainText(error.message) : 'unknown'
        const { path, userName } = context
        const message = `kubeconfig ${path}: the credential plugin of user "${userName}" has failed: ${why}`
        throw terminal('NoKubernetesConnection', message, error)
      })
      const bearer = options.headers.Authorization?.replace(/^Bearer /, '')
      const clientKey = options.key?.toString()
      return {
        token: bearer === undefined ? undefined : new Sensitive(bearer),
        clientCert: options.cert?.toString(),
        clientKey: clientKey === undefined ? undefined : new Sensitive(clientKey),
      }
    },
    forget() {
      config = undefined
    },
  }
}

/** A kubeconfig that has nothing but this context. */
const fileOf = ({ name, cluster, user, userName }: KubeconfigContext) => ({
  'current-context': name,
  contexts: [{ name, context: { cluster: name, user: userName } }],
  clusters: [{ name, cluster }],
  users: [{ name: userName, user }],
})
