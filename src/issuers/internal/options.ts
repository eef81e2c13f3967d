import { z } from 'zod'

const urls = z.array(z.string()).optional()

/** What the internal issuer needs to know: where the CA's key is, and what to write into each certificate. */
export const internalOptions = z.strictObject({
  /** Secret in the Authority's namespace with the CA's key, certificate chain and root. */
  secretName: z.string().min(1),
  /** Where verifiers find the list of revoked certificates, the CA certificate and OCSP responders. */
  links: z.strictObject({ crlURLs: urls, issuerURLs: urls, ocspURLs: urls }).optional(),
})

export type InternalOptions = z.infer<typeof internalOptions>
