import { z } from 'zod'
import { openObject, textLike } from './schema.ts'

/** An issuer that does not come with Sifaka. */
export const plugin = z.object({
  name: textLike(/^[a-z][a-zA-Z0-9]*$/, 63, 'must be the type of an issuer plugin, such as fileDrop').describe(
    'Type of the issuer, as its package calls it.',
  ),
  options: openObject().optional().describe("The issuer's options, as its package documents them."),
})
