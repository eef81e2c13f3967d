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

/** A certificate and what verifies it. */
export type Chain = Omit<Bundle, 'key'>

/**
 * Reads a bundle back.
 * @throws PkiError when a file is missing or cannot be read, the key is not the certificate's, or the chain does not
 *   lead from the certificate to a root (when the youngest of them began: what has expired since is still whole)
 */
export function parseBundle(files: Files): Bundle {
  const key = parsePrivateKey(textOf(files, 'tls.key'))
  const chain = readChain(files)
  if (!sameKey(key, chain.certificate.publicKey)) {
    throw new PkiError('InvalidKey', 'tls.key is not the key of the certificate in tls.crt')
  }
  return { key, ...verified(chain) }
}

/**
 * Reads the files of a certificate whose key is kept elsewhere.
 * @throws PkiError as `parseBundle` does
 */
export const parseChain = (files: Files): Chain => verified(readChain(files))

type Files = Readonly<Record<string, string | undefined>>

function textOf(files: Files, name: keyof BundleFiles): string {
  const content = files[name]
  if (!content) throw new PkiError('InvalidCertificate', `${name} is missing`)
  return content
}

function readChain(files: Files): Chain {
  const [certificate, ...intermediates] = parseCertificates(textOf(files, 'tls.crt'))
  const roots = parseCertificates(textOf(files, 'ca.crt'))
  if (!certificate) throw new PkiError('InvalidCertificate', 'tls.crt holds no certificate')
  return { certificate, intermediates, roots }
}

function verified(chain: Chain): Chain {
  const { certificate, intermediates, roots } = chain
  const at = whenAllBegan([certificate, ...intermediates, ...roots])
  // What the certificate itself says was judged when it was issued.
  verifyChain({ leaf: certificate, intermediates, roots, at, permittedCritical: certificate.unknownCritical })
  return chain
}

/** When the youngest of the certificates began: clocks of those who signed may have differed a little. */
export const whenAllBegan = (certificates: readonly ParsedCertificate[]): number =>
  Math.max(...certificates.map(({ notBefore }) => notBefore))
