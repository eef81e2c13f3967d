import type { BadSpec } from './bad-input.ts'
import { pem } from './der.ts'

/** Stands in for a private key that somebody pastes where none belongs. */
export const pastedKey = Buffer.from('the octets of a private key, as long as a line of PEM').toString('base64')

const numbered = (count: number): string[] => Array.from({ length: count }, (_, index) => `host-${index}.example.com`)
const request = pem(Buffer.alloc(64), 'CERTIFICATE REQUEST')
const onlyCsr = (csr: string): BadSpec => ({ csr, dnsNames: undefined })
const name63 = 'a'.repeat(63)
const custom = (oid: string, value: string): BadSpec => ({ extensions: { custom: [{ oid, value }] } })
const windows = (schedule: string, timeZone = 'UTC'): BadSpec => ({
  renewal: { windows: [{ schedule, length: '1h', timeZone }] },
})

/** What the API server refuses by itself, and what it says. */
export const refusedInput: readonly [string, BadSpec, RegExp][] = [
  ['10,000 names', { dnsNames: numbered(10_000) }, /must have at most 100 items/],
  ['a CSR of 1 MB', onlyCsr(request + 'x'.repeat(1_000_000)), /spec\.csr: Too long: may not be more than 65536 bytes/],
  [
    'a private key as CSR',
    onlyCsr(`${request}${pem(Buffer.from(pastedKey, 'base64'), 'PRIVATE KEY')}`),
    /any private k/,
  ],
  ['no CSR', onlyCsr('hello'), /must be the PEM text of a certification request/],
  ['a CSR, and names beside it', { csr: request }, /with csr the names, the subject and the key are those of the requ/],
  ['RSA 16384', { privateKey: { algorithm: 'RSA', size: 16_384 } }, /2048, 3072, 4096 or 8192 for RSA/],
  ['a control character in the common name', { commonName: 'a\nb' }, /must have no control characters/],
  ['a control character in a DNS name', { dnsNames: ['a\u0000.example.com'] }, /must be a DNS name such as/],
  ['a control character in an alias', { outputs: { jks: { alias: 'a\u0007' } } }, /must have no control characters/],
  ['a DNS name of 254 octets', { dnsNames: [`${name63}.`.repeat(4).slice(1, 255)] }, /may not be more than 253 bytes/],
  ['a wildcard in the middle', { dnsNames: ['www.*.com'] }, /must be a DNS name such as/],
  ['an international name', { dnsNames: ['bücher.example'] }, /internationalized names as xn--/],
  ['an IPv6 zone', { ipAddresses: ['fe80::1%eth0'] }, /must be an IPv4 or IPv6 address/],
  ['a URI with a space', { uris: ['https://example.com/a b'] }, /must be an absolute URI in ASCII/],
  ['an e-mail address with a space', { emailAddresses: ['"web team"@example.com'] }, /must be an e-mail address/],
  ['broken Base64', custom('1.2.3', 'BQA'), /must be Base64/],
  ['an extension that has a field', custom('2.5.29.19', 'BQA='), /what RFC 5280 defines has fields of its own/],
  ['a schedule of six fields', windows('0 0 2 * * *'), /must be a cron schedule of five fields/],
  ['a time zone in words', windows('0 2 * * *', 'Berlin, Germany'), /must be the name of a time zone \(IANA\)/],
  ["a label of Sifaka's", { secretTemplate: { labels: { 'sifaka.dev/secret': 'ca' } } }, /are set by Sifaka itself/],
  ['the Secret of another namespace', { secretName: 'kube-system/web' }, /must be the name of an object/],
]
