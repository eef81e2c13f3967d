import type { KeyObject } from 'node:crypto'
import { day, minute } from '#base'
import {
  type Bundle,
  type BundleFiles,
  encodeBundle,
  generateKey,
  type KeyEncoding,
  type KeySpec,
  keySigner,
  newSerialNumber,
  parseCertificate,
  signCertificate,
  signRoot,
  signSubordinate,
} from '#pki'
import type { CertificateRequest } from '#plan'
import { noon } from './clock.ts'

const ecdsa: KeySpec = { algorithm: 'ECDSA', size: 256 }

export interface CaParts {
  readonly commonName?: string
  readonly key?: KeySpec
  readonly notBefore?: number
  readonly notAfter?: number
  /** Who signs it; it signs itself without one. */
  readonly parent?: Bundle
}

/** A real CA with its key, made at noon for ten years. */
export async function testCa(parts: CaParts = {}): Promise<Bundle> {
  const { commonName = 'Test CA', notBefore = noon - 5 * minute, notAfter = noon + 3650 * day, parent } = parts
  const key = await generateKey(parts.key ?? ecdsa)
  const signer = keySigner(key)
  const profile = { commonName, notBefore, notAfter }
  if (!parent) {
    const certificate = parseCertificate(await signRoot(profile, signer, newSerialNumber()))
    return { key, certificate, intermediates: [], roots: [certificate] }
  }
  const identity = { signer: keySigner(parent.key), certificate: parent.certificate }
  const certificate = parseCertificate(await signSubordinate(profile, signer.publicKey, identity, newSerialNumber()))
  return { key, certificate, ...chainBelow(parent) }
}

export interface LeafParts {
  readonly request: CertificateRequest
  /** Time of issue; noon unless told. */
  readonly at?: number
  /** Ends earlier than the request asks for. */
  readonly notAfter?: number
  readonly key?: KeySpec
  /** A key that there is already. */
  readonly privateKey?: KeyObject
  readonly encoding?: KeyEncoding
}

/** The files of a real certificate that a CA has issued for a request. */
export async function issuedFiles(ca: Bundle, { request, at = noon, ...parts }: LeafParts): Promise<BundleFiles> {
  const { commonName, names, usages, durationMs } = request
  const key = parts.privateKey ?? (await generateKey(parts.key ?? request.key))
  const notAfter = parts.notAfter ?? at + durationMs
  const profile = { commonName, names, usages, notBefore: at - 5 * minute, notAfter }
  const identity = { signer: keySigner(ca.key), certificate: ca.certificate }
  const certificate = parseCertificate(await signCertificate(profile, key, identity, newSerialNumber()))
  return encodeBundle({ key, certificate, ...chainBelow(ca) }, parts.encoding ?? request.encoding)
}

const chainBelow = ({ certificate, intermediates, roots }: Bundle) => ({
  intermediates: roots.includes(certificate) ? [] : [certificate, ...intermediates],
  roots,
})
