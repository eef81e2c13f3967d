import type { Authority, AuthoritySpec } from '#api'
import { day, second } from '#base'
import type { DecidedField } from '#issuers'
import { encodeBundle } from '#pki'
import { testCa } from '#test/make'
import type { FileDrop, FileDropRoot } from '../controllers/file-drop.ts'
import { authorities, type Namespace } from '../controllers/namespace.ts'
import type { Openssl } from '../controllers/openssl.ts'

/** What issuers are made with. */
interface Workshop {
  readonly team: Namespace
  readonly openssl: Openssl
  readonly fileDrop: FileDropRoot
}

/** An issuer that the suite is run for: Authority `ca` of a namespace of its own. */
export interface IssuerUnderTest {
  readonly name: string
  readonly title: string
  /** Certificates in tls.crt: the leaf, and the CAs between it and the root. */
  readonly chainLength: number
  /** What it decides itself, whatever a Certificate asks for. */
  readonly decides: readonly DecidedField[]
  /** Cases that it cannot serve, each with the reason that the Certificate gives. All others work. */
  readonly unsupported: Readonly<Record<string, string>>
  /** Makes the Authority. Returns what makes orders end in certificates, where that takes somebody. */
  create(workshop: Workshop): Promise<(() => Promise<void>) | undefined>
}

const grants = { allowedSubordinates: { from: 'Same' } } as const satisfies Partial<AuthoritySpec>

const internal = (team: Namespace, name: string, spec: AuthoritySpec['internal']): Promise<Authority> =>
  team.createAuthority(name, { internal: spec, ...grants })

const root: IssuerUnderTest = {
  name: 'root',
  title: 'an internal root',
  chainLength: 1,
  decides: [],
  unsupported: {},
  async create({ team }) {
    await internal(team, 'ca', {})
    return undefined
  },
}

const subordinate: IssuerUnderTest = {
  ...root,
  name: 'subordinate',
  title: 'an internal subordinate, two tiers',
  chainLength: 2,
  async create({ team }) {
    await internal(team, 'root', { privateKey: { algorithm: 'ECDSA', size: 384 } })
    await internal(team, 'ca', { parentRef: { name: 'root' } })
    return undefined
  },
}

const threeTiers: IssuerUnderTest = {
  ...root,
  name: 'three-tiers',
  title: 'an internal subordinate, three tiers, each with another kind of key',
  chainLength: 3,
  async create({ team }) {
    await internal(team, 'root', { privateKey: { algorithm: 'ECDSA', size: 521 } })
    await internal(team, 'middle', { parentRef: { name: 'root' }, privateKey: { algorithm: 'RSA', size: 2048 } })
    await internal(team, 'ca', { parentRef: { name: 'middle' }, privateKey: { algorithm: 'Ed25519' } })
    return undefined
  },
}

const adopted: IssuerUnderTest = {
  ...root,
  name: 'adopted',
  title: 'an adopted CA with an RSA key, below a root that was made elsewhere',
  chainLength: 2,
  async create({ team }) {
    const now = Math.floor(Date.now() / second) * second
    const dates = { notBefore: now - day, notAfter: now + 3650 * day }
    const parent = await testCa({ commonName: 'Elsewhere Root', ...dates })
    const ca = await testCa({ commonName: 'Elsewhere CA', key: { algorithm: 'RSA', size: 2048 }, parent, ...dates })
    const files = Object.entries({ ...encodeBundle(ca, 'PKCS8') })
    const data = Object.fromEntries(files.map(([key, text]) => [key, Buffer.from(text).toString('base64')]))
    await team.createSecret({ metadata: { name: 'elsewhere' }, type: 'kubernetes.io/tls', data })
    await internal(team, 'ca', { secretRef: { name: 'elsewhere' } })
    return undefined
  },
}

const external: IssuerUnderTest = {
  ...root,
  name: 'external',
  title: 'a CA whose certificate openssl has signed',
  chainLength: 2,
  async create({ team, openssl }) {
    const trusted = await openssl.makeRoot('OfflineRoot')
    await internal(team, 'ca', { external: {}, commonName: 'Issuing' })
    const { status } = await team.authorityUntil('ca', (seen) => seen.status?.request !== undefined)
    const extensions = ['basicConstraints=critical,CA:TRUE', 'keyUsage=critical,keyCertSign,cRLSign']
    const signed = await openssl.signCa('OfflineRoot', status?.request?.csr ?? '', extensions)
    await team.patch(authorities, 'ca', { spec: { internal: { external: { chain: signed + trusted } } } })
    return undefined
  },
}

const plugin: IssuerUnderTest = {
  name: 'plugin',
  title: 'the sample plugin, with openssl as its CA',
  chainLength: 2,
  decides: ['usages', 'notAfter'],
  unsupported: {
    'ca-certificate': 'isCA: the CA behind the folder signs certificates of end entities only',
    'ml-dsa': 'ML-DSA: OpenSSL knows ML-DSA only since 3.5, and the CA behind the folder may be older',
  },
  async create({ team, fileDrop }) {
    const folder: FileDrop = await fileDrop.folder()
    await team.createAuthority('ca', { ...folder.spec, ...grants })
    return () => folder.sign()
  },
}

/** Every issuer that there is. */
export const issuers: readonly IssuerUnderTest[] = [root, subordinate, threeTiers, adopted, external, plugin]
