import { z } from 'zod'
import { cel } from './schema.ts'

export const keyAlgorithm = z.enum(['ECDSA', 'RSA', 'Ed25519', 'ML-DSA'])

const keyFields = {
  algorithm: keyAlgorithm.optional().describe('Default ECDSA. ML-DSA (FIPS 204) is younger than most clients.'),
  size: z
    .int()
    .optional()
    .describe(
      [
        'ECDSA: 256 (default), 384 or 521 bits. RSA: 2048 (default), 3072, 4096, or 8192 where the operator permits',
        'it. ML-DSA: 44, 65 (default) or 87, the parameter set. Ed25519 has one size: leave it out.',
      ].join(' '),
    ),
}

const algorithm = "(has(self.algorithm) ? self.algorithm : 'ECDSA')"
const sizes = "{'ECDSA': [256, 384, 521], 'RSA': [2048, 3072, 4096, 8192], 'ML-DSA': [44, 65, 87], 'Ed25519': [255]}"

const keySizeRule = {
  rule: `!has(self.size) || self.size in ${sizes}[${algorithm}]`,
  message:
    'size must be 256, 384 or 521 for ECDSA (the default algorithm), 2048, 3072, 4096 or 8192 for RSA, ' +
    '44, 65 or 87 for ML-DSA; leave it out for Ed25519',
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
    rule: `!has(self.encoding) || self.encoding == 'PKCS8' || ${algorithm} == 'RSA'`,
    message: 'encoding PKCS1 exists for RSA only: set algorithm: RSA or leave encoding out',
  },
)

export type KeyAlgorithm = z.infer<typeof keyAlgorithm>
