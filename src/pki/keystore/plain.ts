import type { KeyObject } from 'node:crypto'
import type { Bundle } from '../bundle.ts'
import { encodePrivateKey } from '../key.ts'
import type { KeyEncoding } from '../key-algorithm.ts'
import { encodeCertificates, type ParsedCertificate } from '../parsed-certificate.ts'

/** Private key and certificate as DER, under the names that they have in a Secret. */
export interface DerFiles {
  /** PKCS #8 (RFC 5958), unencrypted; absent where the key is kept elsewhere. */
  readonly 'key.der'?: Uint8Array
  /** The certificate alone: a file of DER holds one. */
  readonly 'tls.der': Uint8Array
}

/** Key and certificate as DER files; without a key, the certificate alone. */
export const derFiles = ({ key, certificate }: { key?: KeyObject; certificate: ParsedCertificate }): DerFiles => ({
  ...(key && { 'key.der': key.export({ format: 'der', type: 'pkcs8' }) }),
  'tls.der': certificate.der,
})

/**
 * One PEM text of private key, certificate and intermediates, in that order, which is what HAProxy, MongoDB and their
 * like read from a single file.
 * @throws PkiError InvalidKey when keys of this algorithm have no such encoding
 */
export function combinedPem(
  bundle: Pick<Bundle, 'key' | 'certificate' | 'intermediates'>,
  encoding: KeyEncoding,
): string {
  const { key, certificate, intermediates } = bundle
  return encodePrivateKey(key, encoding) + encodeCertificates([certificate, ...intermediates])
}
