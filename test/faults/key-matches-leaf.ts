import { createPrivateKey, X509Certificate } from 'node:crypto'

/**
 * Whether `tls.key` of a Secret, as the API server gives it, is the key of the first certificate in its `tls.crt`.
 * False when either is absent or cannot be read.
 */
export function keyMatchesLeaf(secret: { readonly data?: Readonly<Record<string, string>> | undefined }): boolean {
  const [key, chain] = ['tls.key', 'tls.crt'].map((entry) => Buffer.from(secret.data?.[entry] ?? '', 'base64'))
  if (!key?.length || !chain?.length) return false
  try {
    return new X509Certificate(chain).checkPrivateKey(createPrivateKey(key))
  } catch {
    return false
  }
}
