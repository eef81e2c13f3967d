import assert from 'node:assert/strict'
import { gzipSync } from 'node:zlib'
import {
  type Authority,
  annotations,
  authorityKind,
  type Certificate,
  type CertificateSpec,
  certificateKind,
  type ObjectMeta,
  type Secret,
  secretLabel,
} from '#api'
import { day, Failure, isFailure } from '#base'
import {
  type CertificateWorld,
  certificateRequest,
  certificateStatus,
  checkPolicies,
  decodeShard,
  encodeApplied,
  encodeJournal,
  encodeShard,
  openOrder,
  orderSecretName,
  parseApplied,
  parseBackup,
  parseRegisterEntry,
  planCertificate,
  policyFlaws,
  readCaSecret,
  requestHash,
  type SecretView,
  viewOfSecret,
  viewWithoutReading,
} from '#plan'
import {
  authority,
  certificate,
  certificateWorld,
  heldSecret,
  noon,
  readSecret,
  secretMetadata,
  soleClaim,
} from '#test/make'
import { jsonReader, octetReader, type Parser, textReader } from './parser.ts'
import { caSpec, fullSpec, policySpec } from './specs.ts'

/** A plan and a status for a world: what an operator makes of what it has read. */
function decide(world: CertificateWorld): void {
  const plan = planCertificate(world, noon)
  const status = certificateStatus(world, plan, { result: 'unchanged' }, noon)
  assert.equal(JSON.parse(JSON.stringify(status)).observedGeneration, world.certificate.metadata.generation)
}

const registerParsers: readonly Parser[] = [
  {
    name: 'an entry of the register',
    reads: ['parseRegisterEntry'],
    form: 'json',
    refusal: 'Failure',
    specimens: ({ entries }) => entries.map((entry) => JSON.stringify(entry)),
    open: jsonReader((value) => {
      const entry = parseRegisterEntry(value)
      assert.deepEqual(decodeShard(encodeShard([entry])), [entry])
    }),
  },
  {
    name: 'a shard of the register',
    reads: ['decodeShard'],
    form: 'octets',
    refusal: 'Failure',
    specimens: ({ shard }) => [shard],
    open: octetReader(decodeShard),
  },
  {
    name: 'the lines of a shard',
    reads: ['decodeShard'],
    form: 'text',
    words: ['{', '}\n', '\n', '"names":[', '"revoked":{"at":0}', '"owner":"'],
    refusal: 'Failure',
    share: 0.5,
    specimens: ({ entries }) => [entries.map((entry) => `${JSON.stringify(entry)}\n`).join('')],
    open: textReader((lines) => decodeShard(gzipSync(lines))),
  },
]

/** A Secret's metadata as anybody may have written them who may write Secrets. */
interface Said {
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
}

/** What the API server lets through. */
function isSaid({ labels = {}, annotations: said = {} }: Said): boolean {
  const isTexts = (of: unknown): boolean =>
    typeof of === 'object' && of !== null && Object.values(of).every((text) => typeof text === 'string')
  return isTexts(labels) && isTexts(said)
}

const secretParsers: readonly Parser[] = [
  {
    name: 'what of a Secret was set by us',
    reads: ['parseApplied'],
    form: 'text',
    words: ['data:', 'label:', 'annotation:', ',', ':'],
    refusal: 'none',
    share: 5,
    specimens: () => [
      encodeApplied({ data: ['tls.crt', 'tls.key'], labels: ['team'], annotations: ['example.com/team'] }),
    ],
    open: textReader((text) => {
      const applied = parseApplied(text)
      assert.deepEqual(parseApplied(encodeApplied(applied)), {
        data: [...new Set(applied.data)].sort(),
        labels: [...new Set(applied.labels)].sort(),
        annotations: [...new Set(applied.annotations)].sort(),
      })
    }),
  },
  {
    name: 'the journal of an order',
    reads: ['openOrder'],
    form: 'json',
    words: ['9999-12-31T23:59:59Z', '+275760-09-13T00:00:00Z', '-000001-01-01T00:00:00Z', '0000-00-00T00:00:00Z'],
    refusal: 'none',
    specimens: ({ journal }) => [journal],
    open: textReader((text) => {
      const labels = { [secretLabel]: 'order' }
      const said = { [annotations.certificate]: 'web', [annotations.order]: text }
      const order = openOrder('web', secretMetadata({ name: orderSecretName('web'), labels, annotations: said }))
      assert.ok(order)
      const { journal } = order
      decide(certificateWorld({ order }))
      if (!journal) return
      const again = { ...order.metadata.annotations, [annotations.order]: encodeJournal(journal) }
      const { journal: second } = openOrder('web', { ...order.metadata, annotations: again }) ?? {}
      assert.deepEqual(second?.id, journal.id)
    }),
  },
  {
    name: 'annotations of a Secret, decided on',
    reads: ['viewOfSecret', 'viewWithoutReading'],
    form: 'json',
    words: [...Object.values(annotations), secretLabel, 'ca', 'web', '9'.repeat(17), '+275760-09-13T00:00:00Z'],
    refusal: 'none',
    share: 0.5,
    specimens: () => [JSON.stringify(ownMarks)],
    open: ({ leafFiles }) => ({
      read(input) {
        const said = parsed<Said>(input)
        if (!said || !isSaid(said)) return
        const asked = certificate({ status: { secret: { name: 'web', resourceVersion: '200' } } })
        const { labels = {}, annotations: marks = {} } = said
        const metadata: ObjectMeta = { ...secretMetadata(), labels, annotations: marks }
        const { request, authority: of, authorityKey, ...rest } = certificateWorld({ certificate: asked })
        const wanted = { request, requestHash: rest.requestHash, authorityKey, authority: of }
        const views: (SecretView | undefined)[] = [
          viewWithoutReading(soleClaim(asked), metadata, rest.requestHash),
          viewOfSecret(soleClaim(asked), wanted, readSecret(leafFiles, { metadata })),
        ]
        for (const secret of views) if (secret) decide({ ...certificateWorld({ certificate: asked }), secret })
      },
    }),
  },
  {
    name: 'files of a Secret, decided on',
    reads: ['viewOfSecret'],
    form: 'pem',
    refusal: 'none',
    share: 0.3,
    specimens: ({ leafFiles }) => [['tls.key', 'tls.crt', 'ca.crt'].map((name) => leafFiles[name]).join('\f')],
    open: textReader((text) => {
      const [key = '', crt = '', ca = ''] = text.split('\f')
      const asked = certificate()
      const { request, requestHash: hash, authorityKey, authority: of } = certificateWorld({ certificate: asked })
      const files = { 'tls.key': key, 'tls.crt': crt, 'ca.crt': ca }
      const wanted = { request, requestHash: hash, authorityKey, authority: of }
      const secret = viewOfSecret(soleClaim(asked), wanted, readSecret(files))
      assert.ok(secret.state === 'held' || secret.state === 'damaged')
      decide(certificateWorld({ certificate: asked, secret }))
    }),
  },
  {
    name: 'the Secret of a CA',
    reads: ['readCaSecret'],
    form: 'json',
    refusal: 'Failure',
    share: 0.3,
    specimens: ({ caSecret }) => [JSON.stringify(caSecret)],
    open: jsonReader((value: Secret) => {
      // The API server says so much of it.
      if (typeof value?.metadata !== 'object' || value.metadata === null) return
      const { labels = {}, annotations: said = {} } = value.metadata
      if (
        !isSaid({ labels, annotations: said }) ||
        !isSaid({ ...(value.data !== undefined && { labels: value.data }) })
      )
        return
      readCaSecret(value)
    }),
  },
  {
    name: 'a backup',
    reads: ['parseBackup'],
    form: 'json',
    refusal: 'Failure',
    share: 0.3,
    specimens: ({ backup }) => [backup],
    open: textReader(parseBackup),
  },
]

const ownMarks: Said = {
  labels: { [secretLabel]: 'certificate' },
  annotations: {
    ...secretMetadata().annotations,
    [annotations.requestHash]: requestHash(certificateRequest(certificate().spec)),
    [annotations.serialNumber]: '4a01',
    [annotations.fingerprint]: 'f1'.repeat(32),
    [annotations.issuer]: 'CN=ca',
    [annotations.issuedAt]: '2026-11-22T12:00:00Z',
    [annotations.notBefore]: '2026-11-22T11:55:00Z',
    [annotations.notAfter]: '2027-02-20T12:00:00Z',
    [annotations.caGeneration]: '1',
    [annotations.caFingerprint]: 'ca'.repeat(8),
    [annotations.trust]: 'ab'.repeat(8),
    [annotations.outputs]: `${'cd'.repeat(8)}.${'ef'.repeat(8)}`,
    [annotations.applied]: 'data:tls.crt,label:team',
  },
}

function parsed<T>(input: Buffer): T | undefined {
  try {
    const value = JSON.parse(String(input))
    return typeof value === 'object' && value !== null ? value : undefined
  } catch {
    return undefined
  }
}

/** Asks for what a spec says, where the schema of its kind lets it through: what the CEL rules say is not held here. */
function readSpec(spec: unknown): void {
  const { success, data } = certificateKind.spec.safeParse(spec)
  if (!success) return
  const asked = certificate()
  decide(worldOf({ ...asked, spec: data as CertificateSpec }))
}

function worldOf(asked: Certificate): CertificateWorld {
  try {
    const request = certificateRequest(asked.spec)
    return { ...certificateWorld(), certificate: asked, request, requestHash: requestHash(request) }
  } catch (error) {
    if (!isFailure(error)) throw error
    return { ...certificateWorld(), certificate: asked, request: new Failure('Terminal', 'X', error.message) }
  }
}

const specParsers: readonly Parser[] = [
  {
    name: 'the spec of a Certificate, decided on',
    reads: ['certificateRequest'],
    form: 'json',
    words: ['1m', '9999999h9999999h', '0s', 'ECDSA', 'RSA', '8192', 'CN=a', '0 0 30 2 *', '* * * * *', 'Never'],
    refusal: 'none',
    share: 0.5,
    specimens: ({ csrs }) => [
      JSON.stringify(fullSpec),
      JSON.stringify(caSpec),
      JSON.stringify({ authorityRef: { name: 'ca' }, csr: pemOf(csrs[0]) }),
    ],
    open: jsonReader(readSpec),
  },
  {
    name: 'a renewal window',
    reads: ['planCertificate', 'certificateStatus'],
    form: 'text',
    words: [
      '*',
      ' ',
      '/',
      '-',
      ',',
      '#',
      'L',
      'W',
      '?',
      'SUN',
      '60',
      '0',
      '*/0',
      '1-0',
      '0 0 30 2 *',
      '\n',
      'Etc/GMT-14',
    ],
    refusal: 'none',
    share: 0.2,
    specimens: () => [
      '0 2 * * SAT\n4h\nEurope/Berlin',
      '*/5 0-6 1,15 * *\n1h30m\nUTC',
      '30 2 29 2 *\n1m\nAustralia/Lord_Howe',
    ],
    open: textReader((text) => {
      const [schedule = '', length = '1h', timeZone = 'UTC'] = text.split('\n')
      const spec = { ...certificate().spec, renewal: { windows: [{ schedule, length, timeZone }] } }
      // The schema holds the length, and so does the API server.
      if (
        !certificateKind.spec.safeParse({ ...spec, renewal: { windows: [{ schedule: '* * * * *', length }] } }).success
      )
        return
      decide({ ...certificateWorld({ certificate: certificate({ spec }) }), secret: dueSecret })
    }),
  },
  {
    name: 'a policy',
    reads: ['checkPolicies', 'policyFlaws'],
    form: 'json',
    words: ['*', '**', '**.', '{namespace}', '.', '@', '/', '10.0.0.0/8', '::/0', '1.3.6.1', '9999999h', 'a*b*c'],
    refusal: 'none',
    share: 0.5,
    specimens: () => [JSON.stringify(policySpec)],
    open: jsonReader((spec) => {
      const { success, data } = authorityKind.spec.safeParse(spec)
      if (!success) return
      const judging: Authority = { ...authority(), spec: data as Authority['spec'] }
      const asked = { ...certificate(), spec: { ...fullSpec, authorityRef: { name: 'ca' } } }
      const cluster = {
        authorities: [],
        certificates: [asked],
        namespaces: new Map(),
        systemNamespace: 'sifaka-system',
      }
      const flaws = policyFlaws(judging.spec, 'shop')
      assert.ok(flaws.every((flaw) => flaw.length < 4096))
      assert.ok(checkPolicies([judging], cluster, noon).length <= 1)
    }),
  },
]

/** Has been due for a day. */
const dueSecret = heldSecret({ notBefore: noon - 61 * day, issuedAt: noon - 61 * day, notAfter: noon + 29 * day })

const pemOf = (der: Buffer | undefined): string =>
  `-----BEGIN CERTIFICATE REQUEST-----\n${der?.toString('base64')}\n-----END CERTIFICATE REQUEST-----\n`

/** What reads the register, Secrets and specs. */
export const planParsers: readonly Parser[] = [...registerParsers, ...secretParsers, ...specParsers]
