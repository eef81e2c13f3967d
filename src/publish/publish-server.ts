import { createHash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { type Clock, type Instant, minute, second } from '#base'
import { type HttpAnswer, type HttpServer, startHttpServer } from './http-server.ts'

/** A CRL as it is served. */
export interface PublishedCrl {
  readonly der: Uint8Array
  readonly thisUpdate: Instant
  readonly nextUpdate: Instant
}

/** What the server publishes. May be asked at any time. */
export interface Publications {
  readonly clock: Clock
  crl(namespace: string, authority: string, generation: number): PublishedCrl | undefined
}

/** No cache on the way keeps a CRL longer than this: a revocation is told by the next one. */
const maxAgeMs = 5 * minute
/** A namespace has 63 characters, the name of an Authority 253. */
const urlLengthMax = 1024
const crlPath = /^\/crl\/([a-z0-9-]{1,63})\/([a-z0-9.-]{1,253})\/([1-9][0-9]{0,3})\.crl$/

/**
 * Serves CRLs at `/crl/<namespace>/<authority>/<generation>.crl` (RFC 5280 section 4.2.1.13, RFC 2585 section 4), and
 * nothing else. No path leads to a file.
 * @param listen `host:port`; port 0 takes a free one
 * @throws Error when the address cannot be had
 */
export const startPublishServer = (listen: string, publications: Publications): Promise<HttpServer> =>
  startHttpServer(listen, (request) => answer(request, publications))

function answer({ method, url = '', headers }: IncomingMessage, { crl, clock }: Publications): HttpAnswer {
  if (method !== 'GET' && method !== 'HEAD') {
    return { status: 405, body: 'only GET and HEAD\n', headers: { allow: 'GET, HEAD' } }
  }
  if (url.length > urlLengthMax) return { status: 414, body: 'the URL is too long\n' }
  const [, namespace = '', authority = '', generation] = crlPath.exec(url.split('?', 1)[0] ?? '') ?? []
  const found = generation === undefined ? undefined : crl(namespace, authority, Number(generation))
  if (!found) return { status: 404, body: 'there is no such CRL\n' }
  const validators = { etag: etagOf(found.der), 'cache-control': `max-age=${maxAgeOf(found, clock.now())}` }
  if (isKnown(headers['if-none-match'], validators.etag)) return { status: 304, body: '', headers: validators }
  return {
    status: 200,
    body: found.der,
    headers: {
      ...validators,
      'content-type': 'application/pkix-crl',
      'content-length': String(found.der.length),
      'last-modified': new Date(found.thisUpdate).toUTCString(),
    },
  }
}

/** Seconds. */
const maxAgeOf = ({ nextUpdate }: PublishedCrl, now: Instant): number =>
  Math.floor(Math.max(0, Math.min(maxAgeMs, nextUpdate - now)) / second)

const etags = new WeakMap<Uint8Array, string>()

function etagOf(der: Uint8Array): string {
  const etag = etags.get(der) ?? `"${createHash('sha256').update(der).digest('hex')}"`
  etags.set(der, etag)
  return etag
}

/** RFC 9110 section 13.1.2. */
const isKnown = (ifNoneMatch: string | undefined, etag: string): boolean =>
  (ifNoneMatch ?? '')
    .split(',')
    .map((each) => each.trim().replace(/^W\//, ''))
    .some((each) => each === '*' || each === etag)
