import type { KeyObject } from 'node:crypto'
import { second } from '#base'
import { backdateMs, type Chain, differences, keySatisfies } from '#pki'
import type { CertificateRequest } from './request.ts'
import { wantedLifetime } from './validity.ts'

/** What a Secret holds; without a key where that is kept elsewhere. */
export interface Held extends Chain {
  readonly key?: KeyObject
}

/** In what key and certificate do not satisfy the request. */
export function heldDifferences(held: Held, files: Readonly<Record<string, string>>, request: CertificateRequest) {
  const { key } = held
  return [
    ...contentDifferences(held, request),
    ...(key ? encodingDifferences(files['tls.key'] ?? '', request) : []),
    ...lifetimeDifferences(held, request, second),
  ]
}

/** In what the certificate itself and its key do not satisfy the request. */
export function contentDifferences({ key, certificate }: Held, request: CertificateRequest): string[] {
  const publicKey = request.publicKey ?? key ?? certificate.publicKey
  // The end is held against the lifetime asked for.
  const profile = { ...request, notAfter: undefined }
  const found = differences({ profile, publicKey }, certificate).map(({ message }) => message)
  const { algorithm, size } = request.key
  if (key && !keySatisfies(key, request.key)) found.push(`the key is not ${algorithm} ${size}`)
  return found
}

function encodingDifferences(text: string, { encoding }: CertificateRequest): string[] {
  const isPkcs1 = text.includes('BEGIN RSA PRIVATE KEY')
  return isPkcs1 === (encoding === 'PKCS1') ? [] : [`the key is not written as ${encoding}`]
}

/** @param leewayMs how far its duration may be off; a fixed end is met or not */
export function lifetimeDifferences(
  { certificate, intermediates, roots }: Held,
  request: CertificateRequest,
  leewayMs: number,
): string[] {
  const lifetimeMs = certificate.notAfter - certificate.notBefore - backdateMs
  const issuerEnd = Math.min(...[...intermediates, ...roots].map(({ notAfter }) => notAfter))
  const wantedMs = wantedLifetime(request, certificate.notBefore + backdateMs)
  const isAsLongAsPossible = lifetimeMs < wantedMs && certificate.notAfter >= issuerEnd
  const isFixed = request.notAfter !== undefined
  if (Math.abs(lifetimeMs - wantedMs) <= (isFixed ? 0 : leewayMs) || isAsLongAsPossible) return []
  return [`it was issued for another ${isFixed ? 'end' : 'duration'}`]
}
