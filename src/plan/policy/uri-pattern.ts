/** A URI cut where patterns need it (RFC 3986 section 3), character by character as it was written. */
interface UriParts {
  readonly scheme: string
  /** Undefined without `//`. */
  readonly authority: string | undefined
  readonly segments: readonly string[]
  /** Query and fragment with their signs. */
  readonly tail: string
}

/**
 * Characters of a segment that means the same to every reader (RFC 3986 section 3.3): without percent-encoding, which
 * some decode before they compare, without the backslash, which some take for a slash, and without a wildcard.
 */
const plainSegment = /^[A-Za-z0-9._~!$&'()+,;=:@-]+$/

const isPlain = (segment: string): boolean => plainSegment.test(segment) && segment !== '.' && segment !== '..'

/**
 * Whether `pattern` permits `uri`. In the path `*` stands for one segment and `**` at the end for one or more; all else
 * is compared as it is written, scheme and host without case. Nothing is decoded or made shorter before: a wildcard
 * stands only for segments that nobody reads in another way. A pattern with `*` elsewhere permits nothing.
 */
export function uriMatches(pattern: string, uri: string): boolean {
  const [wanted, given] = [partsOf(pattern), partsOf(uri)]
  if (!wanted || !given || !isUsable(wanted)) return false
  if (wanted.scheme !== given.scheme || wanted.authority !== given.authority || wanted.tail !== given.tail) return false
  const isOpen = wanted.segments.at(-1) === '**'
  const fixed = isOpen ? wanted.segments.slice(0, -1) : wanted.segments
  const count = given.segments.length
  if (isOpen ? count <= fixed.length : count !== fixed.length) return false
  return given.segments.every((segment, index) => {
    const expected = fixed[index] ?? '*'
    return expected === '*' ? isPlain(segment) : expected === segment
  })
}

/** Whether some URI can match: each `*` of the pattern is a whole segment of its path, and `**` the last. */
export function isUriPattern(pattern: string): boolean {
  const parts = partsOf(pattern)
  return parts !== undefined && isUsable(parts)
}

function isUsable({ authority = '', segments, tail }: UriParts): boolean {
  if (authority.includes('*') || tail.includes('*')) return false
  return segments.every(
    (segment, index) =>
      !segment.includes('*') || segment === '*' || (segment === '**' && index === segments.length - 1),
  )
}

function partsOf(uri: string): UriParts | undefined {
  const colon = uri.indexOf(':')
  if (colon < 1) return undefined
  const scheme = uri.slice(0, colon).toLowerCase()
  const rest = uri.slice(colon + 1)
  const end = rest.search(/[?#]/)
  const [path, tail] = end === -1 ? [rest, ''] : [rest.slice(0, end), rest.slice(end)]
  if (!path.startsWith('//')) return { scheme, authority: undefined, segments: path.split('/'), tail }
  const [authority = '', ...segments] = path.slice(2).split('/')
  return { scheme, authority: authority.includes('@') ? authority : authority.toLowerCase(), segments, tail }
}
