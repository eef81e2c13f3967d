import type { KeyObject } from 'node:crypto'
import { verifyChain } from './chain.ts'
import { PkiError } from './error.ts'
import { encodePrivateKey, parsePrivateKey, sameKey } from './key.ts'
import type { KeyEncoding } from './key-algorithm.ts'
import { encodeCertificates, type ParsedCertificate, parseCertificates } from './parsed-certificate.ts'

/** A private key, its certificate and what verifies it. */
export interface Bundle {
  readonly key: KeyObject
  readonly certificate: ParsedCertificate
  /** From the certificate's issuer up to, and without, the root; none when the root signed it, or when it is a root. */
  readonly intermediates: readonly ParsedCertificate[]
  readonly roots: readonly ParsedCertificate[]
}

/** The keys of a kubernetes.io/tls Secret, and the PEM text under each. */
export interface BundleFiles {
  readonly 'tls.key': string
  readonly 'tls.crt': string
  readonly 'ca.crt': string
}

/** The bundle as PEM texts: the key, the certificate followed by its intermediates, and the roots. */
export function encodeBundle(bundle: Bundle, encoding: KeyEncoding): BundleFiles {
  return {
    'tls.key': encodePrivateKey(bundle.key, encoding),
    'tls.crt': encodeCertificates([bundle.certificate, ...bundle.intermediates]),
    'ca.crt': encodeCertificates(bundle.roots),
  }
}

/**
 * Reads a bundle back.
 * @throws PkiError when a file is missing or cannot be read, the key is not the certificate's, or the chain does not
 *   lead from the certificate to a root (when the youngest of them began: what has expired since is still whole)
 */
export function parseBundle(files: Readonly<Record<string, string | undefined>>): Bundle {
  const text = (name: keyof BundleFiles): string => {
    const content = files[name]
    if (!content) throw new PkiError('InvalidCertificate', `${name} is missing`)
    return content
  }
  const key = parsePrivateKey(text('tls.key'))
  const [certificate, ...intermediates] = parseCertificates(text('tls.crt'))
  const roots = parseCertificates(text('ca.crt'))
  if (!certificate) throw new PkiError('InvalidCertificate', 'tls.crt holds no certificate')
  if (!sameKey(key, certificate.publicKey)) {
    throw new PkiError('InvalidKey', 'tls.key is not the key of the certificate in tls.crt')
  }
  // When all of it had begun: clocks of those who signed may have differed a little.
  const at = Math.max(...[certificate, ...intermediates, ...roots].map(({ notBefore }) => notBefore))
  verifyChain({ leaf: certificate, intermediates, roots, at })
  return { key, certificate, intermediates, roots }
}
