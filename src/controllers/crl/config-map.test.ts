import assert from 'node:assert/strict'
import { test } from 'node:test'
import { annotations, type ConfigMap, configMapLabel } from '#api'
import { day } from '#base'
import { keySigner, parseCrl, signCrl } from '#pki'
import { type CrlEntry, crlEntriesMax } from '#plan'
import { authority, noon, testCa } from '#test/make'
import { CrlReader, crlConfigMap, crlData, crlView, isCrlOf } from './config-map.ts'

const { key, certificate } = await testCa()
const issuer = { signer: keySigner(key), certificate }

async function configMapOf(entries: readonly CrlEntry[]): Promise<ConfigMap> {
  const times = { thisUpdate: noon, nextUpdate: noon + 7 * day }
  const der = await signCrl({ issuer, crlNumber: 7, ...times, revoked: entries })
  return crlConfigMap(authority(), 1, crlData(der, parseCrl(der), entries))
}

const view = (configMap: ConfigMap, caNotAfter = 0) =>
  crlView(new CrlReader().read(configMap), certificate.publicKey, caNotAfter)

const entry = (serialNumber: string, notAfter: number): CrlEntry => ({
  serialNumber,
  revokedAt: noon,
  reason: 'keyCompromise',
  notAfter,
})

test('when the certificates expire is read as it was written, rounded up', async () => {
  const entries = [entry('7f', noon + day), entry('01', noon + 1), entry('4a', Date.UTC(9999, 11, 31))]
  const found = view(await configMapOf(entries))
  assert.ok(found.state === 'held')
  assert.deepEqual(
    found.held.entries.map(({ serialNumber, notAfter }) => [serialNumber, notAfter]),
    [
      ['01', noon + 1000],
      ['4a', (2 ** 32 - 1) * 1000],
      ['7f', noon + day],
    ],
  )
})

test('where it is not known when a certificate expires, it may live as long as its CA', async () => {
  const whole = await configMapOf([entry('01', noon), entry('02', noon)])
  for (const octets of [Buffer.alloc(0), Buffer.alloc(7)]) {
    const binaryData = { ...whole.binaryData, 'not-after': octets.toString('base64') }
    const found = view({ ...whole, binaryData }, noon + 9 * day)
    assert.ok(found.state === 'held')
    assert.equal(found.held.entries.at(-1)?.notAfter, noon + 9 * day)
  }
})

test('the largest CRL fits into a ConfigMap, with the largest serial numbers and signature', async () => {
  const serial = (at: number): string => (0xffff_0000 + at).toString(16).padEnd(40, 'f')
  const entries = Array.from({ length: crlEntriesMax }, (_, at) => entry(serial(at), noon + day))
  const configMap = await configMapOf(entries)
  const found = view(configMap)
  assert.ok(found.state === 'held' && found.held.entries.length === crlEntriesMax)
  const octets = Object.values(configMap.binaryData ?? {}).reduce(
    (sum, value) => sum + Buffer.byteLength(value, 'base64'),
    0,
  )
  // An ML-DSA-87 signature has 4627 octets more (FIPS 204, table 2), a URL 512.
  assert.ok(octets < 1024 * 1024 - 6000, `${octets} octets`)
})

test('a ConfigMap is ours by its label, its Authority and its generation', () => {
  const said = { [annotations.authority]: 'ca', [annotations.caGeneration]: '2' }
  const rows: readonly [Record<string, string>, Record<string, string>, boolean][] = [
    [{ [configMapLabel]: 'crl' }, said, true],
    [{}, said, false],
    [{ [configMapLabel]: 'ca-bundle' }, said, false],
    [{ [configMapLabel]: 'crl' }, { ...said, [annotations.authority]: 'other' }, false],
    [{ [configMapLabel]: 'crl' }, { ...said, [annotations.caGeneration]: '1' }, false],
    [{ [configMapLabel]: 'crl' }, {}, false],
  ]
  for (const [labels, annotated, isOurs] of rows) {
    const metadata = { namespace: 'shop', name: 'ca-crl-2', labels, annotations: annotated }
    assert.equal(isCrlOf(authority(), 2, { apiVersion: 'v1', kind: 'ConfigMap', metadata }), isOurs)
  }
})

test('a content is read once, and another one under the same name anew', async () => {
  const reader = new CrlReader()
  const [first, second] = [await configMapOf([entry('01', noon)]), await configMapOf([entry('02', noon)])]
  const read = reader.read(first)
  assert.equal(reader.read(structuredClone(first)), read)
  assert.deepEqual(reader.read(second)?.crl.entries[0]?.serialNumber, '02')
  assert.equal(reader.read({ ...second, binaryData: { 'ca.crl': 'AAAA' } }), undefined)
  const { crl } = read ?? {}
  assert.ok(crl)
  reader.note('shop/ca-crl-1', first.binaryData ?? {}, crl)
  assert.equal(reader.read(first)?.crl, crl)
})
