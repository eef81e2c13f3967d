import assert from 'node:assert/strict'
import { canonicalJson, fromKey, fromRfc3339, keyOf, parseDuration, plainText, toMicroTime, toRfc3339 } from '#base'
import { type Config, type GivenSettings, loadConfig, settings } from '#config'
import { readCertificates } from '#issuers'
import { compareVersions } from '#kube'
import { jsonReader, type Parser, textReader } from './parser.ts'

const examples: Readonly<Record<keyof Config, string>> = {
  kubeconfig: '/etc/kubeconfig',
  context: 'production',
  namespaces: 'shop, bank',
  systemNamespace: 'sifaka-system',
  leaseName: 'sifaka',
  leaseDuration: '1m30s',
  identity: 'sifaka-0',
  listen: '[::1]:9402',
  crlListen: ':8080',
  concurrency: '16',
  freeze: 'true',
  allowLargeRsa: 'false',
  restoreGrace: '10m',
  issuerPlugins: 'sifaka-issuer-a,@example/issuer-b/c',
  logLevel: 'info',
  auditLog: '-',
}

const settingParsers = Object.keys(settings).map(
  (name): Parser => ({
    name: `the setting ${name}`,
    reads: ['loadConfig'],
    form: 'text',
    words: [',', ':', '/', '@', '[', ']', '65536', '1s', 'true'],
    refusal: 'Failure',
    share: 0.1,
    specimens: () => [examples[name as keyof Config]],
    open: textReader((text) => {
      const config = loadConfig({ [name]: text } as GivenSettings)
      assert.ok(Object.isFrozen(config))
    }),
  }),
)

/** What reads times, lengths, names and settings. */
export const baseParsers: readonly Parser[] = [
  {
    name: 'a duration',
    reads: ['parseDuration'],
    form: 'text',
    words: ['h', 'm', 's', 'ms', '.', '0', '9999999', '+', 'e3'],
    refusal: 'RangeError',
    share: 5,
    specimens: () => ['2160h', '1h30m', '500ms', '1h1m1s1ms'],
    open: textReader((text) => {
      const ms = parseDuration(text)
      assert.ok(Number.isSafeInteger(ms) && ms >= 0)
    }),
  },
  {
    name: 'a time',
    reads: ['fromRfc3339'],
    form: 'text',
    words: ['T', 'Z', '+14:00', '-00:00', '.999999999', '24:00:00', '60', '-', ':', '02-30', '0000', '9999', '+275760'],
    refusal: 'none',
    share: 5,
    specimens: () => ['2026-11-22T12:00:00Z', '2028-02-29T23:59:59.999+05:30', '2049-12-31T23:59:59Z'],
    open: textReader((text) => {
      const at = fromRfc3339(text)
      if (at === undefined) return
      assert.ok(Number.isFinite(at))
      assert.match(toRfc3339(at), /^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$/)
      assert.match(toMicroTime(at), /^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}[.][0-9]{6}Z$/)
      assert.equal(fromRfc3339(toRfc3339(at)), Math.floor(at / 1000) * 1000)
    }),
  },
  {
    name: 'the key of an object',
    reads: ['fromKey'],
    form: 'text',
    words: ['/'],
    refusal: 'none',
    share: 5,
    specimens: () => ['shop/web', '/node'],
    open: textReader((text) => {
      if (text.includes('/')) assert.equal(keyOf(fromKey(text)), text)
      else assert.equal(typeof fromKey(text).name, 'string')
    }),
  },
  {
    name: 'text for people',
    reads: ['plainText'],
    form: 'text',
    refusal: 'none',
    share: 5,
    specimens: () => ['the authority does not answer', 'Ünïcode: 日本語 😀'],
    open: textReader((text) => {
      const plain = plainText(text, 200)
      assert.ok(plain.length <= 200)
      assert.doesNotMatch(plain, /\p{Cc}|\u2028|\u2029/u)
    }),
  },
  {
    name: 'JSON in its one form',
    reads: ['canonicalJson'],
    form: 'json',
    refusal: 'none',
    specimens: () => ['{"b":[1,null,"x"],"a":{"d":1,"c":true}}'],
    open: jsonReader((value) => {
      const text = canonicalJson(value)
      assert.equal(canonicalJson(JSON.parse(text)), text)
    }),
  },
  {
    name: 'two resource versions',
    reads: ['compareVersions'],
    form: 'text',
    words: [' ', '0', '9', '-'],
    refusal: 'none',
    share: 5,
    specimens: () => ['100 99', '1 18446744073709551616'],
    open: textReader((text) => {
      const [a = '', b = ''] = text.split(' ')
      assert.equal(Math.sign(compareVersions(a, b)), -Math.sign(compareVersions(b, a)) || 0)
      assert.equal(compareVersions(a, a), 0)
    }),
  },
  {
    name: 'certificates that an authority has sent',
    reads: ['readCertificates'],
    form: 'pem',
    refusal: 'Failure',
    share: 0.5,
    specimens: ({ leafFiles }) => [leafFiles['tls.crt'] ?? ''],
    open: textReader(readCertificates),
  },
  ...settingParsers,
]
