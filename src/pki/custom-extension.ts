import { isDer } from './der.ts'
import { PkiError } from './error.ts'
import { extension } from './extension.ts'
import { isObjectIdentifier } from './object-identifier.ts'

/** An extension of a certificate that RFC 5280 does not define. */
export interface CustomExtension {
  /** In dotted decimals. */
  readonly oid: string
  readonly critical: boolean
  /** DER of its value: what the OCTET STRING around it holds. */
  readonly value: Uint8Array
}

const maxExtensions = 16
const maxValueOctets = 4096

/** Extensions that say what a certificate is, with what has to be asked for in their place. */
const reserved: readonly { readonly prefix: string; readonly why: string }[] = [
  { prefix: '2.5.29.', why: 'RFC 5280 defines it: use the field of its own' },
  { prefix: '1.3.6.1.5.5.7.1.', why: 'RFC 5280 defines it: use the field of its own' },
  {
    prefix: '1.3.6.1.4.1.11129.2.4.',
    why: 'it belongs to certificate transparency (RFC 6962), where the CA writes it',
  },
]

/** Why no certificate has a custom extension of this identifier; undefined when one may. */
export const reservedExtension = (oid: string): string | undefined =>
  reserved.find(({ prefix }) => oid.startsWith(prefix))?.why

/**
 * DER of each Extension (RFC 5280 section 4.1), in their order.
 * @throws PkiError InvalidRequest naming the extension that cannot be written
 */
export function customExtensions(wanted: readonly CustomExtension[] | undefined): Uint8Array[] {
  if (wanted === undefined || wanted.length === 0) return []
  checkCustomExtensions(wanted)
  return wanted.map(({ oid, critical, value }) => extension(oid, critical, value))
}

/**
 * Holds extensions that are asked for against what no policy can permit.
 * @throws PkiError InvalidRequest naming the extension that cannot be written
 */
export function checkCustomExtensions(wanted: readonly CustomExtension[]): void {
  if (wanted.length > maxExtensions) throw invalid(`${wanted.length} are too many, at most ${maxExtensions}`)
  for (const [index, { oid, value }] of wanted.entries()) {
    const why = flawOf(oid, value)
    if (why !== undefined) throw invalid(`${oid.slice(0, 128)}: ${why}`)
    if (wanted.findIndex((each) => each.oid === oid) !== index) throw invalid(`${oid} stands there twice`)
  }
}

function flawOf(oid: string, value: Uint8Array): string | undefined {
  if (!isObjectIdentifier(oid)) return 'it is not an object identifier with numbers of at most 14 digits'
  const why = reservedExtension(oid)
  if (why !== undefined) return why
  if (value.length > maxValueOctets)
    return `its value has ${value.length} octets, at most ${maxValueOctets} are permitted`
  return isDer(value) ? undefined : 'its value is not exactly one DER element'
}

const invalid = (message: string): PkiError => new PkiError('InvalidRequest', `custom extensions: ${message}`)
