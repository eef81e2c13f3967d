import { AsnConvert, AsnProp, AsnPropTypes, AsnType, AsnTypeTypes } from '@peculiar/asn1-schema'
import { id_ce_nameConstraints } from '@peculiar/asn1-x509'
import { implicit, implicitSequence, sequence } from './der.ts'
import { PkiError } from './error.ts'
import { extension, generalName } from './extension.ts'
import { canonicalIp, ipInRange, ipOctets } from './ip-address.ts'
import { isDnsName } from './names.ts'

/** Names by kind, each text with all that lies below it (RFC 5280 section 4.2.1.10). */
export interface NameSubtrees {
  /** `example.com` is that name and all below it; `.example.com` only what is below it; empty is every DNS name. */
  readonly dnsDomains?: readonly string[] | undefined
  /** CIDR ranges such as 10.0.0.0/8. */
  readonly ipRanges?: readonly string[] | undefined
  /** `example.com` is the mailboxes of that host, `.example.com` those of all hosts below it; or one mailbox. */
  readonly emailDomains?: readonly string[] | undefined
  /** `example.com` is the URIs of that host, `.example.com` those of all hosts below it. */
  readonly uriDomains?: readonly string[] | undefined
}

/**
 * What a CA and all below it may issue for. A name of a kind that has permitted subtrees must lie in one of them, and
 * no name may lie in an excluded one.
 */
export interface NameConstraints {
  readonly permitted?: NameSubtrees | undefined
  readonly excluded?: NameSubtrees | undefined
}

export type SubtreeKind = keyof NameSubtrees

/** One kind of subtrees. */
interface SubtreeTraits {
  /** Tag of the GeneralName. */
  readonly tag: number
  readonly what: string
  valid(text: string): boolean
  /** The form in which subtrees are compared. */
  canonical(text: string): string
  /** Whether all names of the subtree `inner` are names of the subtree `outer`, both in canonical form. */
  contains(outer: string, inner: string): boolean
  encode(text: string): Uint8Array
  /** The text of a base, or undefined when it is none. */
  read(base: BaseSchema): string | undefined
}

/** A domain, with or without a dot before it. */
const isDomain = (text: string): boolean => isDnsName(text.replace(/^\./, '')) && !text.includes('*')

/** A dot before `outer` means one label more at least; without one it is that host alone. */
const hostContains = (outer: string, inner: string): boolean =>
  outer.startsWith('.') ? inner.endsWith(outer) : inner === outer

const hostOf = (mailbox: string): string => mailbox.slice(mailbox.lastIndexOf('@') + 1)

/** The form in which subtrees are compared: in lower case but for the local part of a mailbox. */
export const canonicalSubtree = (text: string): string =>
  text.slice(0, text.lastIndexOf('@') + 1) + hostOf(text).toLowerCase()

const encodeText = (text: string): Uint8Array => Buffer.from(canonicalSubtree(text))

function canonicalRange(text: string): string {
  const [address = '', length = ''] = text.split('/')
  return `${canonicalIp(address)}/${Number(length)}`
}

/** Each kind of subtree that is written, read and held against names. */
export const subtreeKinds: Readonly<Record<SubtreeKind, SubtreeTraits>> = {
  dnsDomains: {
    tag: generalName.dns,
    what: 'a DNS domain',
    canonical: canonicalSubtree,
    valid: (text) => text === '' || isDomain(text),
    contains: (outer, inner) =>
      outer === '' || inner === outer || inner.endsWith(outer.startsWith('.') ? outer : `.${outer}`),
    encode: encodeText,
    read: ({ dns }) => dns,
  },
  ipRanges: {
    tag: generalName.ip,
    what: 'a range of IP addresses',
    canonical: canonicalRange,
    valid: isRange,
    contains: (outer, inner) => {
      const [address = '', length] = inner.split('/')
      return ipInRange(address, outer) && Number(length) >= Number(outer.split('/')[1])
    },
    encode: rangeOctets,
    read: ({ ip }) => (ip === undefined ? undefined : rangeOf(ip)),
  },
  emailDomains: {
    tag: generalName.email,
    what: 'a mailbox or the domain of one',
    canonical: canonicalSubtree,
    valid: (text) => isDomain(hostOf(text)) && !/^@|@\./.test(text),
    contains: (outer, inner) => (outer.includes('@') ? outer === inner : hostContains(outer, hostOf(inner))),
    encode: encodeText,
    read: ({ email }) => email,
  },
  uriDomains: {
    tag: generalName.uri,
    what: 'the domain of URIs',
    canonical: canonicalSubtree,
    valid: isDomain,
    contains: hostContains,
    encode: encodeText,
    read: ({ uri }) => uri,
  },
}

export const kindsOfSubtrees = Object.keys(subtreeKinds) as readonly SubtreeKind[]

function isRange(text: string): boolean {
  try {
    ipInRange('::', text)
    return true
  } catch {
    return false
  }
}

/** The octets of the address, then those of its mask (RFC 5280 section 4.2.1.10). */
function rangeOctets(text: string): Uint8Array {
  const [address = '', length] = text.split('/')
  const octets = ipOctets(address)
  return Buffer.concat([octets, maskOctets(octets.length, Number(length))])
}

const maskOctets = (octets: number, bits: number): Uint8Array =>
  Uint8Array.from({ length: octets }, (_, index) => (0xff00 >> Math.min(8, Math.max(0, bits - index * 8))) & 0xff)

/** The range of an address and a mask; undefined when the mask has gaps or the octets are of no address. */
function rangeOf(contents: ArrayBuffer): string | undefined {
  const half = contents.byteLength / 2
  if (half !== 4 && half !== 16) return undefined
  const mask = new Uint8Array(contents, half)
  const bits = mask.reduce((count, octet) => count + octet.toString(2).replaceAll('0', '').length, 0)
  if (Buffer.compare(mask, maskOctets(half, bits)) !== 0) return undefined
  const network = Buffer.from(contents, 0, half).map((octet, index) => octet & (mask[index] ?? 0))
  const text =
    half === 4 ? network.join('.') : canonicalIp((Buffer.from(network).toString('hex').match(/.{4}/g) ?? []).join(':'))
  return `${text}/${bits}`
}

/**
 * The critical extension (RFC 5280 section 4.2.1.10); none without constraints.
 * @throws PkiError InvalidNames for a text that is no subtree of its kind, or when the constraints are empty
 */
export function nameConstraintsExtension(constraints: NameConstraints | undefined): Uint8Array[] {
  if (constraints === undefined) return []
  const lists = [constraints.permitted, constraints.excluded].map(encodeSubtrees)
  const members = lists.flatMap((list, number) => (list.length === 0 ? [] : [implicitSequence(number, list)]))
  if (members.length === 0) throw new PkiError('InvalidNames', 'name constraints need permitted or excluded names')
  return [extension(id_ce_nameConstraints, true, sequence(...members))]
}

/** Each subtree with its kind and side, in one text for each; to be compared as sets. */
export function constraintTexts(constraints: NameConstraints = {}): string[] {
  return (['permitted', 'excluded'] as const).flatMap((side) =>
    kindsOfSubtrees.flatMap((kind) =>
      (constraints[side]?.[kind] ?? []).map((text) => `${side} ${kind} ${subtreeKinds[kind].canonical(text)}`),
    ),
  )
}

function encodeSubtrees(subtrees: NameSubtrees | undefined): Uint8Array[] {
  return kindsOfSubtrees.flatMap((kind) => {
    const { tag, what, valid, encode } = subtreeKinds[kind]
    return (subtrees?.[kind] ?? []).map((text) => {
      if (!valid(text)) throw new PkiError('InvalidNames', `"${text.slice(0, 253)}" is not ${what}`)
      return sequence(implicit(tag, encode(text)))
    })
  })
}

/** A GeneralName of a kind that is read; the octets of an address stay as they are. */
class BaseSchema {
  email: string | undefined
  dns: string | undefined
  uri: string | undefined
  ip: ArrayBuffer | undefined
}
const textOf = (context: number) => ({ type: AsnPropTypes.IA5String, context, implicit: true })
AsnType({ type: AsnTypeTypes.Choice })(BaseSchema)
AsnProp(textOf(generalName.email))(BaseSchema.prototype, 'email')
AsnProp(textOf(generalName.dns))(BaseSchema.prototype, 'dns')
AsnProp(textOf(generalName.uri))(BaseSchema.prototype, 'uri')
AsnProp({ type: AsnPropTypes.OctetString, context: generalName.ip, implicit: true })(BaseSchema.prototype, 'ip')

class SubtreeSchema {
  base = new ArrayBuffer(0)
  minimum = 0
  maximum: number | undefined
}
const distance = { type: AsnPropTypes.Integer, implicit: true }
AsnProp({ type: AsnPropTypes.Any })(SubtreeSchema.prototype, 'base')
AsnProp({ ...distance, context: 0, defaultValue: 0 })(SubtreeSchema.prototype, 'minimum')
AsnProp({ ...distance, context: 1, optional: true })(SubtreeSchema.prototype, 'maximum')

class ConstraintsSchema {
  permitted: SubtreeSchema[] | undefined
  excluded: SubtreeSchema[] | undefined
}
const subtreesAt = (context: number) =>
  ({ type: SubtreeSchema, repeated: 'sequence', context, implicit: true, optional: true }) as const
AsnProp(subtreesAt(0))(ConstraintsSchema.prototype, 'permitted')
AsnProp(subtreesAt(1))(ConstraintsSchema.prototype, 'excluded')

/** More subtrees than any CA needs, so that the work of holding names against them is bounded. */
const maxSubtrees = 1000

/** GeneralName's alternatives by their tags (RFC 5280 section 4.2.1.6). */
const generalNames = [
  'otherName',
  'rfc822Name',
  'dNSName',
  'x400Address',
  'directoryName',
  'ediPartyName',
  'uniformResourceIdentifier',
  'iPAddress',
  'registeredID',
]

/** The name constraints of a certificate. */
export interface ReadConstraints {
  readonly nameConstraints: NameConstraints | undefined
  /** Kinds of names that are constrained in a way not supported here, such as `directoryName`. */
  readonly unknownConstraints: readonly string[]
}

/**
 * Reads the DER of the value of the extension.
 * @throws Error when it is malformed
 */
export function readNameConstraints(value: ArrayBuffer | undefined): ReadConstraints {
  if (value === undefined) return { nameConstraints: undefined, unknownConstraints: [] }
  const { permitted = [], excluded = [] } = AsnConvert.parse(value, ConstraintsSchema)
  const unknown = new Set<string>()
  if (permitted.length + excluded.length > maxSubtrees) unknown.add(`more than ${maxSubtrees} subtrees`)
  const read = (subtrees: readonly SubtreeSchema[]): NameSubtrees | undefined => {
    const found: Partial<Record<SubtreeKind, string[]>> = {}
    for (const subtree of subtrees.slice(0, maxSubtrees)) {
      const [kind, text] = readSubtree(subtree)
      if (text === undefined) unknown.add(kind)
      else found[kind] = [...(found[kind] ?? []), text]
    }
    return Object.keys(found).length === 0 ? undefined : found
  }
  const constraints = { permitted: read(permitted), excluded: read(excluded) }
  return { nameConstraints: constraints, unknownConstraints: [...unknown] }
}

/** Its kind and text; without a text when it is not understood, and must then refuse the chain. */
function readSubtree({ base, minimum, maximum }: SubtreeSchema): [SubtreeKind, string] | [string, undefined] {
  const tag = (Buffer.from(base)[0] ?? 0) & 0x1f
  const kind = kindsOfSubtrees.find((each) => subtreeKinds[each].tag === tag)
  const name = generalNames[tag] ?? 'unknown'
  if (kind === undefined || minimum !== 0 || maximum !== undefined) return [name, undefined]
  const text = subtreeKinds[kind].read(AsnConvert.parse(base, BaseSchema))
  return text === undefined || !subtreeKinds[kind].valid(text) ? [name, undefined] : [kind, canonicalSubtree(text)]
}
