import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { isFailure } from '#base'
import { type Config, type GivenSettings, loadConfig, type Setting, settings } from './index.ts'

const defaults: Config = {
  kubeconfig: undefined,
  context: undefined,
  namespaces: [],
  systemNamespace: 'sifaka-system',
  leaseName: 'sifaka',
  leaseDuration: '15s',
  identity: undefined,
  listen: '127.0.0.1:9402',
  crlListen: '',
  concurrency: 16,
  freeze: false,
  allowLargeRsa: false,
  restoreGrace: '10m',
  issuerPlugins: [],
  logLevel: 'info',
  auditLog: '-',
}

test('without anything given, the defaults hold', () => {
  assert.deepEqual(loadConfig({}), defaults)
  assert.ok(Object.isFrozen(loadConfig({})))
})

test('an empty text, as an unset variable of a chart leaves it, is nothing', () => {
  const empty = Object.fromEntries(Object.keys(settings).map((name) => [name, '']))
  assert.deepEqual(loadConfig(empty), defaults)
})

suite('reads', () => {
  const cases: readonly [name: keyof Config, text: string, value: unknown][] = [
    ['kubeconfig', '/etc/kubeconfig', '/etc/kubeconfig'],
    ['context', 'production', 'production'],
    ['namespaces', 'shop', ['shop']],
    ['namespaces', ' shop, bank,,', ['shop', 'bank']],
    ['systemNamespace', 'pki', 'pki'],
    ['leaseName', 'sifaka-2', 'sifaka-2'],
    ['leaseDuration', '1m30s', '1m30s'],
    ['leaseDuration', '1s', '1s'],
    ['identity', 'd9b7', 'd9b7'],
    ['listen', ':9402', ':9402'],
    ['listen', '0.0.0.0:0', '0.0.0.0:0'],
    ['listen', 'localhost:65535', 'localhost:65535'],
    ['listen', '[::1]:9402', '[::1]:9402'],
    ['crlListen', ':8080', ':8080'],
    ['concurrency', '1', 1],
    ['concurrency', '256', 256],
    ['freeze', 'true', true],
    ['freeze', 'false', false],
    ['allowLargeRsa', 'true', true],
    ['restoreGrace', '1h', '1h'],
    [
      'issuerPlugins',
      'sifaka-issuer-a, @example/issuer-b/c,/plugins/d.js',
      ['sifaka-issuer-a', '@example/issuer-b/c', '/plugins/d.js'],
    ],
    ['issuerPlugins', ' ,', []],
    ['logLevel', 'debug', 'debug'],
    ['auditLog', '/var/log/audit.jsonl', '/var/log/audit.jsonl'],
  ]
  for (const [name, text, value] of cases) {
    test(`${name} ${JSON.stringify(text)}`, () =>
      assert.deepEqual(loadConfig({ [name]: text }), { ...defaults, [name]: value }))
  }

  test('every setting is among them', () => {
    assert.deepEqual([...new Set(cases.map(([name]) => name))], Object.keys(settings))
  })
})

suite('refuses, naming flag and variable', () => {
  const cases: readonly [name: keyof Config, text: string, why: RegExp][] = [
    ['leaseDuration', '15', /is not a duration such as 15s or 1m30s$/],
    ['leaseDuration', '999ms', /is shorter than 1s$/],
    ['listen', '9402', /is not an address such as 0\.0\.0\.0:9402$/],
    ['listen', '::1:9402', /is not an address/],
    ['listen', 'localhost:65536', /has a port above 65535$/],
    ['crlListen', '8080', /is not an address/],
    ['concurrency', '0', /is not between 1 and 256$/],
    ['concurrency', '257', /is not between 1 and 256$/],
    ['concurrency', '1.5', /is not a whole number/],
    ['concurrency', '-1', /is not a whole number/],
    ['freeze', 'yes', /is not true or false$/],
    ['allowLargeRsa', '1', /is not true or false$/],
    ['restoreGrace', '10', /is not a duration such as/],
    ['restoreGrace', '0s', /is shorter than 1s$/],
    ['issuerPlugins', './plugin.js', /neither the name of a package nor an absolute path$/],
    ['issuerPlugins', 'a,../b', /neither the name of a package nor an absolute path$/],
    ['issuerPlugins', 'a,node:fs', /neither the name of a package nor an absolute path$/],
    ['logLevel', 'verbose', /is not debug, info, warn or error$/],
  ]
  for (const [name, text, why] of cases) {
    const { flag, variable } = settings[name]
    test(`${flag} "${text}"`, () => {
      const { message } = refusal({ [name]: text })
      assert.ok(message.startsWith(`${flag} (${variable}) "${text}": `), message)
      assert.match(message, why)
    })
  }

  test('all of them at once, one a line', () => {
    const { kind, reason, message } = refusal({ concurrency: 'many', logLevel: 'loud', leaseName: 'fine' })
    assert.deepEqual([kind, reason, message.split('\n').length], ['Terminal', 'InvalidConfiguration', 2])
  })
})

function refusal(given: GivenSettings) {
  try {
    loadConfig(given)
  } catch (error) {
    if (isFailure(error)) return error
    throw error
  }
  return assert.fail('it was accepted')
}

suite('the list of settings', () => {
  const all = Object.entries<Setting>(settings)
  for (const [name, { flag, variable, description }] of all) {
    test(name, () => {
      const words = flag.slice(2, flag.indexOf(' ')).split('-')
      assert.match(flag, /^--[a-z]+(-[a-z]+)* <[a-z|]+>$/)
      assert.equal(words.map((word, i) => (i ? `${word[0]?.toUpperCase()}${word.slice(1)}` : word)).join(''), name)
      assert.equal(variable, name === 'kubeconfig' ? 'KUBECONFIG' : `SIFAKA_${words.join('_').toUpperCase()}`)
      assert.match(description, /[^.]$/)
    })
  }
})
