import { z } from 'zod'
import { dnsLabels } from './name-pattern.ts'
import { type CelRule, cel, setOf, textLike } from './schema.ts'

/** A line break in a name could forge a line of what is printed of it. */
export const printable: CelRule = { rule: "!self.matches(r'\\p{Cc}')", message: 'must have no control characters' }

/** Common name of a subject: at most 64 characters (RFC 5280, appendix A, ub-common-name). */
export const commonNameOr = (advice: string) =>
  cel(
    z.string().min(1).max(253),
    { rule: 'size(self) <= 64', message: `a common name has at most 64 characters: ${advice}` },
    printable,
  )

const country = textLike(/^[A-Z]{2}$/, 2, 'must be a country of two capital letters (ISO 3166), such as DE')
const upTo = (characters: number) => cel(z.string().min(1).max(characters), printable)

/** Attributes of a distinguished name beside the common name, with the bounds of RFC 5280 appendix A. */
export const subject = z.object({
  organizations: setOf(upTo(64), 8).optional().describe('O: organizations.'),
  organizationalUnits: setOf(upTo(64), 8).optional().describe('OU: organizational units.'),
  countries: setOf(country, 8)
    .optional()
    .describe('C: countries, as two capital letters; "NO" in quotes, as YAML reads it as false.'),
  localities: setOf(upTo(128), 8).optional().describe('L: localities.'),
  provinces: setOf(upTo(128), 8).optional().describe('ST: states or provinces.'),
  streetAddresses: setOf(upTo(128), 8).optional().describe('Street addresses.'),
  postalCodes: setOf(upTo(40), 8).optional().describe('Postal codes.'),
  serialNumber: upTo(64).optional().describe('serialNumber: of the subject, not of the certificate.'),
})

/** Where people are told of things. */
export const emailAddress = textLike(
  new RegExp(`^[!-?A-~]{1,64}@${dnsLabels}$`),
  254,
  'must be an e-mail address such as web-team@example.com',
)

export type SubjectSpec = z.infer<typeof subject>
