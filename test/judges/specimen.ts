import { createHash, type KeyObject } from 'node:crypto'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { SubjectNames } from '#pki'

type PemKind = 'certificate' | 'crl' | 'csr'

export type SpecimenKind = PemKind | 'keystore'

/** Something that Sifaka has made, for the judges. */
export interface Specimen {
  /** Its place in the matrix, such as `leaf/ecdsa-256/default/dns`. */
  readonly cell: string
  readonly kind: SpecimenKind
  /** DER, or the octets of a keystore. */
  readonly der: Uint8Array
  /** DER of the certificates above it, from its issuer up to the root; of a keystore the chain in it, from its leaf. */
  readonly issuers: readonly Uint8Array[]
  /** The private key of a certificate, where a judge uses it. */
  readonly key?: KeyObject
  /** The extended key usages that were asked for. */
  readonly purposes: readonly string[]
  /** The alternative names that were asked for, in their normal form. */
  readonly names: SubjectNames
}

const labels: Readonly<Record<PemKind, string>> = {
  certificate: 'CERTIFICATE',
  crl: 'X509 CRL',
  csr: 'CERTIFICATE REQUEST',
}

export function pemOf(der: Uint8Array, kind: PemKind): string {
  const lines = Buffer.from(der)
    .toString('base64')
    .replaceAll(/.{64}(?=.)/g, '$&\n')
  return `-----BEGIN ${labels[kind]}-----\n${lines}\n-----END ${labels[kind]}-----\n`
}

/** The octets of a text with one PEM block. */
export const derOf = (pem: string): Uint8Array => Buffer.from(pem.replaceAll(/-----[^-]*-----/g, ''), 'base64')

/** Writes it into the folder, a keystore as it is and the others as PEM; returns the path, which tells the cell. */
export function fileOf({ cell, kind, der }: Specimen, folder: string): string {
  const path = join(folder, `${cell.replaceAll('/', '_')}.${kind === 'keystore' ? 'store' : 'pem'}`)
  writeFileSync(path, kind === 'keystore' ? der : pemOf(der, kind))
  return path
}

/** Writes a certificate as PEM into the folder, once for each; returns the path. */
export function certificateFile(der: Uint8Array, folder: string): string {
  const path = join(folder, `${createHash('sha256').update(der).digest('hex')}.pem`)
  if (!existsSync(path)) writeFileSync(path, pemOf(der, 'certificate'))
  return path
}

/** What a judge has to say of a specimen. */
export interface Finding {
  readonly cell: string
  /** The judge's own word for it. */
  readonly code: string
  readonly level: string
  readonly message: string
}

/** Says what is wrong with specimens. Throws when it cannot be asked. */
export type Judge = (specimens: readonly Specimen[], folder: string) => Promise<readonly Finding[]>
