import { z } from 'zod'
import { internal } from './authority-internal.ts'
import { defaults, policy } from './authority-policy.ts'
import { conditions, timestamp } from './conditions.ts'
import { durationFrom, isShorter } from './duration.ts'
import type { KubeObject } from './object.ts'
import { plugin } from './plugin.ts'
import { allowedNamespaces, allowedSubordinates } from './reference.ts'
import { authorityRevocations } from './revocation.ts'
import { cel, listMapOf, textLike } from './schema.ts'
import { emailAddress } from './subject.ts'

const retry = cel(
  z.object({
    initial: durationFrom('1s').optional().describe('Time to the second attempt. Default 1m.'),
    max: durationFrom('1s').optional().describe('Longest time between attempts. Default 8h.'),
  }),
  {
    rule: [
      '!has(self.initial) || !has(self.max) || self.initial == self.max',
      isShorter('self.initial', 'self.max'),
    ].join(' || '),
    message: 'initial must not be longer than max',
  },
)

const types = ['internal', 'plugin']
const hasType = types.map((type) => `has(self.${type})`)

export const authoritySpec = cel(
  z.object({
    internal: internal
      .optional()
      .describe('A CA that Sifaka runs itself; its keys are in Secrets beside the Authority.'),
    plugin: plugin.optional().describe('An issuer from a package that the operator was started with.'),
    allowedNamespaces: allowedNamespaces
      .optional()
      .describe('Namespaces whose Certificates may use this Authority. Default: its own only.'),
    allowedSubordinates: allowedSubordinates
      .optional()
      .describe(
        'Authorities that may name this one as their parent. A subordinate is a CA of its own: ' +
          'the policy of this Authority does not bind it. Default: none.',
      ),
    policy: policy
      .optional()
      .describe('What may be issued. Without it every name is permitted, to the own namespace only.'),
    defaults: defaults
      .optional()
      .describe('Fills fields that a Certificate leaves out, at issuance: a change acts at the next renewal.'),
    default: z
      .boolean()
      .optional()
      .describe(
        'Certificates that name no Authority use this one: those of its namespace, or from the system namespace ' +
          'those of every namespace that it allows.',
      ),
    intake: z
      .enum(['Open', 'RenewalsOnly', 'Closed'])
      .optional()
      .describe(
        'Open (the default): certificates are issued. RenewalsOnly: only for what has one already. Closed: none.',
      ),
    suspend: z.boolean().optional().describe('Do nothing for this Authority: no certificate, no rotation, no bundle.'),
    publicTrust: z
      .boolean()
      .optional()
      .describe(
        'Hold the rules of public trust (CA/Browser Forum): durations are cut to the maximum of the day, and ' +
          'internal names, reserved addresses, clientAuth, Ed25519 and ML-DSA are denied.',
      ),
    weekendExpiry: z
      .enum(['Keep', 'MoveEarlier'])
      .optional()
      .describe('MoveEarlier: what would end on a Saturday or Sunday (UTC) ends on the Friday before. Default Keep.'),
    reissueWithin: durationFrom('1s')
      .optional()
      .describe(
        'Over which time certificates are issued anew after a rotation of the CA or on request, each at its own ' +
          'moment. Default 1h.',
      ),
    retry: retry
      .optional()
      .describe('How long a failed issuance waits for its next attempt: twice as long after each that fails.'),
    revocations: authorityRevocations
      .optional()
      .describe('Certificates of this Authority that are revoked, whoever they were issued to.'),
    owner: emailAddress.optional().describe('Who is told of what happens to this Authority.'),
  }),
  {
    rule: `[${hasType.join(', ')}].filter(each, each).size() == 1`,
    message: `name what signs: set exactly one of ${types.join(' and ')}`,
  },
  {
    rule: types.map((type) => `has(self.${type}) == has(oldSelf.${type})`).join(' && '),
    message: 'what signs cannot become something else: create another Authority instead',
  },
  {
    rule: "!has(self.allowedNamespaces) || self.allowedNamespaces.from == 'Same' || has(self.policy)",
    message: 'an Authority that other namespaces may use needs policy.rules: say which names it may issue',
  },
)

const fingerprint = textLike(/^[0-9a-f]{64}$/, 64, 'must be a SHA-256 in lower-case hexadecimal')

const caGeneration = z.object({
  generation: z.int().describe('Number of the CA key, from 1.'),
  state: z
    .enum(['Next', 'Active', 'Retiring', 'Retired', 'Distrusted'])
    .describe(
      'Next: trusted, signs nothing yet. Active: signs. Retiring: trusted until its last certificate is gone. ' +
        'Retired: that is gone. Distrusted: trusted no longer, by spec.internal.distrustedGenerations.',
    ),
  fingerprint: fingerprint.describe('SHA-256 of the CA certificate, hexadecimal.'),
  notAfter: timestamp.describe('End of its validity.'),
  activeFrom: timestamp.optional().describe('When it began to sign, or may begin at the earliest.'),
  backedUpAt: timestamp.optional().describe('When sifaka ca backup last saved its key.'),
})

const caStatus = z.object({
  generation: z.int().describe('Number of the CA key in use, from 1.'),
  subject: z.string().max(1024).describe('Subject of the CA certificate (RFC 4514).'),
  serialNumber: z.string().max(64).describe('Serial number of the CA certificate, hexadecimal.'),
  fingerprint: z.string().max(64).describe('SHA-256 of the CA certificate, hexadecimal.'),
  notBefore: timestamp.describe('Start of its validity.'),
  notAfter: timestamp.describe('End of its validity.'),
  secretName: z.string().max(253).describe('Secret that holds its key.'),
  parentGeneration: z.int().optional().describe("Number of the parent's CA key that signed it."),
})

export const authorityStatus = z.object({
  observedGeneration: z.int().optional().describe('Generation of the spec that this status describes.'),
  conditions: conditions
    .optional()
    .describe('Ready; while it is not True, Reconciling or Stalled; and conditions that only inform.'),
  ca: caStatus.optional().describe('The CA certificate in use.'),
  generations: listMapOf(caGeneration, 'generation', 64).optional().describe('All generations of the CA.'),
  caBundle: z
    .string()
    .max(262144)
    .optional()
    .describe('PEM: the root certificates that verify what this Authority issues.'),
  request: z
    .object({
      generation: z.int().describe('The generation that it is for.'),
      csr: z.string().max(65536).describe('PEM of the certification request (PKCS #10).'),
    })
    .optional()
    .describe('For external: what is to be signed elsewhere.'),
})

export type AuthoritySpec = z.infer<typeof authoritySpec>
export type AuthorityStatus = z.infer<typeof authorityStatus>
export type InternalSpec = z.infer<typeof internal>
export type CaGenerationState = z.infer<typeof caGeneration>['state']

export interface Authority extends KubeObject {
  spec: AuthoritySpec
  status?: AuthorityStatus
}
