import { readFileSync, writeFileSync } from 'node:fs'
import { Pool } from 'undici'
import { parse, stringify } from 'yaml'
import { z } from 'zod'

/** Where an API server is and how to be let in: by a client certificate or by a bearer token. */
export interface ClusterAccess {
  readonly server: string
  /** PEM, like `cert` and `key`. */
  readonly ca: string
  readonly cert?: string | undefined
  readonly key?: string | undefined
  readonly token?: string | undefined
}

const kubeconfigSchema = z.object({
  'current-context': z.string(),
  contexts: z.array(z.object({ name: z.string(), context: z.object({ cluster: z.string(), user: z.string() }) })),
  clusters: z.array(
    z.object({ name: z.string(), cluster: z.object({ server: z.url(), 'certificate-authority-data': z.base64() }) }),
  ),
  users: z.array(
    z.object({
      name: z.string(),
      user: z.object({
        'client-certificate-data': z.base64().optional(),
        'client-key-data': z.base64().optional(),
        token: z.string().optional(),
      }),
    }),
  ),
})

/**
 * What the current context of a kubeconfig file says.
 * @throws Error when the file names no cluster or user, or holds its credentials anywhere but inline
 */
export function readKubeconfig(path: string): ClusterAccess {
  const config = kubeconfigSchema.parse(parse(readFileSync(path, 'utf8')))
  const context = config.contexts.find(({ name }) => name === config['current-context'])?.context
  const cluster = config.clusters.find(({ name }) => name === context?.cluster)?.cluster
  const user = config.users.find(({ name }) => name === context?.user)?.user
  if (!cluster || !user) throw new Error(`the current context of ${path} names no cluster and user`)
  return {
    server: cluster.server,
    ca: decode(cluster['certificate-authority-data']) ?? '',
    cert: decode(user['client-certificate-data']),
    key: decode(user['client-key-data']),
    token: user.token,
  }
}

/** Writes a kubeconfig with one cluster and one user, readable by its owner only. */
export function writeKubeconfig(path: string, access: ClusterAccess): void {
  const user = {
    'client-certificate-data': encode(access.cert),
    'client-key-data': encode(access.key),
    token: access.token,
  }
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'test',
    clusters: [{ name: 'test', cluster: { server: access.server, 'certificate-authority-data': encode(access.ca) } }],
    users: [{ name: 'test', user }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'test' } }],
  }
  writeFileSync(path, stringify(config), { mode: 0o600 })
}

/** HTTP/1.1 connections to the API server. Nothing times out by itself: a watch may be silent for long. */
export function openPool({ server, ca, cert, key }: ClusterAccess): Pool {
  const identity = cert === undefined || key === undefined ? {} : { cert, key }
  return new Pool(new URL(server).origin, {
    allowH2: false,
    headersTimeout: 0,
    bodyTimeout: 0,
    connect: { ca, ...identity },
  })
}

/** The headers that go with `access`: none when a client certificate lets the connection in. */
export function credentialHeaders({ token }: ClusterAccess): Record<string, string> {
  return token === undefined ? {} : { authorization: `Bearer ${token}` }
}

const decode = (text: string | undefined): string | undefined =>
  text === undefined ? undefined : Buffer.from(text, 'base64').toString()

const encode = (text: string | undefined): string | undefined =>
  text === undefined ? undefined : Buffer.from(text).toString('base64')
