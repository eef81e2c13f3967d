import { z } from 'zod'
import { cel, listMapOf, textLike } from './schema.ts'

/** An object identifier in dotted decimals, of at most 128 characters. */
export const objectIdentifier = textLike(
  /^([01]\.[1-3]?[0-9]|2\.(0|[1-9][0-9]{0,17}))(\.(0|[1-9][0-9]{0,17})){1,18}$/,
  128,
  'must be an object identifier such as 1.3.6.1.4.1.311.20.2.3',
)

const customExtension = z.object({
  oid: cel(objectIdentifier, {
    rule: "!self.startsWith('2.5.29.') && !self.startsWith('1.3.6.1.5.5.7.1.')",
    message: 'what RFC 5280 defines has fields of its own: usages, nameConstraints, extensions.mustStaple and so on',
  }).describe('Its object identifier.'),
  critical: z
    .boolean()
    .optional()
    .describe('Whether a client that does not know it must refuse the certificate. Default false.'),
  value: textLike(/^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/, 5464, 'must be Base64')
    .min(1)
    .describe('DER of its value, in Base64; at most 4096 octets.'),
})

/** What a certificate says beyond names and usages. */
export const extensions = z.object({
  mustStaple: z
    .boolean()
    .optional()
    .describe('Clients accept the certificate only with a stapled OCSP answer (RFC 7633). Default false.'),
  custom: listMapOf(customExtension, 'oid', 16)
    .optional()
    .describe('Extensions that RFC 5280 does not define. The Authority must permit each by its object identifier.'),
})

/** A name of a kind that has no field of its own (RFC 5280 section 4.2.1.6). */
export const otherName = z.object({
  oid: objectIdentifier.describe('What kind of name it is: 1.3.6.1.4.1.311.20.2.3 for a user principal name.'),
  utf8Value: cel(z.string().min(1).max(256), {
    rule: "!self.matches(r'\\p{Cc}')",
    message: 'must have no control characters',
  }).describe('The name, written as a UTF8String.'),
})
