import { z } from 'zod'
import { dnsLabels, endsInLetters, ipRange } from './name-pattern.ts'
import { cel, setOf, textLike } from './schema.ts'

const domain = cel(
  textLike(
    new RegExp(`^\\.?${dnsLabels}$`),
    253,
    'must be a DNS domain such as example.com; with a leading dot only what is below it',
  ),
  endsInLetters,
)

/** An empty list could be read as every name or as none, so there is none. */
const namesOf = <Item extends z.ZodType>(item: Item) => setOf(item, 64).min(1).optional()

const subtrees = cel(
  z.object({
    dnsDomains: namesOf(domain).describe('DNS domains and all below them; with a leading dot only what is below.'),
    ipRanges: namesOf(ipRange).describe('CIDR ranges of IP addresses.'),
    emailDomains: namesOf(domain).describe('Hosts of mailboxes; with a leading dot all hosts below.'),
    uriDomains: namesOf(domain).describe('Hosts of URIs; with a leading dot all hosts below.'),
  }),
  {
    rule: 'has(self.dnsDomains) || has(self.ipRanges) || has(self.emailDomains) || has(self.uriDomains)',
    message: 'list some names: set dnsDomains, ipRanges, emailDomains or uriDomains',
  },
)

/** Names that may be issued below a CA (RFC 5280 section 4.2.1.10). */
export const nameConstraints = cel(
  z.object({
    permitted: subtrees.optional().describe('Of each kind listed here only these names are valid below the CA.'),
    excluded: subtrees.optional().describe('Names that are never valid below the CA.'),
  }),
  {
    rule: 'has(self.permitted) || has(self.excluded)',
    message: 'name constraints need names: set permitted, excluded or both',
  },
)
