import { z } from 'zod'

/** What a key may be used for, by the names of RFC 5280 (sections 4.2.1.3 and 4.2.1.12). */
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

export type Usage = z.infer<typeof usage>
