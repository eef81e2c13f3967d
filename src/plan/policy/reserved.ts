import { ipInRange, isIpAddress } from '#pki'

/**
 * Last labels that are no domain of the public DNS: special-use names (RFC 6761, 6762, 7686, 8375, 9476; .internal by
 * ICANN), the tree of addresses (RFC 3172), and names that private networks use (RFC 6762 appendix G, ICANN's name
 * collisions), of which Kubernetes adds `svc`.
 */
const privateDomains: ReadonlySet<string> = new Set([
  ...['alt', 'arpa', 'example', 'internal', 'invalid', 'local', 'localhost', 'onion', 'test'],
  ...['corp', 'home', 'intranet', 'lan', 'localdomain', 'mail', 'private', 'svc'],
])

const isOfPrivateDomain = (labels: readonly string[]): boolean => privateDomains.has(labels.at(-1)?.toLowerCase() ?? '')

/** Whether a DNS name is of private networks. So is a single label, and a wildcard over a whole top-level domain. */
export function isInternalName(name: string): boolean {
  const labels = name.split('.')
  return labels.length - (labels[0] === '*' ? 1 : 0) < 2 || isOfPrivateDomain(labels)
}

/** Whether every name that a DNS pattern stands for is of private networks. */
export function isInternalPattern(pattern: string): boolean {
  const labels = pattern.split('.')
  return (labels.length < 2 && labels[0] !== '**') || isOfPrivateDomain(labels)
}

/**
 * Addresses that are not of the public internet: RFC 6890 and the registries that it began, and multicast. Of IPv6
 * only 2000::/3 has ever been given out (RFC 4291 section 2.4).
 */
const reservedRanges: readonly string[] = [
  ...['0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12', '192.0.0.0/24'],
  ...['192.0.2.0/24', '192.88.99.0/24', '192.168.0.0/16', '198.18.0.0/15', '198.51.100.0/24', '203.0.113.0/24'],
  ...['224.0.0.0/4', '240.0.0.0/4'],
  ...['::/3', '4000::/2', '8000::/1', '2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20'],
]

/** Whether an IP address is not of the public internet. */
export const isReservedAddress = (address: string): boolean =>
  isIpAddress(address) && reservedRanges.some((range) => ipInRange(address, range))

/** Whether no address of a CIDR range is of the public internet. */
export function isReservedRange(cidr: string): boolean {
  const [address = '', length] = cidr.split('/')
  return (
    isIpAddress(address) &&
    reservedRanges.some((range) => ipInRange(address, range) && Number(length) >= Number(range.split('/')[1]))
  )
}
