import { z } from 'zod'
import type { CelRule } from './schema.ts'

/** PEM of a few certificates, or of a request with a hundred long names. */
export const pemText = z.string().max(65536)

/**
 * For an object whose member `field` is PEM with blocks of that label. It is no rule of the text itself, because the
 * API server's error would then repeat the text: it may be a private key that somebody pasted by mistake.
 */
export const holdsPem = (field: string, label: string, what: string): CelRule => ({
  rule: `!has(self.${field}) || (${contains(field, label)} && !${contains(field, 'PRIVATE KEY')})`,
  message: `must be the PEM text of ${what}, without any private key`,
  fieldPath: `.${field}`,
})

const contains = (field: string, label: string): string => `self.${field}.contains('${label}-----')`
