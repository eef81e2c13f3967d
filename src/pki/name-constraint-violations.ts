import { kindsOfSubtrees, type NameConstraints, type SubtreeKind, subtreeKinds } from './name-constraints.ts'
import { normalizeNames, type SubjectNames } from './names.ts'
import type { ParsedCertificate } from './parsed-certificate.ts'

/** How the names of a certificate are held against the subtrees of a kind. */
interface NameTraits {
  readonly names: keyof SubjectNames
  readonly prefix: string
  /** The subtree that holds the name and no other; undefined when it has no host that readers agree on. */
  subtreeOf(name: string): string | undefined
}

const nameKinds: Readonly<Record<SubtreeKind, NameTraits>> = {
  dnsDomains: {
    names: 'dnsNames',
    prefix: 'DNS:',
    // A wildcard may become any name below its base.
    subtreeOf: (name) => (isWildcard(name) ? name.slice(1) : name),
  },
  ipRanges: { names: 'ipAddresses', prefix: 'IP:', subtreeOf: (name) => `${name}/${name.includes(':') ? 128 : 32}` },
  emailDomains: { names: 'emailAddresses', prefix: 'email:', subtreeOf: (name) => name },
  uriDomains: { names: 'uris', prefix: 'URI:', subtreeOf: uriHost },
}

/** A CA in a chain, as far as its constraints go. */
type Constrainer = Pick<ParsedCertificate, 'subject' | 'nameConstraints' | 'unknownConstraints'>

/**
 * Which names a chain of CAs does not allow, and by which CA's name constraints (RFC 5280 section 4.2.1.10); empty when
 * all are allowed. A CA that constrains names in a way not supported here allows none.
 * @param commonName counts as a name when it is a DNS name or an IP address
 * @param chain the CAs, from the issuer up, the root included
 * @throws PkiError InvalidNames when the names are none
 */
export function nameConstraintViolations(
  names: SubjectNames,
  commonName: string | undefined,
  chain: readonly Constrainer[],
): string[] {
  const constrainers = chain.filter(({ nameConstraints }) => nameConstraints !== undefined)
  if (constrainers.length === 0) return []
  const all = normalizeNames(names, commonName)
  return constrainers.flatMap((ca) => violationsOf(all, ca))
}

function violationsOf(names: SubjectNames, ca: Constrainer): string[] {
  const { subject, nameConstraints = {}, unknownConstraints } = ca
  if (unknownConstraints.length > 0) {
    return [`${subject} constrains names in a way that is not supported: ${unknownConstraints.join(', ')}`]
  }
  return kindsOfSubtrees.flatMap((kind) =>
    names[nameKinds[kind].names].flatMap((name) => {
      const why = violation(name, kind, nameConstraints)
      return why === undefined ? [] : [`${nameKinds[kind].prefix}${name} ${why} the name constraints of ${subject}`]
    }),
  )
}

function violation(name: string, kind: SubtreeKind, { permitted, excluded }: NameConstraints): string | undefined {
  const [allowed, forbidden] = [permitted?.[kind] ?? [], excluded?.[kind] ?? []]
  if (allowed.length + forbidden.length === 0) return undefined
  const { contains } = subtreeKinds[kind]
  const subtree = nameKinds[kind].subtreeOf(name)
  if (subtree === undefined) return 'has no host name to hold against'
  const excludedBy = forbidden.find((each) => contains(each, subtree) || mayBecome(name, each))
  if (excludedBy !== undefined) return `is excluded (${excludedBy}) by`
  return allowed.length === 0 || allowed.some((each) => contains(each, subtree)) ? undefined : 'is not permitted by'
}

const isWildcard = (name: string): boolean => name.startsWith('*.')

/** Whether a wildcard stands for `domain` itself, with the domain's first label for its star. */
const mayBecome = (name: string, domain: string): boolean =>
  isWildcard(name) && domain.indexOf('.') > 0 && domain.slice(domain.indexOf('.')) === name.slice(1)

/**
 * The host of a URI, if it is a domain name that both RFC 3986 and browsers (WHATWG URL) find in it. RFC 5280 refuses a
 * URI without one wherever URIs are constrained.
 */
function uriHost(uri: string): string | undefined {
  const authority = /^[^:/?#]+:\/\/([^/?#]*)/.exec(uri)?.[1] ?? ''
  const host = authority
    .slice(authority.lastIndexOf('@') + 1)
    .replace(/:[0-9]*$/, '')
    .toLowerCase()
  if (!URL.canParse(uri) || new URL(uri).hostname.toLowerCase() !== host) return undefined
  return subtreeKinds.uriDomains.valid(host) && !host.startsWith('.') ? host : undefined
}
