import type { RequestOptions } from 'node:https'
import { Sensitive } from '#base'
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
export function pluginCredentials({ path, name }: KubeconfigContext): {
  read(): Promise<PluginCredentials>
  forget(): void
} {
  let config: Promise<{ applyToHTTPSOptions(options: RequestOptions): Promise<void> }> | undefined
  const load = async () => {
    const { KubeConfig } = await import('@kubernetes/client-node')
    const loaded = new KubeConfig()
    loaded.loadFromFile(path)
    loaded.setCurrentContext(name)
    return loaded
  }
  return {
    async read() {
      config ??= load()
      const options: RequestOptions & { headers: Record<string, string> } = { headers: {} }
      await (await config).applyToHTTPSOptions(options)
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
