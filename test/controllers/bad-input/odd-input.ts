import type { BadSpec } from './bad-input.ts'

const numbered = (count: number, text: (index: number) => string): string[] =>
  Array.from({ length: count }, (_, index) => text(index))

/** A DNS name of 253 octets, each another one. */
const longName = (index: number): string =>
  `${`${index}`.padStart(61, 'a')}.${`${'b'.repeat(63)}.`.repeat(2)}${'c'.repeat(63)}`

const note = (index: number): string => `${'p'.repeat(200)}.example.com/${'n'.repeat(57)}-${index}`

/** What looks wrong and is right: it is issued once, and stays. */
export const oddInput: Readonly<Record<string, BadSpec>> = {
  ['n'.repeat(253)]: {},
  'names-hundred-long': { dnsNames: numbered(100, longName) },
  'issuer-long': { authorityRef: { name: 'long' } },
  'names-all-kinds': {
    dnsNames: numbered(100, (index) => `host-${index}.example.com`),
    ipAddresses: numbered(100, (index) => `10.0.0.${index}`),
    uris: numbered(100, (index) => `spiffe://example.com/${index}`),
    emailAddresses: numbered(100, (index) => `team-${index}@example.com`),
    otherNames: numbered(100, (index) => `user-${index}`).map((utf8Value) => ({
      oid: '1.3.6.1.4.1.311.20.2.3',
      utf8Value,
    })),
    registeredIDs: numbered(100, (index) => `1.2.3.${index}`),
  },
  'names-twice': {
    dnsNames: ['www.example.com', 'WWW.example.com', 'Www.Example.Com'],
    ipAddresses: ['::1', '0:0:0:0:0:0:0:1', '2001:DB8::1', '2001:db8:0:0:0:0:0:1'],
  },
  'names-international': { dnsNames: ['xn--bcher-kva.example', 'xn--a', '*.xn--p1ai'] },
  'names-odd': { dnsNames: ['_dmarc.example.com', 'a', `${'a'.repeat(63)}.b`], uris: ['urn:a', 'a:b'] },
  'mail-quoted': { emailAddresses: ['"web"@example.com', "o'neill+tag@example.com"] },
  'common-name-odd': { commonName: 'O=Bank, CN="root" + <x>; #1\\ ü \u202e 🦫', dnsNames: undefined },
  'common-name-host': { commonName: 'Other.Example.COM' },
  'alias-odd': { outputs: { jks: { alias: 'ä "b" \\ ,=# C:/' }, pkcs12: { alias: ' '.repeat(64) } } },
  'longer-than-its-ca': { duration: '999999h' },
  'template-full': {
    secretTemplate: {
      labels: Object.fromEntries(numbered(32, note).map((key) => [key, 'v'.repeat(63)])),
      annotations: Object.fromEntries(numbered(32, note).map((key) => [key, '\n"'.repeat(2048)])),
    },
  },
  'extension-empty': { extensions: { custom: [{ oid: '1.2.3', value: 'BQA=', critical: true }] } },
}
