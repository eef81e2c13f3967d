import { z } from 'zod'
import { durationPattern } from '#base'
import { anyItems, cel, listMapOf, listOf, mapOf, matches, textLike } from './schema.ts'

const dnsLabel = '[a-z0-9]([-a-z0-9]*[a-z0-9])?'

/** Name of an object: an RFC 1123 subdomain. */
export const objectName = textLike(
  new RegExp(`^${dnsLabel}(\\.${dnsLabel})*$`),
  253,
  'must be the name of an object: lowercase letters, digits, "-" and "." between them, such as web-tls',
)

/** Name of a namespace: an RFC 1123 label. */
export const namespaceName = textLike(
  new RegExp(`^${dnsLabel}$`),
  63,
  'must be the name of a namespace: lowercase letters, digits and "-" between them, such as team-a',
)

/** The CEL rule that a text is a duration. */
const isDuration = (text: string): string => matches(durationPattern, text)

/**
 * A duration of at least `min`. It is a plain string: with `format: duration` the API server lets hours overflow
 * silently, reads units that `parseDuration` does not know, and answers a wrong unit with nothing but the pattern.
 */
export const durationFrom = (min: string) =>
  cel(z.string().max(32).regex(new RegExp(durationPattern)), {
    rule: `${isDuration('self')} && duration(self) >= duration('${min}')`,
    message: `must be a duration of at least ${min} in h, m and s, such as 2160h (90 days) or 1h30m`,
  })

/** The CEL rule that one duration is shorter than another; true when either is none, which has a rule of its own. */
export const isShorter = (one: string, other: string): string =>
  `!${isDuration(one)} || !${isDuration(other)} || duration(${one}) < duration(${other})`

/** Validity of an end-entity certificate. */
export const certificateDuration = durationFrom('1m')

/** Common name of a subject: at most 64 characters (RFC 5280, appendix A, ub-common-name). */
export const commonNameOr = (advice: string) =>
  cel(z.string().min(1).max(253), {
    rule: 'size(self) <= 64',
    message: `a common name has at most 64 characters: ${advice}`,
  })

/** A time as RFC 3339 text. Kept a string: a column of type date shows a time to come as <invalid>. */
export const timestamp = z.string().max(64)

export const reference = z.object({
  name: objectName.describe('Name of the object.'),
  namespace: namespaceName
    .optional()
    .describe('Its namespace. Default: the namespace of the object that refers to it. Another one must allow it.'),
})

export const labelSelector = z.object({
  matchLabels: mapOf(z.string().max(63), 16).optional().describe('Labels that must have exactly these values.'),
  matchExpressions: listOf(
    cel(
      z.object({
        key: z.string().min(1).max(317).describe('The label.'),
        operator: z.enum(['In', 'NotIn', 'Exists', 'DoesNotExist']).describe('How the label relates to the values.'),
        values: listOf(z.string().max(63), 32).optional().describe('For In and NotIn: the values.'),
      }),
      {
        rule: `(self.operator in ['In', 'NotIn']) == ${anyItems('self.values')}`,
        message: 'In and NotIn need values; Exists and DoesNotExist take none',
      },
    ),
    16,
  )
    .optional()
    .describe('Further requirements; all must hold.'),
})

export const allowedNamespaces = cel(
  z.object({
    from: z
      .enum(['Same', 'All', 'Selector'])
      .default('Same')
      .describe("Same: only the object's own namespace. All: every namespace. Selector: those whose labels match."),
    selector: labelSelector.optional().describe('For Selector: the labels of a namespace that may use the object.'),
  }),
  {
    rule: "(self.from == 'Selector') == has(self.selector)",
    message: 'selector goes with from: Selector, and only with it',
  },
)

/** The same bounds as metav1.Condition. */
export const condition = z.object({
  type: z.string().min(1).max(316).describe('What the condition is about.'),
  status: z.enum(['True', 'False', 'Unknown']).describe('Whether it holds.'),
  observedGeneration: z.int().min(0).optional().describe('Generation of the object that this was said of.'),
  lastTransitionTime: z.iso.datetime().describe('When the status last changed.'),
  reason: z.string().min(1).max(1024).describe('One word for the cause, for programs.'),
  message: z.string().max(32768).describe('The cause and what to do, for people.'),
})

export const conditions = listMapOf(condition, 'type', 16)

export const keyAlgorithm = z.enum(['ECDSA', 'RSA'])

const keyFields = {
  algorithm: keyAlgorithm.optional().describe('Default ECDSA.'),
  size: z
    .int()
    .optional()
    .describe('Bits: 256, 384 or 521 for ECDSA (default 256); 2048, 3072 or 4096 for RSA (default 2048).'),
}

const isRsa = "(has(self.algorithm) && self.algorithm == 'RSA')"

const keySizeRule = {
  rule: `!has(self.size) || self.size in (${isRsa} ? [2048, 3072, 4096] : [256, 384, 521])`,
  message: 'size must be 256, 384 or 521 for ECDSA (the default algorithm) and 2048, 3072 or 4096 for RSA',
}

/** Algorithm and size of a CA's key. */
export const caKey = cel(z.object(keyFields), keySizeRule)

/** Algorithm, size and handling of a certificate's key. */
export const certificateKey = cel(
  z.object({
    ...keyFields,
    encoding: z.enum(['PKCS8', 'PKCS1']).optional().describe('How tls.key is written. Default PKCS8. PKCS1 needs RSA.'),
    rotation: z
      .enum(['Always', 'Never'])
      .optional()
      .describe('Always (the default): each issuance makes a new key. Never: the key in the Secret is used again.'),
  }),
  keySizeRule,
  {
    rule: `!has(self.encoding) || self.encoding == 'PKCS8' || ${isRsa}`,
    message: 'encoding PKCS1 exists for RSA only: set algorithm: RSA or leave encoding out',
  },
)

export type Reference = z.infer<typeof reference>
export type LabelSelector = z.infer<typeof labelSelector>
export type AllowedNamespaces = z.infer<typeof allowedNamespaces>
export type Condition = z.infer<typeof condition>
export type ConditionStatus = Condition['status']
export type KeyAlgorithm = z.infer<typeof keyAlgorithm>
