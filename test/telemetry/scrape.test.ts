import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { authorities, until } from '../controllers/namespace.ts'
import { Sandbox } from '../controllers/sandbox.ts'
import { type Family, familiesOf, metricsNamedIn } from './exposition.ts'
import { promtool } from './promtool.ts'

const file = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')

let sandbox: Sandbox
let address: string
let namespace: string
let scrape: string
let families: ReadonlyMap<string, Family>

const get = (path: string): Promise<Response> => fetch(`http://${address}${path}`)

before(async () => {
  sandbox = await Sandbox.open()
  const team = await sandbox.namespace('telemetry')
  namespace = team.name
  const operator = await sandbox.operator({ namespaces: [team] })
  address = String((await operator.waitForLog(({ msg }) => msg === 'listening')).address)
  await team.createAuthority('ca', { internal: { crl: {} } })
  await team.createCertificate('web')
  await team.createCertificate('lost', { authorityRef: { name: 'nobody' } })
  await team.certificateReady('web')
  await team.certificateRefused('lost', 'AuthorityNotFound')
  scrape = await (await get('/metrics')).text()
  families = familiesOf(scrape)
})

after(() => sandbox?.close())

/** The value of the one sample of a metric that has these labels. */
function valueIn(name: string, labels: string): number {
  const start = `${name}{${labels}} `
  const lines = scrape.split('\n').filter((line) => line.startsWith(start))
  assert.equal(lines.length, 1, start)
  return Number(lines[0]?.slice(start.length))
}

test('promtool has nothing to say about a scrape', () => {
  assert.deepEqual(promtool(['check', 'metrics'], scrape), { status: 0, said: '' })
})

test('every metric has a value from the first scrape on', () => {
  const empty = [...families].filter(([, { samples }]) => samples === 0).map(([name]) => name)
  assert.deepEqual(empty, [])
})

test('the documentation lists the metrics of a scrape, with their types and labels', () => {
  const rows = file('docs/metrics.md').matchAll(/^\| `([a-z_]+)` \| (\w+) \| ([a-z_, ]*?) ?\| /gm)
  const documented = Object.fromEntries([...rows].map(([, name, type, labels]) => [name, { type, labels }]))
  const found = Object.fromEntries(
    [...families].map(([name, { type, labels }]) => [name, { type, labels: [...labels].join(', ') }]),
  )
  assert.deepEqual(documented, found)
})

for (const path of ['charts/sifaka/files/alerts.yaml', 'charts/sifaka/files/dashboard.json', 'docs/metrics.md']) {
  test(`every metric that ${path} names is in a scrape`, () => {
    const named = metricsNamedIn(file(path))
    assert.ok(named.length > 10)
    assert.deepEqual(
      named.filter((name) => !families.has(name)),
      [],
    )
  })
}

test('a certificate is told of', () => {
  const web = `namespace="${namespace}",name="web"`
  const [from, renewal, end] = (['not_before', 'renew_at', 'not_after'] as const).map((time) =>
    valueIn(`sifaka_certificate_${time}_timestamp_seconds`, web),
  )
  assert.ok(from && renewal && end && from < Date.now() / 1000 && from < renewal && renewal < end)
  assert.equal(valueIn('sifaka_certificate_ready', web), 1)
  assert.equal(valueIn('sifaka_certificate_failed_attempts', web), 0)
  assert.equal(valueIn('sifaka_certificate_info', `${web},authority="${namespace}/ca",secret="web"`), 1)
  assert.equal(valueIn('sifaka_certificate_ready', `namespace="${namespace}",name="lost"`), 0)
})

test('issuances are counted by authority and outcome, those that have not happened too', () => {
  const authority = `authority="${namespace}/ca",authority_type="internal"`
  assert.equal(valueIn('sifaka_issuances_total', `${authority},outcome="issued"`), 1)
  for (const outcome of ['terminal', 'waiting', 'retryable', 'bug']) {
    assert.equal(valueIn('sifaka_issuances_total', `${authority},outcome="${outcome}"`), 0)
  }
  assert.equal(valueIn('sifaka_issuance_duration_seconds_count', 'authority_type="internal"'), 1)
  assert.ok(valueIn('sifaka_queue_duration_seconds_count', 'controller="certificate"') > 0)
  assert.equal(valueIn('sifaka_orders_abandoned_total', authority), 0)
  assert.equal(valueIn('sifaka_register_certificates', `namespace="${namespace}",name="ca"`), 1)
})

test('nothing that happened was a bug', () => {
  for (const controller of ['certificate', 'authority', 'crl']) {
    assert.equal(valueIn('sifaka_bugs_total', `controller="${controller}"`), 0)
  }
})

test('a scrape has the type that Prometheus asks for, and is zipped for it', async () => {
  const { headers } = await get('/metrics')
  assert.equal(headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8')
  assert.equal(headers.get('content-encoding'), 'gzip')
})

test('the series of an object go with it', async () => {
  const team = await sandbox.namespace('telemetry-gone')
  const operator = await sandbox.operator({ namespaces: [team], who: 'other' })
  const other = String((await operator.waitForLog(({ msg }) => msg === 'listening')).address)
  await team.createAuthority('ca')
  await team.authorityReady('ca')
  const text = async () => (await fetch(`http://${other}/metrics`)).text()
  assert.match(await text(), new RegExp(`sifaka_issuances_total.*${team.name}/ca`))
  await sandbox.client.delete(authorities, { namespace: team.name, name: 'ca' })
  await until(text, (said) => !said.includes(team.name), 'a scrape')
})

test('a replica that works is alive and ready, and says of what that is made', async () => {
  const said = await Promise.all(['/livez?verbose', '/readyz?verbose'].map(async (path) => (await get(path)).text()))
  assert.deepEqual(said, [
    '[+]lease ok\n[+]workers ok\nlivez check passed\n',
    '[+]caches ok\n[+]api-server ok\n[+]event-loop ok\n[+]shutdown ok\nreadyz check passed\n',
  ])
})
