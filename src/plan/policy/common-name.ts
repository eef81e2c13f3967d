import { isDnsName, isIpAddress } from '#pki'
import type { CertificateRequest } from '../certificate/request.ts'

/**
 * The common name when it is no DNS name or address, and so not among the names, or a CA's, which never is. Letters
 * outside ASCII are never folded: there is a K that becomes the other one.
 */
export function textCommonName({ commonName, names, ca }: CertificateRequest): string | undefined {
  if (ca) return commonName
  if (commonName === undefined || isIpAddress(commonName)) return undefined
  return isDnsName(commonName) && names.dnsNames.includes(commonName.toLowerCase()) ? undefined : commonName
}
