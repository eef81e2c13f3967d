import { z } from 'zod'
import { type CelRule, cel, textLike } from './schema.ts'

/** Underscores are in use. */
const label = '[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?'

/** Labels of a DNS name as certificates have it. */
export const dnsLabels = `${label}(\\.${label})*`

/** A name that ends in a number is an address to some readers (WHATWG URL, section 3.5). */
export const endsInLetters: CelRule = {
  rule: "!self.matches(r'(^|[.])[0-9]+$')",
  message: 'the last label of a DNS name is no number; an IP address has a field of its own',
}

const patternLabel = '(\\*|([A-Za-z0-9_-]|\\{namespace\\})+)'

/**
 * A DNS name in which a whole label may be `*` (any one label), the first also `**` (one or more labels), and
 * `{namespace}` stands for the requester's.
 */
export const dnsPattern = textLike(
  new RegExp(`^(\\*\\*|(\\*\\*\\.)?${patternLabel}(\\.${patternLabel})*)$`),
  253,
  'must be a DNS pattern of whole labels, such as *.example.com, **.example.com or *.{namespace}.svc',
)

export const ipRange = cel(z.string().max(64), {
  rule: 'isCIDR(self) && cidr(self) == cidr(self).masked()',
  message:
    'must be a CIDR range such as 10.0.0.0/8 or fd00::/8, no bits set behind the prefix; one address is 10.0.0.1/32',
})

/** A URI whose path segments may be `*` (any one segment) and whose last may be `**` (one or more). */
export const uriPattern = textLike(
  /^[A-Za-z][A-Za-z0-9+.-]*:[!-~]+$/,
  512,
  'must be a URI pattern such as spiffe://example.org/ns/{namespace}/sa/* or spiffe://example.org/**',
)

/** A mailbox: `*` for any local part, and a DNS pattern as its host. */
export const emailPattern = textLike(
  new RegExp(`^[!-?A-~]+@(\\*\\*\\.)?${patternLabel}(\\.${patternLabel})*$`),
  254,
  'must be an e-mail pattern such as *@example.com',
)

/** A text in which `*` stands for any run of characters, the empty one too. */
export const textPattern = z.string().min(1).max(253)
