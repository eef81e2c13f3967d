import { z } from 'zod'
import { cel, listMapOf, setOf, textLike } from './schema.ts'

/** Reasons of RFC 5280 section 5.3.1, but for removeFromCRL, which only a delta CRL has. */
export const revocationReason = z.enum([
  'unspecified',
  'keyCompromise',
  'cACompromise',
  'affiliationChanged',
  'superseded',
  'cessationOfOperation',
  'certificateHold',
  'privilegeWithdrawn',
  'aACompromise',
])

/** Hexadecimal, two digits for each of at most 20 octets, as status.serialNumber shows it. */
export const serialNumber = textLike(
  /^([0-9a-f]{2}){1,20}$/,
  40,
  'must be a serial number in lower-case hexadecimal, two digits for each octet, as status.serialNumber shows it',
)

const comment = z.string().max(256)

/** What of a Certificate is revoked. */
export const revocation = cel(
  z.object({
    issuedBefore: z.iso
      .datetime()
      .optional()
      .describe('Every certificate of this object that was issued before this time.'),
    serials: setOf(serialNumber, 64)
      .min(1)
      .optional()
      .describe('The certificates of this object with these serial numbers, each in quotes.'),
    reason: revocationReason.optional().describe('Why. Default unspecified.'),
    comment: comment.optional().describe('Why, for people: it goes into the audit stream.'),
    replace: z
      .enum(['First', 'Never'])
      .optional()
      .describe(
        'First (the default): a new certificate with a new key is in place before the old one is revoked. ' +
          'Never: it is revoked at once, and nothing is issued until this changes or goes.',
      ),
  }),
  {
    rule: 'has(self.issuedBefore) != has(self.serials)',
    message: 'say what is revoked: set exactly one of issuedBefore and serials',
  },
)

/** Certificates that an Authority's own people revoke, whoever they were issued to. */
export const authorityRevocations = listMapOf(
  z.object({
    serialNumber: serialNumber.describe('Serial number of a certificate that this Authority has issued, in quotes.'),
    reason: revocationReason.optional().describe('Why. Default unspecified.'),
    comment: comment.optional().describe('Why, for people: it goes into the audit stream.'),
  }),
  'serialNumber',
  256,
)

export type RevocationReason = z.infer<typeof revocationReason>
export type Revocation = z.infer<typeof revocation>
