import { hash } from 'node:crypto'

/** What the derived octets are for (RFC 7292 appendix B.3). */
export const purpose = { key: 1, iv: 2, mac: 3 }

export interface Derivation {
  readonly hash: 'sha1' | 'sha256'
  readonly password: string
  readonly salt: Uint8Array
  readonly iterations: number
  readonly purpose: number
  /** In octets. */
  readonly length: number
}

/** Octets that SHA-1 and SHA-256 take in at once. */
const blockLength = 64

/**
 * The key derivation of RFC 7292 appendix B.2, of a password whose characters the caller has checked. It takes about a
 * microsecond an iteration for each hash that fits into `length`, in this thread: nothing of Node's does it elsewhere.
 */
export function derive({ length, iterations, ...input }: Derivation): Buffer {
  const diversifier = Buffer.alloc(blockLength, input.purpose)
  const blocks = [...inBlocks(input.salt), ...inBlocks(terminated(input.password))]
  const derived: Buffer[] = []
  for (let rest = length; rest > 0; ) {
    let digest = hash(input.hash, Buffer.concat([diversifier, ...blocks]), 'buffer')
    for (let round = 1; round < iterations; round++) digest = hash(input.hash, digest, 'buffer')
    derived.push(digest)
    rest -= digest.length
    const summand = repeated(digest, blockLength)
    for (const block of blocks) addWithOne(block, summand)
  }
  return Buffer.concat(derived).subarray(0, length)
}

/** The password as a BMPString with two zero octets at its end (RFC 7292 appendix B.1). */
const terminated = (password: string): Buffer => Buffer.from(`${password}\0`, 'utf16le').swap16()

/** `octets`, repeated until they fill whole blocks. */
function inBlocks(octets: Uint8Array): Buffer[] {
  const count = Math.ceil(octets.length / blockLength)
  const filled = repeated(octets, count * blockLength)
  return Array.from({ length: count }, (_, index) => filled.subarray(index * blockLength, (index + 1) * blockLength))
}

const repeated = (octets: Uint8Array, length: number): Buffer => Buffer.alloc(length, octets)

/** Adds `summand` and one to `block`, both big-endian numbers of the same length; what overflows is dropped. */
function addWithOne(block: Buffer, summand: Buffer): void {
  let carry = 1
  for (let place = block.length - 1; place >= 0; place--) {
    const sum = block.readUInt8(place) + summand.readUInt8(place) + carry
    block.writeUInt8(sum & 0xff, place)
    carry = sum >> 8
  }
}
