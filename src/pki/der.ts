/** Tags of the constructed values that the signing code puts together itself (X.690 8.1.2). */
const tag = { integer: 0x02, bitString: 0x03, sequence: 0x30 }

/**
 * DER of a SEQUENCE whose members are DER already. Members go in as they are, which is the point: an issuer's name or a
 * public key keeps its exact octets, as verifiers compare them octet by octet.
 */
export const sequence = (...members: readonly Uint8Array[]): Buffer => encode(tag.sequence, members)

/** DER of `[number] EXPLICIT member`. */
export const explicit = (number: number, member: Uint8Array): Buffer => encode(0xa0 | number, [member])

/** DER of an INTEGER; `octets` are its big-endian two's complement, which must be minimal. */
export const integer = (octets: Uint8Array): Buffer => encode(tag.integer, [octets])

/** DER of a BIT STRING of whole octets. */
export const bitString = (octets: Uint8Array): Buffer => encode(tag.bitString, [Uint8Array.of(0), octets])

function encode(tagOctet: number, contents: readonly Uint8Array[]): Buffer {
  const length = contents.reduce((total, part) => total + part.length, 0)
  return Buffer.concat([Uint8Array.of(tagOctet, ...lengthOctets(length)), ...contents])
}

/** X.690 10.1: the definite form with the fewest octets. */
function lengthOctets(length: number): number[] {
  if (length < 0x80) return [length]
  const octets: number[] = []
  for (let rest = length; rest > 0; rest = Math.floor(rest / 0x100)) octets.unshift(rest % 0x100)
  return [0x80 | octets.length, ...octets]
}
