import { z } from 'zod'
import {
  certificateDuration,
  certificateKey,
  commonNameOr,
  conditions,
  durationFrom,
  isShorter,
  objectName,
  reference,
  timestamp,
} from './common.ts'
import type { KubeObject } from './object.ts'
import { anyItems, cel, setOf, textLike } from './schema.ts'

const label = '[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?'

/** A DNS name; the first label may be `*`. */
const dnsName = cel(
  textLike(
    new RegExp(`^(\\*\\.)?${label}(\\.${label})*$`),
    253,
    'must be a DNS name such as www.example.com or *.example.com (internationalized names as xn--...)',
  ),
  { rule: '!isIP(self)', message: 'an IP address is not a DNS name: put it into ipAddresses' },
)

const ipAddress = cel(z.string().max(45), { rule: 'isIP(self)', message: 'must be an IPv4 or IPv6 address' })

const uri = cel(z.string().max(1024), {
  rule: "self.matches('^[A-Za-z][A-Za-z0-9+.-]*:') && isURL(self)",
  message: 'must be an absolute URI such as spiffe://example.org/web',
})

const emailAddress = textLike(/^[^@\s]+@[^@\s]+$/, 254, 'must be an e-mail address such as web-team@example.com')

export const usage = z.enum([
  'digitalSignature',
  'contentCommitment',
  'keyEncipherment',
  'dataEncipherment',
  'keyAgreement',
  'serverAuth',
  'clientAuth',
  'codeSigning',
  'emailProtection',
  'timeStamping',
])

const listsOfNames = ['self.dnsNames', 'self.ipAddresses', 'self.uris', 'self.emailAddresses']
const effectiveDuration = "(has(self.duration) ? self.duration : '2160h')"

const renewal = cel(
  z.object({
    before: durationFrom('1s')
      .optional()
      .describe(
        'Time before the end of validity at which a new certificate is issued; up to a tenth of it earlier, so that ' +
          'certificates issued together are not renewed together.',
      ),
    beforePercent: z.int().min(1).max(99).optional().describe('The same as a share of the lifetime, in percent.'),
  }),
  { rule: '!(has(self.before) && has(self.beforePercent))', message: 'set before or beforePercent, not both' },
)

export const certificateSpec = cel(
  z.object({
    authorityRef: reference.describe('The Authority that signs.'),
    secretName: objectName
      .optional()
      .describe("Secret (kubernetes.io/tls) for key, certificate, chain and ca.crt. Default: the Certificate's name."),
    commonName: commonNameOr('leave it out and put a longer name into dnsNames')
      .optional()
      .describe(
        'Common name of the subject. One that is a DNS name or an IP address is among the alternative names too.',
      ),
    dnsNames: setOf(dnsName, 100).optional().describe('DNS names; the first label may be *.'),
    ipAddresses: setOf(ipAddress, 100).optional().describe('IP addresses.'),
    uris: setOf(uri, 100).optional().describe('URIs, such as SPIFFE IDs.'),
    emailAddresses: setOf(emailAddress, 100).optional().describe('E-mail addresses.'),
    duration: certificateDuration
      .optional()
      .describe('Validity asked for. Default 2160h (90 days). Never longer than that of the authority.'),
    usages: setOf(usage, 16)
      .min(1)
      .optional()
      .describe('Key usages. Default: serverAuth, digitalSignature, and keyEncipherment for RSA keys.'),
    privateKey: certificateKey.optional().describe('The key. Default: ECDSA P-256, a new one each time.'),
    renewal: renewal
      .optional()
      .describe(
        'When to renew. Default: with a third of the lifetime left; with half of it if that is 10 days or less.',
      ),
  }),
  {
    rule: `has(self.commonName) || ${anyItems(...listsOfNames)}`,
    message: 'a certificate needs a name: set dnsNames, ipAddresses, uris, emailAddresses or commonName',
  },
  {
    rule: ['!has(self.renewal) || !has(self.renewal.before)', isShorter('self.renewal.before', effectiveDuration)].join(
      ' || ',
    ),
    message: 'renewal.before must be shorter than duration (default 2160h)',
    fieldPath: '.renewal.before',
  },
)

export const certificateStatus = z.object({
  observedGeneration: z.int().optional().describe('Generation of the spec that this status describes.'),
  conditions: conditions.optional().describe('Ready, and while it is not: Reconciling or Stalled.'),
  revision: z.int().optional().describe('How many certificates have been issued for this object.'),
  serialNumber: z.string().max(64).optional().describe('Serial number of the certificate in use, hexadecimal.'),
  fingerprint: z.string().max(64).optional().describe('SHA-256 of the certificate in use, hexadecimal.'),
  issuer: z.string().max(1024).optional().describe('Issuer of the certificate in use (RFC 4514).'),
  notBefore: timestamp.optional().describe('Start of its validity.'),
  notAfter: timestamp.optional().describe('End of its validity.'),
  renewAt: timestamp.optional().describe('When the next one will be issued.'),
  attempts: z.int().optional().describe('Failed attempts since the last success.'),
  nextAttemptAt: timestamp.optional().describe('When the next attempt will be made.'),
  secret: z
    .object({
      name: z.string().max(253).describe('Its name.'),
      resourceVersion: z.string().max(64).describe('Its version after the last look at what it holds.'),
    })
    .optional()
    .describe('The Secret that holds the certificate in use.'),
})

export type CertificateSpec = z.infer<typeof certificateSpec>
export type CertificateStatus = z.infer<typeof certificateStatus>
export type Usage = z.infer<typeof usage>

export interface Certificate extends KubeObject {
  spec: CertificateSpec
  status?: CertificateStatus
}
