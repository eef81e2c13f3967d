import type { Usage } from '#api'
import type { CertificateRequest } from '../certificate/request.ts'
import { textCommonName } from './common-name.ts'
import { isInternalName, isReservedAddress } from './reserved.ts'

/** What publicly trusted certificates for servers may be used for (Baseline Requirements section 7.1.2.7.10). */
const forbiddenUsages: ReadonlySet<Usage> = new Set<Usage>([
  'clientAuth',
  'codeSigning',
  'emailProtection',
  'timeStamping',
])

const forbiddenAlgorithms: ReadonlySet<string> = new Set(['Ed25519', 'ML-DSA'])

const smallestRsa = 2048

/** Whether a publicly trusted certificate may have the usage. */
export const isPublicUsage = (usage: Usage): boolean => !forbiddenUsages.has(usage)

/** Whether a publicly trusted certificate may be for such a key (Baseline Requirements section 6.1.1.3). */
export const isPublicAlgorithm = (algorithm: string): boolean => !forbiddenAlgorithms.has(algorithm)

/**
 * Why public trust denies a request (CA/Browser Forum Baseline Requirements for TLS, section 7.1.2.7): its own reasons
 * are beside those of the policy. How long a certificate lives is not among them: that is cut, not denied.
 */
export function publicTrustDenials(request: CertificateRequest): string[] {
  const { names, key, usages } = request
  const { dnsNames, ipAddresses, uris, emailAddresses, otherNames, registeredIDs } = names
  const text = textCommonName(request)
  const weakRsa = key.algorithm === 'RSA' && key.size < smallestRsa
  return [
    ...dnsNames.filter(isInternalName).map((name) => `DNS name ${name} is internal`),
    ...ipAddresses.filter(isReservedAddress).map((address) => `IP address ${address} is reserved`),
    ...uris.map((uri) => `URI ${uri} is not for servers`),
    ...emailAddresses.map((mailbox) => `e-mail address ${mailbox} is not for servers`),
    ...otherNames.map((name) => `other name ${name} is not for servers`),
    ...registeredIDs.map((id) => `registered ID ${id} is not for servers`),
    ...(request.ca ? ['a CA certificate is not for servers'] : []),
    ...(text === undefined ? [] : [`common name ${text} is neither a DNS name nor an address`]),
    ...(isPublicAlgorithm(key.algorithm) ? [] : [`${key.algorithm} keys are not accepted by clients`]),
    ...(weakRsa ? [`RSA keys below ${smallestRsa} bits are not accepted`] : []),
    ...usages.filter((usage) => !isPublicUsage(usage)).map((usage) => `usage ${usage} is not for servers`),
  ].map((reason) => `public trust: ${reason}`)
}
