import { z } from 'zod'
import { certificateDuration } from './duration.ts'
import { objectIdentifier } from './extensions.ts'
import { dnsPattern, emailPattern, ipRange, textPattern, uriPattern } from './name-pattern.ts'
import { certificateKey, keyAlgorithm } from './private-key.ts'
import { labelSelector, namespaceName } from './reference.ts'
import { renewal, renewsBeforeTheEnd } from './renewal.ts'
import { anyItems, cel, listOf, setOf } from './schema.ts'
import { emailAddress, subject } from './subject.ts'
import { usage } from './usage.ts'

const anyNames = anyItems(
  ...['dns', 'ipRanges', 'uris', 'emails', 'otherNames', 'registeredIDs'].map((kind) => `self.names.${kind}`),
)

const permittedOtherName = z.object({
  oid: objectIdentifier.describe('What kind of name: 1.3.6.1.4.1.311.20.2.3 for a user principal name.'),
  values: listOf(textPattern, 16).min(1).describe('Patterns (* for any text) for names of this kind.'),
})

const permittedNames = z.object({
  dns: listOf(dnsPattern, 64)
    .optional()
    .describe(
      [
        'Patterns for DNS names, also for a common name that is one. Each label is matched whole: * stands for one',
        'label, ** as the first label for one or more, {namespace} for the namespace of the certificate.',
        'A wildcard name matches only a pattern with * in its place.',
      ].join(' '),
    ),
  ipRanges: listOf(ipRange, 64).optional().describe('CIDR ranges for IP addresses, such as 10.0.0.0/8.'),
  uris: listOf(uriPattern, 64)
    .optional()
    .describe(
      'Patterns for URIs: * stands for one path segment, ** as the last for one or more, {namespace} for the ' +
        'namespace of the certificate.',
    ),
  emails: listOf(emailPattern, 64)
    .optional()
    .describe('Patterns for e-mail addresses, such as *@example.com; the host is a DNS pattern.'),
  otherNames: listOf(permittedOtherName, 16).optional().describe('Names of other kinds, such as user principal names.'),
  registeredIDs: listOf(objectIdentifier, 16).optional().describe('Registered object identifiers.'),
})

const permittedSubject = z.object({
  organizations: listOf(textPattern, 16).optional().describe('Patterns for organizations.'),
  organizationalUnits: listOf(textPattern, 16).optional().describe('Patterns for organizational units.'),
  countries: listOf(textPattern, 16).optional().describe('Patterns for countries.'),
  localities: listOf(textPattern, 16).optional().describe('Patterns for localities.'),
  provinces: listOf(textPattern, 16).optional().describe('Patterns for provinces.'),
  streetAddresses: listOf(textPattern, 16).optional().describe('Patterns for street addresses.'),
  postalCodes: listOf(textPattern, 16).optional().describe('Patterns for postal codes.'),
  serialNumbers: listOf(textPattern, 16).optional().describe('Patterns for the serialNumber attribute.'),
})

const permittedKey = z.object({
  algorithm: keyAlgorithm.describe('The algorithm.'),
  minSize: z.int().min(1).max(8192).optional().describe('Smallest size that is permitted. Default: any.'),
})

const rule = cel(
  z.object({
    namespaces: setOf(namespaceName, 64)
      .min(1)
      .optional()
      .describe('The rule is for certificates of these namespaces only. Default: of every namespace.'),
    namespaceSelector: labelSelector
      .optional()
      .describe('The rule is for certificates of namespaces with these labels only.'),
    names: permittedNames
      .optional()
      .describe('What a certificate may be issued for. A name of a kind that is not listed here is not permitted.'),
    commonNames: listOf(textPattern, 64)
      .optional()
      .describe('Patterns (* for any text) for a common name that is no DNS name or address. Default: none.'),
    subject: permittedSubject
      .optional()
      .describe('Attributes of the subject beside the common name; one that is not listed is not permitted.'),
    keys: listOf(permittedKey, 8).min(1).optional().describe('Keys that are permitted. Default: all.'),
    usages: setOf(usage, 16).min(1).optional().describe('Usages that are permitted. Default: all.'),
    extensions: setOf(objectIdentifier, 16)
      .optional()
      .describe('Object identifiers of custom extensions that are permitted. Default: none.'),
    maxDuration: certificateDuration
      .optional()
      .describe('Longest duration that a certificate may ask for. Default: any.'),
    requireOwner: z.boolean().optional().describe('The certificate must name its owner.'),
  }),
  {
    rule: `${anyItems('self.commonNames')} || (has(self.names) && (${anyNames}))`,
    message:
      'a rule permits the names that it lists and no others: set names.dns, names.ipRanges, names.uris, ' +
      'names.emails, names.otherNames, names.registeredIDs or commonNames',
  },
)

export const policy = z.object({
  rules: listOf(rule, 32)
    .min(1)
    .describe('One rule must permit the whole request, else it is denied and nothing is signed.'),
  auditRules: listOf(rule, 32)
    .min(1)
    .optional()
    .describe(
      'Rules on trial: they deny nothing. A certificate that none of them permits says so in the condition ' +
        'PolicyViolation, and sifaka policy check lists it.',
    ),
  sensitiveNames: listOf(dnsPattern, 64)
    .optional()
    .describe(
      'Patterns for DNS names that no rule permits by a pattern with *: such a name must stand in a rule as it is.',
    ),
})

/** What fills absent fields of a Certificate at issuance. */
export const defaults = cel(
  z.object({
    subject: subject.optional().describe('Attributes of the subject, each where the certificate has none of it.'),
    privateKey: certificateKey.optional().describe('The key, where the certificate says nothing of it.'),
    duration: certificateDuration.optional().describe('Validity asked for.'),
    usages: setOf(usage, 16).min(1).optional().describe('Key usages.'),
    renewal: renewal.optional().describe('When to renew.'),
    owner: emailAddress.optional().describe('Who is told of what happens to the certificate.'),
  }),
  renewsBeforeTheEnd,
)

export type Policy = z.infer<typeof policy>
export type PolicyRule = z.infer<typeof rule>
export type CertificateDefaults = z.infer<typeof defaults>
