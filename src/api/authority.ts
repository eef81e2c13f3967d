import { z } from 'zod'
import {
  allowedNamespaces,
  caKey,
  certificateDuration,
  commonNameOr,
  conditions,
  durationFrom,
  objectName,
  timestamp,
} from './common.ts'
import type { KubeObject } from './object.ts'
import { anyItems, cel, listOf, textLike } from './schema.ts'

const patternLabel = '(\\*|([A-Za-z0-9_-]|\\{namespace\\})+)'

/**
 * A DNS name in which a whole label may be `*` (any one label), the first also `**` (one or more labels), and
 * `{namespace}` stands for the requester's.
 */
const dnsPattern = textLike(
  new RegExp(`^(\\*\\*|(\\*\\*\\.)?${patternLabel}(\\.${patternLabel})*)$`),
  253,
  'must be a DNS pattern of whole labels, such as *.example.com, **.example.com or *.{namespace}.svc',
)

const ipRange = cel(z.string().max(64), {
  rule: 'isCIDR(self) && cidr(self) == cidr(self).masked()',
  message:
    'must be a CIDR range such as 10.0.0.0/8 or fd00::/8, no bits set behind the prefix; one address is 10.0.0.1/32',
})

const rule = cel(
  z.object({
    names: z
      .object({
        dns: listOf(dnsPattern, 64)
          .optional()
          .describe(
            [
              'Patterns for DNS names (and a common name). Each label is matched whole: * stands for one label,',
              '** as the first label for one or more, {namespace} for the namespace of the certificate.',
              'A wildcard name matches only a pattern with * in its place.',
            ].join(' '),
          ),
        ipRanges: listOf(ipRange, 64).optional().describe('CIDR ranges for IP addresses, such as 10.0.0.0/8.'),
      })
      .optional()
      .describe('What a certificate may be issued for. A name of a kind that is not listed here is not permitted.'),
    maxDuration: certificateDuration.optional().describe('Longest duration a certificate may ask for.'),
  }),
  {
    rule: `has(self.names) && (${anyItems('self.names.dns', 'self.names.ipRanges')})`,
    message: 'a rule permits the names that it lists and no others: set names.dns or names.ipRanges',
  },
)

const internal = z.object({
  commonName: commonNameOr('choose a shorter one')
    .optional()
    .describe("Common name of the CA certificate. Default: the Authority's name."),
  parentRef: z
    .object({ name: objectName.describe('Name of an Authority of the same namespace.') })
    .optional()
    .describe('The Authority that signs this CA certificate. Without it the CA is a root and signs itself.'),
  privateKey: caKey.optional().describe("The CA's key."),
  duration: durationFrom('1h')
    .optional()
    .describe(
      'Validity of the CA certificate. Default 87600h (ten years) for a root, 43800h (five years) for a subordinate.',
    ),
})

export const authoritySpec = cel(
  z.object({
    internal: internal
      .optional()
      .describe('A CA that Sifaka runs itself; its key is in a Secret beside the Authority.'),
    allowedNamespaces: allowedNamespaces
      .optional()
      .describe('Namespaces whose Certificates may use this Authority. Default: its own only.'),
    allowedSubordinates: z
      .object({
        from: z
          .enum(['None', 'Same'])
          .default('None')
          .describe('None: no Authority. Same: Authorities of the own namespace.'),
      })
      .optional()
      .describe(
        'Authorities that may name this one as their parent. A subordinate is a CA of its own: ' +
          'the policy of this Authority does not bind it. Default: none.',
      ),
    policy: z
      .object({
        rules: listOf(rule, 32)
          .min(1)
          .describe('One rule must permit the whole request, else it is denied and nothing is signed.'),
      })
      .optional()
      .describe('What may be issued. Without it every name is permitted, to the own namespace only.'),
  }),
  { rule: 'has(self.internal)', message: 'name what signs: set internal' },
  {
    rule: 'has(self.internal) == has(oldSelf.internal) && (!has(self.internal) || self.internal == oldSelf.internal)',
    message: 'spec.internal cannot change: a CA keeps its key and name; create another Authority instead',
    fieldPath: '.internal',
  },
  {
    rule: "!has(self.allowedNamespaces) || self.allowedNamespaces.from == 'Same' || has(self.policy)",
    message: 'an Authority that other namespaces may use needs policy.rules: say which names it may issue',
  },
)

const caStatus = z.object({
  generation: z.int().describe('Number of the CA key in use, from 1.'),
  subject: z.string().max(1024).describe('Subject of the CA certificate (RFC 4514).'),
  serialNumber: z.string().max(64).describe('Serial number of the CA certificate, hexadecimal.'),
  fingerprint: z.string().max(64).describe('SHA-256 of the CA certificate, hexadecimal.'),
  notBefore: timestamp.describe('Start of its validity.'),
  notAfter: timestamp.describe('End of its validity.'),
  secretName: z.string().max(253).describe('Secret that holds its key.'),
})

export const authorityStatus = z.object({
  observedGeneration: z.int().optional().describe('Generation of the spec that this status describes.'),
  conditions: conditions.optional().describe('Ready, and while it is not: Reconciling or Stalled.'),
  ca: caStatus.optional().describe('The CA certificate in use.'),
  caBundle: z
    .string()
    .max(65536)
    .optional()
    .describe('PEM: the root certificates that verify what this Authority issues.'),
})

export type AuthoritySpec = z.infer<typeof authoritySpec>
export type AuthorityStatus = z.infer<typeof authorityStatus>
export type PolicyRule = z.infer<typeof rule>

export interface Authority extends KubeObject {
  spec: AuthoritySpec
  status?: AuthorityStatus
}
