import { z } from 'zod'
import { conditions, timestamp } from './conditions.ts'
import { certificateDuration } from './duration.ts'
import { extensions, objectIdentifier, otherName } from './extensions.ts'
import { nameConstraints } from './name-constraints.ts'
import { dnsLabels, endsInLetters } from './name-pattern.ts'
import type { KubeObject } from './object.ts'
import { outputs } from './outputs.ts'
import { holdsPem, pemText } from './pem.ts'
import { certificateKey } from './private-key.ts'
import { objectName, reference } from './reference.ts'
import { renewal, renewsBeforeTheEnd } from './renewal.ts'
import { revocation, revocationReason } from './revocation.ts'
import { anyItems, cel, listMapOf, listOf, setOf, textLike } from './schema.ts'
import { secretTemplate } from './secret-template.ts'
import { commonNameOr, emailAddress, printable, subject } from './subject.ts'
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

const anyNames = anyItems(
  ...['dnsNames', 'ipAddresses', 'uris', 'emailAddresses', 'otherNames', 'registeredIDs'].map((kind) => `self.${kind}`),
)

const deletionPolicy = z.object({
  secret: z
    .enum(['Retain', 'Delete'])
    .optional()
    .describe('Retain (the default): the Secret stays, with key and certificate. Delete: it goes too.'),
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
    literalSubject: cel(z.string().min(1).max(1024), printable)
      .optional()
      .describe(
        'The whole subject as text (RFC 4514), such as "CN=web,OU=Shop,DC=example,DC=com", where the order of its ' +
          'attributes matters. Instead of commonName and subject.',
      ),
    dnsNames: setOf(dnsName, 100).optional().describe('DNS names; the first label may be *.'),
    ipAddresses: setOf(ipAddress, 100).optional().describe('IP addresses.'),
    uris: setOf(uri, 100).optional().describe('URIs, such as SPIFFE IDs.'),
    emailAddresses: setOf(emailAddress, 100).optional().describe('E-mail addresses.'),
    otherNames: listOf(otherName, 100).optional().describe('Names of other kinds, such as user principal names.'),
    registeredIDs: setOf(objectIdentifier, 100).optional().describe('Registered object identifiers as names.'),
    duration: certificateDuration
      .optional()
      .describe('Validity asked for. Default 2160h (90 days). No certificate outlives the CA that signs it.'),
    notAfter: cel(z.string().max(32), {
      rule: "self.matches(r'^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(Z|[+-][0-9]{2}:[0-9]{2})$')",
      message: 'must be a time such as 2027-12-31T23:59:59Z (RFC 3339)',
    })
      .optional()
      .describe('A fixed end of validity, instead of duration. Such a certificate is not renewed by itself.'),
    isCA: z
      .boolean()
      .optional()
      .describe('A CA certificate. The Authority must permit it with allowedSubordinates. Default false.'),
    pathLength: z
      .int()
      .min(0)
      .max(9)
      .optional()
      .describe('With isCA: how many CAs may follow below it. Default 0: it signs no other CA.'),
    nameConstraints: nameConstraints
      .optional()
      .describe('With isCA: names that may be issued below it, written into its certificate (critical).'),
    usages: setOf(usage, 16)
      .min(1)
      .optional()
      .describe('Key usages. Default: serverAuth, digitalSignature, and keyEncipherment for RSA keys.'),
    extensions: extensions.optional().describe('What else the certificate says.'),
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
    secretTemplate: secretTemplate
      .optional()
      .describe('Labels and annotations of the Secret. What is taken out here goes from the Secret; others stay.'),
    outputs: outputs.optional().describe('Other forms of key and certificate in the Secret, beside PEM.'),
    adopt: z
      .boolean()
      .optional()
      .describe(
        'Take over a Secret of that name which Sifaka did not make, if it agrees by the annotation ' +
          'sifaka.dev/adopt-by: <name of the Certificate>.',
      ),
    owner: emailAddress.optional().describe('Who is told of what happens to the certificate.'),
    description: cel(z.string().max(1024), printable).optional().describe('What it is for, for people.'),
    suspend: z
      .boolean()
      .optional()
      .describe('Issue and revoke nothing. The certificate stays; ca.crt follows the Authority as ever.'),
    revocation: revocation.optional().describe('Certificates of this object that are revoked.'),
    deletionPolicy: deletionPolicy.optional().describe('What happens when the Certificate is deleted.'),
  }),
  {
    rule: `has(self.csr) || has(self.commonName) || has(self.literalSubject) || ${anyNames}`,
    message:
      'a certificate needs a name: set dnsNames, ipAddresses, uris, emailAddresses, otherNames, registeredIDs, ' +
      'commonName or literalSubject',
  },
  {
    rule:
      '!has(self.csr) || !(has(self.commonName) || has(self.subject) || has(self.literalSubject) || ' +
      `has(self.privateKey) || ${anyNames})`,
    message: 'with csr the names, the subject and the key are those of the request: leave out the fields for them',
  },
  {
    rule: '!has(self.literalSubject) || !(has(self.commonName) || has(self.subject))',
    message: 'literalSubject is the whole subject: leave out commonName and subject',
  },
  {
    rule: '!has(self.notAfter) || !(has(self.duration) || has(self.renewal))',
    message: 'with notAfter the end is fixed: leave out duration and renewal',
  },
  {
    rule: '(has(self.isCA) && self.isCA) || !(has(self.pathLength) || has(self.nameConstraints))',
    message: 'pathLength and nameConstraints are for CA certificates: set isCA: true or leave them out',
  },
  {
    rule: '!has(self.isCA) || !self.isCA || has(self.csr) || has(self.commonName) || has(self.literalSubject)',
    message: 'a CA certificate needs a subject: set commonName or literalSubject',
  },
  {
    rule:
      '!has(self.csr) || !has(self.outputs) || ' +
      '!(has(self.outputs.pkcs12) || has(self.outputs.jks) || has(self.outputs.combinedPEM))',
    message: 'with csr the key is elsewhere: of the outputs only der can be had',
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
  attempts: z
    .int()
    .optional()
    .describe('Failed attempts since the last success, or since the spec or the Authority changed.'),
  nextAttemptAt: timestamp.optional().describe('When the next attempt will be made.'),
  attemptedFor: z
    .string()
    .max(64)
    .optional()
    .describe('What the last attempt was about, as a hash: nextAttemptAt is waited for while it is the same.'),
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
