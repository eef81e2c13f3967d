import { isIP, SocketAddress } from 'node:net'
import { PkiError } from './error.ts'

/** Whether `text` is an IPv4 or IPv6 address, without zone or prefix length. */
export const isIpAddress = (text: string): boolean => isIP(text) !== 0 && !text.includes('%')

/** The one text of an address: dotted decimal, or RFC 5952 for IPv6. The caller has asked `isIpAddress`. */
export function canonicalIp(text: string): string {
  return isIP(text) === 6 ? new SocketAddress({ address: text, family: 'ipv6' }).address : text
}

/**
 * Four or sixteen octets. An IPv4-mapped IPv6 address stays sixteen, as it is another name in a certificate.
 * The caller has asked `isIpAddress`.
 */
export function ipOctets(text: string): Uint8Array {
  return Uint8Array.from(isIP(text) === 4 ? text.split('.').map(Number) : ipv6Octets(canonicalIp(text)))
}

function ipv6Octets(text: string): number[] {
  const [head = '', tail] = text.split('::')
  const left = groupOctets(head)
  if (tail === undefined) return left
  const right = groupOctets(tail)
  return [...left, ...Array<number>(16 - left.length - right.length).fill(0), ...right]
}

/** Octets of groups such as `2001:db8`, the last of which may be dotted decimal. */
function groupOctets(text: string): number[] {
  if (text === '') return []
  return text.split(':').flatMap((group) => {
    if (group.includes('.')) return group.split('.').map(Number)
    const value = Number.parseInt(group, 16)
    return [value >> 8, value & 0xff]
  })
}

/**
 * Whether `ip` lies in the range `cidr` (RFC 4632, RFC 4291 section 2.3). IPv4 and IPv6 never match each other.
 * @throws PkiError InvalidNames when `cidr` is no range, or has bits set beyond its prefix
 */
export function ipInRange(ip: string, cidr: string): boolean {
  const range = parseCidr(cidr)
  if (!isIpAddress(ip)) return false
  const octets = ipOctets(ip)
  return octets.length === range.octets.length && samePrefix(octets, range.octets, range.prefixLength)
}

function parseCidr(cidr: string): { readonly octets: Uint8Array; readonly prefixLength: number } {
  const [address = '', length = '', ...rest] = cidr.slice(0, 64).split('/')
  const prefixLength = Number(length)
  if (rest.length === 0 && isIpAddress(address) && /^[0-9]{1,3}$/.test(length)) {
    const octets = ipOctets(address)
    if (prefixLength <= octets.length * 8) {
      if (samePrefix(octets, network(octets, prefixLength), octets.length * 8)) return { octets, prefixLength }
      throw new PkiError('InvalidNames', `"${cidr}" has bits set beyond its first ${length}: name the network itself`)
    }
  }
  throw new PkiError('InvalidNames', `"${cidr.slice(0, 64)}" is not a range such as 10.0.0.0/8 or fd00::/8`)
}

const network = (octets: Uint8Array, prefixLength: number): Uint8Array =>
  octets.map((octet, index) => octet & prefixMask(prefixLength - index * 8))

function samePrefix(a: Uint8Array, b: Uint8Array, prefixLength: number): boolean {
  return a.every((octet, index) => ((octet ^ (b[index] ?? 0)) & prefixMask(prefixLength - index * 8)) === 0)
}

/** An octet with its first `bits` bits set. */
const prefixMask = (bits: number): number => (0xff00 >> Math.min(8, Math.max(0, bits))) & 0xff
