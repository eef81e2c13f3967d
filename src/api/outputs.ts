import { z } from 'zod'
import { objectName } from './reference.ts'
import { cel, textLike } from './schema.ts'

/** A key of a Secret's data. */
const dataKey = textLike(/^[-._a-zA-Z0-9]+$/, 253, 'must be a key of a Secret: letters, digits, "-", "_" and "."')

const passwordSecretRef = z.object({
  name: objectName.describe('Name of the Secret, in the namespace of the Certificate.'),
  key: dataKey.optional().describe('Key of its data. Default password.'),
})

const alias = cel(z.string().min(1).max(64), {
  rule: "!self.matches(r'\\p{Cc}')",
  message: 'must have no control characters',
})
  .optional()
  .describe('Name of the entry in the store. Default certificate.')

const pkcs12 = cel(
  z.object({
    profile: z
      .enum(['Modern', 'ModernPBMAC1', 'Legacy3DES'])
      .optional()
      .describe(
        'How it is encrypted. Modern (the default): AES-256 and SHA-256, read by Java since 8u301 and OpenSSL since ' +
          '1.0. ModernPBMAC1: the same with PBMAC1 (RFC 9579), for FIPS. Legacy3DES: weak, for old clients.',
      ),
    password: z
      .enum(['Generated', 'None'])
      .optional()
      .describe(
        'Generated (the default): made once, and kept in the Secret under keystore-password. None: anybody can open ' +
          'it who can read the Secret.',
      ),
    passwordSecretRef: passwordSecretRef.optional().describe('A password of your own, instead.'),
    alias,
  }),
  {
    rule: '!(has(self.password) && has(self.passwordSecretRef))',
    message: 'set password or passwordSecretRef, not both',
  },
)

const jks = z.object({
  passwordSecretRef: passwordSecretRef
    .optional()
    .describe('The password. Default: one that is made once, and kept in the Secret under keystore-password.'),
  alias,
})

/** Forms in which a certificate lies in its Secret beside PEM. */
export const outputs = z.object({
  pkcs12: pkcs12.optional().describe('PKCS #12: keystore.p12 and truststore.p12.'),
  jks: jks.optional().describe("Java's own old format: keystore.jks and truststore.jks. Rather use PKCS #12."),
  der: z.object({}).optional().describe('key.der (the private key, PKCS #8) and tls.der (the certificate).'),
  combinedPEM: z.object({}).optional().describe('tls-combined.pem: private key, certificate and chain in one file.'),
})

export type Outputs = z.infer<typeof outputs>
