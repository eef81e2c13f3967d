import { z } from 'zod'
import { conditions, timestamp } from './conditions.ts'
import { certificateDuration } from './duration.ts'
import { dnsLabels, endsInLetters } from './name-pattern.ts'
import type { KubeObject } from './object.ts'
import { holdsPem, pemText } from './pem.ts'
import { certificateKey } from './private-key.ts'
import { objectName, reference } from './reference.ts'
import { renewal, renewsBeforeTheEnd } from './renewal.ts'
import { revocation, revocationReason } from './revocation.ts'
import { anyItems, cel, listMapOf, setOf, textLike } from './schema.ts'
import { commonNameOr, emailAddress, subject } from './subject.ts'
import { usage } from './usage.ts'

/** A DNS name; the first label may be `*`. */
const dnsName = cel(
  textLike(
    new RegExp(`^(\\*\\.)?${dnsLabels}$`),
    253,
    'must be a DNS name such as www.example.com or *.example.com (internationalized names as xn--...)',
  ),
  endsInLetters,
)

const ipAddress = cel(z.string().max(45), { rule: 'isIP(self)', message: 'must be an IPv4 or IPv6 address' })

const uri = cel(z.string().max(1024), {
  rule: "self.matches('^[A-Za-z][A-Za-z0-9+.-]*:[!-~]+$') && isURL(self)",
  message: 'must be an absolute URI in ASCII such as spiffe://example.org/web',
})

const anyNames = anyItems('self.dnsNames', 'self.ipAddresses', 'self.uris', 'self.emailAddresses')

const deletionPolicy = z.object({
  revoke: z
    .boolean()
    .optional()
    .describe('Revoke its certificates that are still valid. Default false. The Certificate waits until that is done.'),
})

/** A certificate of the object that is not the one in use any more. */
const earlierRevision = z.object({
  revision: z.int().describe('The how-manieth certificate of the object it was.'),
  serialNumber: z.string().max(64).describe('Its serial number, hexadecimal.'),
  fingerprint: z.string().max(64).describe('Its SHA-256, hexadecimal.'),
  issuedAt: timestamp.describe('When it was issued.'),
  notAfter: timestamp.describe('End of its validity.'),
  issuedBy: z.string().max(320).describe('namespace/name of the Authority that issued it.'),
  caGeneration: z.int().optional().describe('Number of the CA key that signed it.'),
})

const revoked = z.object({
  serialNumber: z.string().max(64).describe('Its serial number, hexadecimal.'),
  reason: revocationReason.describe('Why.'),
  revokedAt: timestamp.describe('When it was revoked.'),
})

export const certificateSpec = cel(
  z.object({
    authorityRef: reference
      .optional()
      .describe(
        'The Authority that signs. Default: the one with default: true of this namespace, else of the system ' +
          'namespace; the choice is made once and kept.',
      ),
    secretName: objectName
      .optional()
      .describe(
        'Secret for key, certificate, chain and ca.crt, of type kubernetes.io/tls (with csr: Opaque). Default: the ' +
          "Certificate's name.",
      ),
    commonName: commonNameOr('leave it out and put a longer name into dnsNames')
      .optional()
      .describe(
        'Common name of the subject. One that is a DNS name or an IP address is among the alternative names too.',
      ),
    subject: subject.optional().describe('Attributes of the subject beside the common name.'),
    dnsNames: setOf(dnsName, 100).optional().describe('DNS names; the first label may be *.'),
    ipAddresses: setOf(ipAddress, 100).optional().describe('IP addresses.'),
    uris: setOf(uri, 100).optional().describe('URIs, such as SPIFFE IDs.'),
    emailAddresses: setOf(emailAddress, 100).optional().describe('E-mail addresses.'),
    duration: certificateDuration
      .optional()
      .describe('Validity asked for. Default 2160h (90 days). No certificate outlives the CA that signs it.'),
    usages: setOf(usage, 16)
      .min(1)
      .optional()
      .describe('Key usages. Default: serverAuth, digitalSignature, and keyEncipherment for RSA keys.'),
    privateKey: certificateKey.optional().describe('The key. Default: ECDSA P-256, a new one each time.'),
    csr: pemText
      .optional()
      .describe(
        'PEM of a certification request (PKCS #10) whose key is kept elsewhere: the certificate is for its key, its ' +
          'common name, subject and alternative names; nothing else of it counts. The Secret has no tls.key then.',
      ),
    renewal: renewal
      .optional()
      .describe(
        'When to renew. Default: with a third of the lifetime left; with half of it if that is 10 days or less.',
      ),
    owner: emailAddress.optional().describe('Who is told of what happens to the certificate.'),
    suspend: z
      .boolean()
      .optional()
      .describe('Issue and revoke nothing. The certificate stays; ca.crt follows the Authority as ever.'),
    revocation: revocation.optional().describe('Certificates of this object that are revoked.'),
    deletionPolicy: deletionPolicy.optional().describe('What happens when the Certificate is deleted.'),
  }),
  {
    rule: `has(self.csr) || has(self.commonName) || ${anyNames}`,
    message: 'a certificate needs a name: set dnsNames, ipAddresses, uris, emailAddresses or commonName',
  },
  {
    rule: `!has(self.csr) || !(has(self.commonName) || has(self.subject) || has(self.privateKey) || ${anyNames})`,
    message: 'with csr the names, the subject and the key are those of the request: leave out the fields for them',
  },
  holdsPem('csr', 'CERTIFICATE REQUEST', 'a certification request (PKCS #10)'),
  renewsBeforeTheEnd,
)

export const certificateStatus = z.object({
  observedGeneration: z.int().optional().describe('Generation of the spec that this status describes.'),
  conditions: conditions
    .optional()
    .describe('Ready; while it is not True, Reconciling or Stalled; and conditions that only inform.'),
  revision: z.int().optional().describe('How many certificates have been issued for this object.'),
  serialNumber: z.string().max(64).optional().describe('Serial number of the certificate in use, hexadecimal.'),
  fingerprint: z.string().max(64).optional().describe('SHA-256 of the certificate in use, hexadecimal.'),
  authority: z.string().max(320).optional().describe('namespace/name of the Authority in charge.'),
  caGeneration: z.int().optional().describe('Number of the CA key that signed the certificate in use.'),
  issuer: z.string().max(1024).optional().describe('Issuer of the certificate in use (RFC 4514).'),
  notBefore: timestamp.optional().describe('Start of its validity.'),
  notAfter: timestamp.optional().describe('End of its validity.'),
  renewAt: timestamp.optional().describe('When the next one will be issued.'),
  attempts: z.int().optional().describe('Failed attempts since the last success.'),
  nextAttemptAt: timestamp.optional().describe('When the next attempt will be made.'),
  refused: z
    .string()
    .max(64)
    .optional()
    .describe('What the authority refused for good: it is not asked again until the spec or the Authority changes.'),
  earlierRevisions: listMapOf(earlierRevision, 'serialNumber', 20)
    .optional()
    .describe('Earlier certificates that have not expired, the latest first.'),
  revocations: listMapOf(revoked, 'serialNumber', 84).optional().describe('Certificates that have been revoked.'),
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

export interface Certificate extends KubeObject {
  spec: CertificateSpec
  status?: CertificateStatus
}
