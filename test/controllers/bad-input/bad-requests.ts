import type { BadInput, BadSpec } from './bad-input.ts'
import { csrFor, goodCsr, hostileCsrs } from './hostile-csr.ts'

const refused = (name: string, spec: BadSpec, message: RegExp, mend: object): BadInput => ({
  name,
  spec,
  reason: 'InvalidRequest',
  message,
  mend,
})

/** Only the request says what the certificate is for. */
const withCsr = (csr: string): BadSpec => ({ csr, dnsNames: undefined })

const csrs: readonly BadInput[] = [
  ...hostileCsrs().map(([name, csr, message]) => refused(`csr-${name}`, withCsr(csr), message, { csr: goodCsr() })),
  {
    name: 'csr-denied',
    spec: { ...withCsr(csrFor('bank.example.com')), authorityRef: { name: 'strict' } },
    reason: 'PolicyDenied',
    message: /Authority \S+\/strict denies .*bank\.example\.com/,
    mend: { csr: csrFor('shop.example.org') },
  },
]

const custom = (oid: string, value = 'BQA='): BadSpec => ({ extensions: { custom: [{ oid, value }] } })
const subject = (literalSubject: string): BadSpec => ({ literalSubject })

/** Each list of names may be that long, and they are more together than any certificate holds. */
const hundredLongUris = Array.from(
  { length: 100 },
  (_, index) => `spiffe://example.com/${`${index}`.padStart(1000, 'u')}`,
)

const contents: readonly BadInput[] = [
  refused('rsa-8192', { privateKey: { algorithm: 'RSA', size: 8192 } }, /--allow-large-rsa: ask for at most 4096/, {
    privateKey: null,
  }),
  refused('literal-no-subject', subject('example.com'), /an attribute such as CN=name is expected/, {
    literalSubject: 'CN=example.com',
  }),
  refused('literal-two-names', subject('CN=a,CN=b'), /more than one CN/, { literalSubject: 'CN=a' }),
  refused('literal-unknown', subject('CN=a,Team=b'), /attribute Team is not known/, { literalSubject: 'CN=a,OU=b' }),
  refused('literal-country', subject('CN=a,C=Germany'), /a country has 2 letters: "Germany" has not/, {
    literalSubject: 'CN=a,C=DE',
  }),
  refused('literal-octets', subject('CN=a,1.2.3=#0c05'), /not one DER element/, { literalSubject: 'CN=a' }),
  refused('literal-unescaped', subject('CN="a"'), /has to be escaped/, { literalSubject: 'CN=a' }),
  refused('extension-garbage', custom('1.2.3', 'BQAx'), /1\.2\.3: its value is not exactly one DER element/, {
    extensions: null,
  }),
  refused('extension-of-logs', custom('1.3.6.1.4.1.11129.2.4.3'), /certificate transparency/, { extensions: null }),
  refused('extension-long-number', custom('1.2.999999999999999'), /at most 14 digits/, { extensions: null }),
  refused('other-name-long-number', { otherNames: [{ oid: '1.2.999999999999999', utf8Value: 'a' }] }, /is not an ob/, {
    otherNames: null,
  }),
  refused('uri-port', { uris: ['https://example.com:99999/'] }, /"https:\/\/example.com:99999\/" is not an absolute/, {
    uris: ['https://example.com:9999/'],
  }),
  refused('too-large', { uris: hundredLongUris }, /would be larger than 64 KiB: ask for fewer or shorter names/, {
    uris: null,
  }),
  refused('end-in-the-past', { notAfter: '2020-01-01T00:00:00Z' }, /2020-01-01T00:00:00Z has passed/, {
    notAfter: null,
  }),
  refused('end-on-no-day', { notAfter: '2031-02-30T00:00:00Z' }, /2031-02-30T00:00:00Z is no time/, {
    notAfter: '2031-02-28T00:00:00Z',
  }),
  refused('alias-emoji', { outputs: { pkcs12: { alias: '🦫' } } }, /alias of the keystore has .*beyond U\+FFFF/, {
    outputs: { pkcs12: { alias: 'beaver' } },
  }),
]

const window = (schedule: string, timeZone?: string): BadSpec => ({
  renewal: { windows: [{ schedule, length: '1h', ...(timeZone !== undefined && { timeZone }) }] },
})

const warned = (name: string, spec: BadSpec, message: RegExp): BadInput => ({
  name,
  spec,
  shownIn: 'Warning',
  reason: 'WindowNeverOpens',
  message,
  mend: window('0 2 * * *', 'Europe/Berlin'),
})

const windows: readonly BadInput[] = [
  warned(
    'window-never',
    window('0 0 30 2 *'),
    /spec\.renewal: windows\[0\] never opens: .*names a day that never comes/,
  ),
  warned('window-no-time', window('99 2 * * *'), /windows\[0\] never opens: .*is no cron schedule/),
  warned('window-nowhere', window('0 2 * * *', 'Europe/Atlantis'), /Europe\/Atlantis is no time zone that is known/),
]

/** Names, requests and times that cannot be had. */
export const badRequests: readonly BadInput[] = [...csrs, ...contents, ...windows]
