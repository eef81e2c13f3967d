import { z } from 'zod'
import { anyItems, cel, listOf, mapOf, textLike } from './schema.ts'

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

export const reference = z.object({
  name: objectName.describe('Name of the object.'),
  namespace: namespaceName
    .optional()
    .describe(
      'Its namespace. Default: the namespace of the object that refers to it. An object of another namespace must ' +
        'allow it.',
    ),
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

const selectorGoesWithFrom = {
  rule: "(self.from == 'Selector') == has(self.selector)",
  message: 'selector goes with from: Selector, and only with it',
}

export const allowedNamespaces = cel(
  z.object({
    from: z
      .enum(['Same', 'All', 'Selector'])
      .default('Same')
      .describe("Same: only the object's own namespace. All: every namespace. Selector: those whose labels match."),
    selector: labelSelector.optional().describe('For Selector: the labels of a namespace that may use the object.'),
  }),
  selectorGoesWithFrom,
)

export const allowedSubordinates = cel(
  z.object({
    from: z
      .enum(['None', 'Same', 'Selector'])
      .default('None')
      .describe(
        'None: no Authority. Same: Authorities of the own namespace. Selector: those of namespaces whose labels match.',
      ),
    selector: labelSelector.optional().describe('For Selector: the labels of a namespace whose Authorities may.'),
  }),
  selectorGoesWithFrom,
)

export type Reference = z.infer<typeof reference>
export type LabelSelector = z.infer<typeof labelSelector>
export type AllowedNamespaces = z.infer<typeof allowedNamespaces>
export type AllowedSubordinates = z.infer<typeof allowedSubordinates>
