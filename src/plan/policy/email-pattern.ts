import { dnsNameMatches } from '#pki'

/**
 * Whether `pattern` permits a mailbox: `*` before the @ stands for any local part, all else for itself with its case
 * (RFC 5280 section 7.5); the host is a DNS pattern. A pattern with `*` as a part of the local part permits nothing.
 */
export function emailMatches(pattern: string, mailbox: string): boolean {
  const [wanted, given] = [partsOf(pattern), partsOf(mailbox)]
  const isLocal = wanted.local === '*' || (wanted.local === given.local && isEmailPattern(pattern))
  return isLocal && dnsNameMatches(wanted.host, given.host)
}

/** Whether some mailbox can match. */
export function isEmailPattern(pattern: string): boolean {
  const { local } = partsOf(pattern)
  return local === '*' || (local !== '' && !local.includes('*'))
}

function partsOf(text: string): { readonly local: string; readonly host: string } {
  const at = text.lastIndexOf('@')
  return { local: text.slice(0, Math.max(0, at)), host: text.slice(at + 1) }
}
