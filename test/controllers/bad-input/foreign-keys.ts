import { randomBytes } from 'node:crypto'
import { element, pem } from './der.ts'

const hex = (text: string): Buffer => Buffer.from(text, 'hex')
const integer = (octets: Uint8Array): Buffer => element(0x02, octets)

/** EncryptedPrivateKeyInfo (RFC 5958) with PBES2: to find out whether a password fits takes ten million rounds. */
function encrypted(): Buffer {
  const [pbes2, pbkdf2, hmacWithSha256, aes256] = [
    hex('06092a864886f70d01050d'),
    hex('06092a864886f70d01050c'),
    hex('06082a864886f70d0209'),
    hex('060960864801650304012a'),
  ]
  const rounds = integer(hex('00989680'))
  const salted = element(0x30, element(0x04, randomBytes(16)), rounds, element(0x30, hmacWithSha256, element(0x05)))
  const derivation = element(0x30, pbkdf2, salted)
  const cipher = element(0x30, aes256, element(0x04, randomBytes(16)))
  return element(0x30, element(0x30, pbes2, element(0x30, derivation, cipher)), element(0x04, randomBytes(160)))
}

export const encryptedKey = (): string => pem(encrypted(), 'ENCRYPTED PRIVATE KEY')

/** The same, said to be a plain key. */
export const disguisedKey = (): string => pem(encrypted(), 'PRIVATE KEY')

/** An RSA private key (RFC 8017 A.1.2) of this size, of the right form: its numbers go together in no way. */
export function rsaKey(bits: number): string {
  const number = (size: number): Buffer => {
    const octets = randomBytes(size / 8)
    octets[0] = 0xff
    octets[octets.length - 1] = 0xff
    return integer(Buffer.concat([Uint8Array.of(0), octets]))
  }
  const halves = Array.from({ length: 5 }, () => number(bits / 2))
  const parts = [integer(Uint8Array.of(0)), number(bits), integer(hex('010001')), number(bits), ...halves]
  return pem(element(0x30, ...parts), 'RSA PRIVATE KEY')
}
