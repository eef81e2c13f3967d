import { normalizeNames } from '#pki'
import type { Specimen } from './specimen.ts'

/** A flaw that is planted, so that silence of a judge means something. */
interface Flaw {
  readonly flaw: string
  /** What is damaged. */
  readonly cell: string
  readonly damage: (specimen: Specimen) => Specimen
  /** Who has to find it. */
  readonly foundBy: readonly string[]
}

/** The signature is what a certificate, a CRL and a request end with. */
function otherSignature(specimen: Specimen): Specimen {
  const der = Buffer.from(specimen.der)
  der.writeUInt8(der.readUInt8(der.length - 1) ^ 1, der.length - 1)
  return { ...specimen, der }
}

/** The DER of an object identifier below 2.5.29, those of extensions. */
const extensionId = (last: number): Buffer => Buffer.from([0x06, 0x03, 0x55, 0x1d, last])

/** Gives an extension the identifier of another that nobody knows: so it is missing. */
const without =
  (last: number) =>
  (specimen: Specimen): Specimen => {
    const der = Buffer.from(specimen.der)
    const at = der.indexOf(extensionId(last))
    if (at < 0) throw new Error(`there is no extension 2.5.29.${last} in ${specimen.cell}`)
    extensionId(99).copy(der, at)
    return { ...specimen, der }
  }

/** The certificate stays, and another one was asked for. */
const asked =
  (change: Partial<Pick<Specimen, 'names' | 'purposes'>>) =>
  (specimen: Specimen): Specimen => ({ ...specimen, ...change })

/** An octet in the middle is another: what is encrypted or digested there is damaged. */
function damagedInside(specimen: Specimen): Specimen {
  const der = Buffer.from(specimen.der)
  const middle = der.length >> 1
  der.writeUInt8(der.readUInt8(middle) ^ 1, middle)
  return { ...specimen, der }
}

const subjectKeyIdentifier = 14
const crlNumber = 20
const others = normalizeNames({ dnsNames: ['b.example.com'] })
const leaf = 'leaf/ecdsa-256/default/dns'

export const flaws: readonly Flaw[] = [
  {
    flaw: 'a wrong signature',
    cell: leaf,
    damage: otherSignature,
    foundBy: ['openssl', 'node', 'go', 'keytool', 'pkilint'],
  },
  { flaw: 'a wrong signature', cell: 'issued-by/ml-dsa-65', damage: otherSignature, foundBy: ['node', 'go'] },
  { flaw: 'a wrong signature', cell: 'root/ml-dsa-87', damage: otherSignature, foundBy: ['node', 'go'] },
  {
    flaw: 'a wrong signature',
    cell: 'crl/rsa-2048/every-reason',
    damage: otherSignature,
    foundBy: ['openssl', 'go', 'keytool'],
  },
  { flaw: 'a wrong signature', cell: 'crl/ml-dsa-44/every-reason', damage: otherSignature, foundBy: ['node', 'go'] },
  {
    flaw: 'a wrong signature',
    cell: 'csr/ed25519/default/dns',
    damage: otherSignature,
    foundBy: ['openssl', 'go', 'keytool'],
  },
  { flaw: 'a wrong signature', cell: 'csr/ml-dsa-65/default/dns', damage: otherSignature, foundBy: ['node', 'go'] },
  {
    flaw: 'a damaged octet',
    cell: 'keystore/ecdsa-256/pkcs12',
    damage: damagedInside,
    foundBy: ['openssl', 'node', 'keytool'],
  },
  { flaw: 'a damaged octet', cell: 'keystore/rsa-2048/jks', damage: damagedInside, foundBy: ['keytool'] },
  {
    flaw: 'no identifier of its key',
    cell: 'root/ecdsa-256',
    damage: without(subjectKeyIdentifier),
    foundBy: ['zlint', 'pkilint'],
  },
  {
    flaw: 'no number',
    cell: 'crl/ecdsa-256/every-reason',
    damage: without(crlNumber),
    foundBy: ['pkilint'],
  },
  { flaw: 'another name', cell: leaf, damage: asked({ names: others }), foundBy: ['node', 'go', 'keytool'] },
  {
    flaw: 'another purpose',
    cell: leaf,
    damage: asked({ purposes: ['clientAuth'] }),
    foundBy: ['openssl', 'node', 'go', 'keytool'],
  },
]
