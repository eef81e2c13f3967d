import { X509Certificate } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createSecureContext } from 'node:tls'
import { type Clock, type Failure, minute, plainText, Sensitive, terminal } from '#base'
import { CachedValue } from './cached-value.ts'
import { type KubeconfigContext, readKubeconfig } from './kubeconfig.ts'
import { pluginCredentials } from './plugin-credentials.ts'

/** What a TLS connection is made with; PEM. */
export interface TlsMaterial {
  /** Certificates that may have signed the server's; the system's when undefined. */
  readonly ca: string | undefined
  readonly clientCert: string | undefined
  readonly clientKey: Sensitive<string> | undefined
}

/** How to reach an API server, and as whom. */
export interface Connection {
  readonly server: URL
  /** Name to verify the server's certificate against, when it is not the host of `server`. */
  readonly serverName?: string | undefined
  /** Namespace of the kubeconfig's context, or of the service account. */
  readonly namespace?: string | undefined
  /** Files are read again when they were read more than a minute ago. */
  tls(): Promise<TlsMaterial>
  token(): Promise<Sensitive<string> | undefined>
  /** Makes the next calls read everything afresh: the server has refused the credentials. */
  expire(): void
}

export interface ConnectionOptions {
  /**
   * Path of a kubeconfig, or several, joined as in KUBECONFIG. Without it: `env.KUBECONFIG`, `.kube/config` in `home`,
   * and else the service account of the Pod.
   */
  readonly kubeconfig?: string | undefined
  /** Name of the kubeconfig's context; `current-context` by default. */
  readonly context?: string | undefined
  /** The process's environment: KUBECONFIG, KUBERNETES_SERVICE_HOST, KUBERNETES_SERVICE_PORT. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined
  /** Folder of the person who runs this; without it no kubeconfig is used that nobody has named. */
  readonly home?: string | undefined
  /** Folder of the Pod's service account. */
  readonly serviceAccount?: string | undefined
  readonly clock: Clock
}

/** Credentials as they are at one moment. */
interface Credentials {
  readonly token: Sensitive<string> | undefined
  readonly tls: TlsMaterial
}

const maxAgeMs = minute
const defaultServiceAccount = '/var/run/secrets/kubernetes.io/serviceaccount'

/**
 * Finds the API server and reads the credentials once, so that whatever is missing is told at the start.
 * @throws Failure (Terminal) that says what is missing or wrong
 */
export async function loadConnection(options: ConnectionOptions): Promise<Connection> {
  const { env = {}, clock } = options
  const paths = options.kubeconfig || env.KUBECONFIG || kubeconfigOf(options.home)
  if (paths) return fromKubeconfig(await readKubeconfig(paths, options.context), clock)
  const host = env.KUBERNETES_SERVICE_HOST
  if (host) return inCluster(host, env.KUBERNETES_SERVICE_PORT ?? '443', options)
  const advice = 'name a kubeconfig with --kubeconfig or in KUBECONFIG, or run in a Pod with a service account'
  throw unusable(`no Kubernetes API server: ${advice}`)
}

function kubeconfigOf(home: string | undefined): string | undefined {
  const path = home && join(home, '.kube', 'config')
  return path && existsSync(path) ? path : undefined
}

async function inCluster(host: string, port: string, options: ConnectionOptions): Promise<Connection> {
  const folder = options.serviceAccount ?? defaultServiceAccount
  const server = new URL(`https://${host.includes(':') ? `[${host}]` : host}:${port}`)
  const namespace = await readText(join(folder, 'namespace')).catch(() => undefined)
  const read = async (): Promise<Credentials> => ({
    token: new Sensitive(await readText(join(folder, 'token'))),
    tls: { ca: await readText(join(folder, 'ca.crt')), clientCert: undefined, clientKey: undefined },
  })
  return connect({ server, namespace }, read, options.clock)
}

async function fromKubeconfig(context: KubeconfigContext, clock: Clock): Promise<Connection> {
  const { cluster, user, namespace } = context
  const server = new URL(cluster.server)
  const refusal = refusalOf(context, server)
  if (refusal) throw terminal('KubeconfigInvalid', `kubeconfig ${context.path}: ${refusal}`)

  const target = { server, serverName: cluster['tls-server-name'], namespace }
  const text = (path: string | undefined, data: string | undefined): Promise<string | undefined> =>
    data ? Promise.resolve(Buffer.from(data, 'base64').toString('utf8')) : readOptional(path)
  const readCa = (): Promise<string | undefined> =>
    text(cluster['certificate-authority'], cluster['certificate-authority-data'])

  if (user.exec || user['auth-provider']) {
    const plugin = pluginCredentials(context)
    const read = async (): Promise<Credentials> => {
      const { token, clientCert, clientKey } = await plugin.read()
      return { token, tls: { ca: await readCa(), clientCert, clientKey } }
    }
    return connect(target, read, clock, plugin.forget)
  }
  const read = async (): Promise<Credentials> => ({
    token: sensitive((await readOptional(user.tokenFile)) ?? user.token),
    tls: {
      ca: await readCa(),
      clientCert: await text(user['client-certificate'], user['client-certificate-data']),
      clientKey: sensitive(await text(user['client-key'], user['client-key-data'])),
    },
  })
  return connect(target, read, clock)
}

/** What of a kubeconfig cannot be honoured and must not be passed over, or undefined. */
function refusalOf({ cluster, user, userName }: KubeconfigContext, server: URL): string | undefined {
  if (cluster['insecure-skip-tls-verify']) {
    return 'insecure-skip-tls-verify is not accepted; give the CA of the server in certificate-authority-data'
  }
  if (server.protocol === 'http:' && !['127.0.0.1', '[::1]', 'localhost'].includes(server.hostname)) {
    return `${server.origin} would be reached without TLS; use https`
  }
  if (cluster['proxy-url']) return 'proxy-url is not supported'
  if (user.as) return `user "${userName}" impersonates another one (as), which is not supported`
  const hasCertificate = user['client-certificate'] ?? user['client-certificate-data']
  const hasKey = user['client-key'] ?? user['client-key-data']
  if (Boolean(hasCertificate) !== Boolean(hasKey)) {
    return `user "${userName}" needs both a client certificate and its key`
  }
  const hasCredentials = hasCertificate ?? user.token ?? user.tokenFile ?? user.exec ?? user['auth-provider']
  if (!hasCredentials && server.protocol === 'https:') {
    return `user "${userName}" has no credentials; give a token, a tokenFile, or a client certificate and its key`
  }
  return undefined
}

type Target = Pick<Connection, 'server' | 'serverName' | 'namespace'>

async function connect(
  target: Target,
  read: () => Promise<Credentials>,
  clock: Clock,
  forget: () => void = () => {},
): Promise<Connection> {
  const readUsable = async (): Promise<Credentials> => {
    const credentials = await read()
    verify(credentials.tls)
    return credentials
  }
  const cached = new CachedValue(readUsable, clock, maxAgeMs)
  await cached.get()
  return {
    ...target,
    tls: async () => (await cached.get()).tls,
    token: async () => (await cached.get()).token,
    expire() {
      forget()
      cached.expire()
    },
  }
}

/** A certificate and a key that do not fit, as in the middle of an exchange of the files, are not taken into use. */
function verify({ ca, clientCert, clientKey }: TlsMaterial): void {
  try {
    // A context takes a CA that is no certificate without a word, and then trusts nobody.
    if (ca !== undefined) new X509Certificate(ca)
    createSecureContext({
      ...(ca !== undefined && { ca }),
      ...(clientCert !== undefined && { cert: clientCert }),
      ...(clientKey !== undefined && { key: clientKey.expose() }),
    })
  } catch (error) {
    const why = error instanceof Error ? plainText(error.message) : 'unknown'
    throw unusable(`the CA or the client certificate and key for the API server are not usable: ${why}`)
  }
}

const sensitive = (text: string | undefined): Sensitive<string> | undefined =>
  text === undefined ? undefined : new Sensitive(text)

const readOptional = async (path: string | undefined): Promise<string | undefined> =>
  path ? readText(path) : undefined

/** The text of a small file, without the line break at its end. */
async function readText(path: string): Promise<string> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw unusable(`cannot read ${path} (${error.code}); the API server cannot be reached without it`)
  })
  return text.trim()
}

const unusable = (message: string): Failure => terminal('NoKubernetesConnection', message)
