import type { AuthoritySpec } from '#api'
import { encodeBundle } from '#pki'
import { testCa } from '#test/make'
import { authorities, type Namespace, textOf } from '../namespace.ts'
import { Openssl } from '../openssl.ts'
import { type BadInput, dataOf, put } from './bad-input.ts'
import { encryptedKey } from './foreign-keys.ts'

const of = (name: string) => ({ authorityRef: { name } })

/** The Authority of the same name as the Certificate. */
const ownAuthority = (spec: AuthoritySpec) => (team: Namespace, name: string) => team.createAuthority(name, spec)

const change = (spec: object) => (team: Namespace, name: string) => team.patch(authorities, name, { spec })

/** A Certificate whose Authority, of the same name, cannot or does not sign. */
const under = (
  name: string,
  spec: AuthoritySpec,
  [reason, message]: [BadInput['reason'], RegExp],
  mend: object,
): BadInput => ({ name, spec: of(name), before: ownAuthority(spec), reason, message, mend: change(mend) })

const ring = async (team: Namespace, name: string): Promise<void> => {
  const linked = (parent: string): AuthoritySpec => ({
    internal: { parentRef: { name: parent } },
    allowedSubordinates: { from: 'Same' },
  })
  await team.createAuthority(name, linked(`${name}-top`))
  await team.createAuthority(`${name}-top`, linked(name))
}

type Values = Readonly<Record<string, string | Uint8Array>>

const goodCa = async (): Promise<Values> => ({ ...encodeBundle(await testCa(), 'PKCS8') })

const sourceOf = (name: string): string => `${name}-source`

/** A Certificate whose Authority, of the same name, takes its CA from a Secret that holds none. */
const outOf = (name: string, values: (team: Namespace) => Promise<Values>, message: RegExp): BadInput => ({
  name,
  spec: of(name),
  async before(team) {
    await team.createSecret({ metadata: { name: sourceOf(name) }, data: dataOf(await values(team)) })
    await team.createAuthority(name, { internal: { secretRef: { name: sourceOf(name) } } })
  },
  reason: 'AuthorityNotReady',
  message,
  mend: async (team) => put(team, sourceOf(name), await goodCa()),
})

const leafFiles = async (team: Namespace): Promise<Values> => {
  const secret = await team.secret('good')
  return Object.fromEntries(['tls.key', 'tls.crt', 'ca.crt'].map((each) => [each, textOf(secret, each)]))
}

/** A root with a serial number of 21 octets. */
async function longSerial(): Promise<Values> {
  const openssl = await Openssl.open()
  try {
    await openssl.run(
      ...['req', '-x509', '-nodes', '-subj', '/CN=root', '-newkey', 'rsa:2048', '-set_serial', `0x${'7f'.repeat(21)}`],
      ...['-addext', 'keyUsage=critical,keyCertSign,cRLSign', '-keyout', 'root.key', '-out', 'root.pem'],
    )
    const root = await openssl.read('root.pem')
    return { 'tls.key': await openssl.read('root.key'), 'tls.crt': root, 'ca.crt': root }
  } finally {
    await openssl.close()
  }
}

const sources: readonly BadInput[] = [
  outOf('ca-empty', async () => ({}), /is missing/),
  outOf('ca-megabyte', async () => ({ ...(await goodCa()), 'tls.crt': 'x'.repeat(1_000_000) }), /tls\.crt|PEM|larger/),
  outOf(
    'ca-encrypted',
    async () => ({ ...(await goodCa()), 'tls.key': encryptedKey() }),
    /the private key is encrypted/,
  ),
  outOf('ca-leaf', leafFiles, /CA/),
  outOf('ca-long-serial', longSerial, /serial number of the certificate has more than 20 octets/),
  outOf(
    'ca-other-key',
    async () => ({ ...(await goodCa()), 'tls.key': String((await goodCa())['tls.key']) }),
    /tls\.crt begins with CN=Test CA, which is for another key/,
  ),
]

/** Authorities that a Certificate names in vain. */
export const badAuthorities: readonly BadInput[] = [
  ...sources,
  {
    name: 'authority-missing',
    spec: of('authority-missing'),
    reason: 'AuthorityNotFound',
    message: /\/authority-missing does not exist or does not allow namespace/,
    mend: ownAuthority({ internal: {} }),
  },
  {
    name: 'authority-ring',
    spec: of('authority-ring'),
    before: ring,
    reason: 'AuthorityNotReady',
    message: /\/authority-ring is not ready: the parents form a cycle/,
    mend: (team, name) => team.patch(authorities, `${name}-top`, { spec: { internal: { parentRef: null } } }),
  },
  {
    name: 'authority-no-plugin',
    spec: of('authority-no-plugin'),
    before: ownAuthority({ plugin: { name: 'nobody' } }),
    reason: 'AuthorityNotReady',
    message: /\/authority-no-plugin is not ready: .*nobody/,
    mend: of('ca'),
  },
  under('authority-suspended', { internal: {}, suspend: true }, ['AuthorityNotReady', /suspended/], { suspend: null }),
  under('authority-closed', { internal: {}, intake: 'Closed' }, ['IntakeClosed', /takes no requests/], {
    intake: null,
  }),
  under(
    'authority-constrained',
    { internal: { nameConstraints: { permitted: { dnsDomains: ['example.org'] } } }, retry: { initial: '1s' } },
    ['NameConstraintsViolated', /www\.example\.com/],
    { internal: { nameConstraints: null, generation: 2, trustPropagation: '1s' } },
  ),
  under(
    `authority-${'long'.repeat(50)}`,
    { internal: {} },
    ['AuthorityNotReady', /a common name has 1 to 64 characters/],
    { internal: { commonName: 'Short' } },
  ),
  {
    name: 'authority-no-subordinates',
    spec: { ...of('authority-no-subordinates'), isCA: true, commonName: 'Sub CA', dnsNames: undefined },
    before: ownAuthority({ internal: {} }),
    reason: 'PolicyDenied',
    message: /allowedSubordinates/,
    mend: change({ allowedSubordinates: { from: 'Same' } }),
  },
]
