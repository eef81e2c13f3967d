import { toRfc3339 } from '#base'
import type { SavedSecret } from '#plan'

/** The columns in which `sifaka ca` shows what has a CA key. */
export const caHeading = ['OBJECT', 'HOLDS', 'SUBJECT', 'NOT AFTER', 'SHA-256', 'WHAT'] as const

/** The whole fingerprint, as a backup is not signed: people compare it. */
export function caRow(name: string, { content, generation, certificate, subject }: SavedSecret['holds'], what: string) {
  const holds = content === 'ca' ? `generation ${generation}` : `request ${generation}`
  const notAfter = certificate ? toRfc3339(certificate.notAfter) : ''
  return [`Secret/${name}`, holds, subject, notAfter, certificate?.fingerprint ?? '', what]
}
