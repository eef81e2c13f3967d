import { z } from 'zod'

/** What the internal issuer needs to know: where the CA's key is. */
export const internalOptions = z.object({
  /** Secret in the Authority's namespace with the CA's key, certificate chain and root. */
  secretName: z.string(),
})
